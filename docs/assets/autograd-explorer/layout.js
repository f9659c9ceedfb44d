// Where the boxes of a graph stand: in layers, from the inputs to the result.
// Sizes in, places out; it knows nothing of what is drawn.

const SWEEPS = 6;
const TRUNK = 6; // an edge between operations pulls as many times as an input's: it goes straighter

/**
 * @param nodes what they are computed from: `{ args }`, each after its operands
 * @param sizes the width and height of each
 * @param downwards whether the result is below the inputs, rather than to their right
 * @param gaps `{ along, across }`: between layers, and between neighbours in one
 * @returns the middle of each box, the course of each edge as points, and the size of the whole
 */
export function layout(nodes, sizes, downwards, gaps) {
  const along = ({ width, height }) => (downwards ? height : width);
  const across = ({ width, height }) => (downwards ? width : height);
  const layers = layered(nodes);

  // an edge that passes layers by holds a place in each of them
  const spots = nodes.map((_, node) => ({ node, layer: layers[node], size: across(sizes[node]) }));
  const edges = [];
  const links = [];
  for (const [to, { args }] of nodes.entries())
    for (const [place, from] of args.entries()) {
      const course = [from];
      for (let layer = layers[from] + 1; layer < layers[to]; layer += 1)
        course.push(spots.push({ layer, size: gaps.across }) - 1);
      course.push(to);
      const weight = nodes[from].args.length ? TRUNK : 1;
      for (let n = 1; n < course.length; n += 1) links.push([course[n - 1], course[n], weight]);
      edges.push({ from, to, place, course });
    }

  const rows = ordered(spots, links);
  const middles = placed(rows, spots, links, gaps.across);

  const thick = rows.map((row) =>
    Math.max(...row.map((spot) => (spot < nodes.length ? along(sizes[spot]) : 0))),
  );
  const starts = thick.map((_, n) => sum(thick.slice(0, n)) + n * gaps.along);
  const point = (one, other) => (downwards ? { x: other, y: one } : { x: one, y: other });
  const spread = across({ width: 24, height: 24 });

  const places = nodes.map((_, n) => point(starts[layers[n]] + thick[layers[n]] / 2, middles[n]));
  const routes = edges.map(({ from, to, place, course }) => {
    const rivals = edges.filter((edge) => edge.to === to);
    const where = (edge) => middles[edge.course.at(-2)] + edge.place / 1000;
    const rank = rivals.filter((edge) => where(edge) < where({ course, place })).length;
    const port = middles[to] + (rank - (rivals.length - 1) / 2) * spread;
    const points = course.map((spot, n) => {
      const start = starts[spots[spot].layer];
      const end = start + thick[spots[spot].layer];
      const middle = (start + end) / 2;
      if (n === 0) return [point(middle + along(sizes[from]) / 2, middles[spot])];
      if (n === course.length - 1) return [point(middle - along(sizes[to]) / 2, port)];
      return [point(start, middles[spot]), point(end, middles[spot])];
    });
    return { from, to, place, points: points.flat() };
  });
  const total = starts.at(-1) + thick.at(-1);
  const wide = Math.max(...spots.map(({ size }, n) => middles[n] + size / 2));
  const { x: width, y: height } = point(total, wide);
  return { places, routes, width, height };
}

/** The layer of each node: after its operands; an input just before what it is used in. */
function layered(nodes) {
  const layers = nodes.map(() => 0);
  for (const [n, { args }] of nodes.entries())
    if (args.length) layers[n] = 1 + Math.max(...args.map((arg) => layers[arg]));
  for (const [n, { args }] of nodes.entries()) {
    const uses = nodes.flatMap((node, at) => (node.args.includes(n) ? [layers[at]] : []));
    if (!args.length && uses.length) layers[n] = Math.min(...uses) - 1;
  }
  return layers;
}

/** The spots of each layer, in an order in which few edges cross. */
function ordered(spots, links) {
  const last = Math.max(...spots.map(({ layer }) => layer));
  const rows = Array.from({ length: last + 1 }, (_, layer) =>
    spots.flatMap((spot, n) => (spot.layer === layer ? [n] : [])),
  );
  const rank = [];
  const number = (row) => row.forEach((spot, n) => (rank[spot] = n - (row.length - 1) / 2));
  rows.forEach(number);
  let best = rows.map((row) => [...row]);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const back = sweep % 2 === 0; // from the result first: there is one
    for (const row of back ? [...rows].reverse() : rows) {
      const pull = new Map(
        row.map((spot) => {
          const near = links.flatMap(([from, to]) => {
            const [one, other] = back ? [from, to] : [to, from];
            return one === spot ? [rank[other]] : [];
          });
          return [spot, near.length ? sum(near) / near.length : rank[spot]];
        }),
      );
      row.sort((one, other) => pull.get(one) - pull.get(other));
      number(row);
    }
    if (crossings(rows, links) < crossings(best, links)) best = rows.map((row) => [...row]);
  }
  return best;
}

function crossings(rows, links) {
  const rank = [];
  const layer = [];
  rows.forEach((row, n) => row.forEach((spot, m) => ([rank[spot], layer[spot]] = [m, n])));
  let found = 0;
  for (const [a, b] of links)
    for (const [c, d] of links)
      if (layer[a] === layer[c] && rank[a] < rank[c] && rank[b] > rank[d]) found += 1;
  return found;
}

/** The middle of each spot across the layers: near its neighbours, never on another. */
function placed(rows, spots, links, gap) {
  const middles = [];
  for (const row of rows) {
    let at = 0;
    for (const spot of row) {
      middles[spot] = at + spots[spot].size / 2;
      at += spots[spot].size + gap;
    }
    row.forEach((spot) => (middles[spot] -= (at - gap) / 2));
  }
  for (let sweep = 0; sweep < 4 * SWEEPS; sweep += 1)
    for (const row of sweep % 2 ? rows : [...rows].reverse()) {
      const offsets = [0];
      for (let n = 1; n < row.length; n += 1)
        offsets[n] = offsets[n - 1] + (spots[row[n - 1]].size + spots[row[n]].size) / 2 + gap;
      const wished = row.map((spot, n) => {
        const near = links.flatMap(([from, to, weight]) => {
          const other = from === spot ? to : to === spot ? from : null;
          return other === null ? [] : Array(weight).fill(middles[other]);
        });
        return (near.length ? sum(near) / near.length : middles[spot]) - offsets[n];
      });
      rising(wished).forEach((place, n) => (middles[row[n]] = place + offsets[n]));
    }
  const first = Math.min(...spots.map(({ size }, n) => middles[n] - size / 2));
  return middles.map((middle) => middle - first);
}

/** The nearest sequence, by squares, that never falls: its neighbours that fall are pooled. */
function rising(wished) {
  const pools = [];
  for (const wish of wished) {
    pools.push([wish, 1]);
    while (pools.length > 1 && pools.at(-2)[0] > pools.at(-1)[0]) {
      const [[a, m], [b, n]] = pools.splice(-2);
      pools.push([(a * m + b * n) / (m + n), m + n]);
    }
  }
  return pools.flatMap(([mean, count]) => Array(count).fill(mean));
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
