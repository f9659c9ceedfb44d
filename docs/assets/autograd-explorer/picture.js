// The graph as an SVG at one step of the walk. Colours and fonts are the style sheet's.

import { svg } from "../explorers.js";
import { edge } from "./graph.js";
import { layout } from "./layout.js";
import { subscripted } from "./words.js";

const LINE = 18; // the height of a line of a box, in CSS pixels
const PADDING = { x: 12, y: 8 };
const MORE = " + …"; // after a gradient to which other paths have yet to add
const ALONG = 68; // between two layers, from left to right
const TIP = 6; // the length of an arrow's head
const SMALLEST = 0.8; // of its size, before the picture scrolls instead

/**
 * @param made the graph
 * @param walked the walk through it
 * @param step how far the walk has come
 * @param say the page's language
 * @param room the width there is
 * @param font what measures the text: the width of a string in a class of text
 */
export function picture(made, walked, step, say, room, font) {
  const { nodes, result } = made;
  const texts = nodes.map((_, n) => lines(made, walked, say, n));
  const partial = (n) => walked.steps.some(({ arg, paths }) => arg === n && paths > 1);
  const sizes = texts.map((box, n) => ({
    width:
      Math.max(...Object.entries(box).map(([name, text]) => font(name, text))) +
      (partial(n) ? font("gradient", MORE) : 0) +
      2 * PADDING.x,
    height: LINE * Object.keys(box).length + 2 * PADDING.y,
  }));
  const slopes = [...walked.locals.values()].map((slope) => beside(slope, say, font));
  const along = Math.max(ALONG, ...slopes.map(({ wide }) => wide + 2 * TIP)); // the label touches no box
  const right = layout(nodes, sizes, false, { along, across: 18 });
  const down = layout(nodes, sizes, true, { along: 48, across: 14 });
  const downwards = right.width + 2 > room;
  const { places, routes, width, height } = downwards ? down : right;

  const steps = walked.steps.slice(0, step + 1);
  const now = steps.at(-1);
  const computed = new Set(steps.flatMap(({ kind, node }) => (kind === "forward" ? [node] : [])));
  const received = new Map();
  const crossed = new Set();
  const awaiting = new Set();
  for (const { kind, node, arg, place, total, path, paths } of steps) {
    if (kind === "seed") received.set(node, 1);
    if (kind === "backward") {
      received.set(arg, total);
      if (path < paths) awaiting.add(arg);
      else awaiting.delete(arg);
      crossed.add(edge(node, place));
    }
  }

  const [edges, tips, labels] = [[], [], []];
  const taken = [];
  for (const { from, to, place, points } of routes) {
    const forth = now.kind === "forward" && now.node === to;
    const back = now.kind === "backward" && now.node === to && now.place === place;
    const state = forth ? "forth" : back ? "back" : "";
    const head = back ? tip(points[0], downwards, -1) : tip(points.at(-1), downwards, 1);
    edges.push(svg("path", { class: `edge ${state}`, d: course(points, downwards) }));
    tips.push(svg("path", { class: `tip ${state}`, d: head }));
    const slope = walked.locals.get(edge(to, place));
    if (slope === undefined) continue;
    const { text, wide } = beside(slope, say, font);
    const { x, y } = label(points, downwards, wide, taken);
    if (crossed.has(edge(to, place)))
      labels.push(
        svg("rect", { class: "under", x: x - wide / 2, y: y - 6, width: wide, height: 12 }),
        svg("text", { class: `slope ${state}`, x, y: y + 4 }, text),
      );
  }

  const boxes = nodes.map((node, n) => {
    const { x, y } = places[n];
    const leaf = node.args.length === 0;
    const done = leaf || computed.has(n);
    const forth = now.kind === "forward" && now.node === n;
    const back = { seed: now.node, backward: now.arg }[now.kind] === n;
    const state = [forth && "forth", back && "back", leaf && node.op, !done && "ahead"];
    const box = svg("g", { class: ["node", ...state.filter(Boolean)].join(" ") });
    const { width: wide, height: high } = sizes[n];
    box.append(svg("rect", { x: x - wide / 2, y: y - high / 2, width: wide, height: high, rx: 7 }));
    let line = y - high / 2 + PADDING.y + 13;
    for (const [name, text] of Object.entries(texts[n])) {
      let shown = text;
      const missing = name === "value" ? !done : name === "gradient" && !received.has(n);
      if (name === "gradient") shown = gradient(made, n, received.get(n) ?? null, say);
      if (name === "gradient" && awaiting.has(n)) shown += MORE;
      if (name === "value" && missing) shown = subscripted(node.name);
      box.append(svg("text", { class: missing ? `${name} missing` : name, x, y: line }, shown));
      line += LINE;
    }
    return box;
  });

  const scale = Math.max(SMALLEST, Math.min(1, room / (width + 2)));
  const title = subscripted(nodes[result].name ?? say.number(nodes[result].value));
  return svg(
    "svg",
    {
      role: "img",
      "aria-label": say.drawn(nodes.length, routes.length, title),
      viewBox: `-1 -1 ${width + 2} ${height + 2}`,
      width: (width + 2) * scale,
      height: (height + 2) * scale,
    },
    ...edges,
    ...labels,
    ...tips,
    ...boxes,
  );
}

/** The label of an edge and its width. */
function beside(slope, say, font) {
  const text = `× ${say.number(slope)}`;
  return { text, wide: font("slope", text) + 6 };
}

/** The lines of a box when the walk is over: how it is computed, its value, its gradient. */
function lines({ nodes, result }, { values, gradients }, say, n) {
  const { op, name, args } = nodes[n];
  const box = {};
  const called = (arg) => subscripted(nodes[arg].name ?? say.operand(values[arg]));
  if (args.length) box.formula = say.formula(op, args.map(called), args.map(called));
  box.value = name ? `${subscripted(name)} ${say.equals(values[n])}` : say.number(values[n]);
  if (gradients[n] !== null) box.gradient = gradient({ nodes, result }, n, gradients[n], say);
  return box;
}

function gradient({ nodes, result }, n, value, say) {
  const name = `∂${subscripted(nodes[result].name)}/∂${subscripted(nodes[n].name)}`;
  return value === null ? name : `${name} ${say.equals(value)}`;
}

/** A curve through points, level at each of them. */
function course(points, downwards) {
  const [first, ...rest] = points;
  let path = `M${first.x} ${first.y}`;
  let last = first;
  for (const next of rest) {
    const middle = { x: (last.x + next.x) / 2, y: (last.y + next.y) / 2 };
    const [one, two] = downwards
      ? [`${last.x} ${middle.y}`, `${next.x} ${middle.y}`]
      : [`${middle.x} ${last.y}`, `${middle.x} ${next.y}`];
    path += `C${one} ${two} ${next.x} ${next.y}`;
    last = next;
  }
  return path;
}

function tip({ x, y }, downwards, sense) {
  const [a, b] = [TIP * sense, TIP * 0.6];
  return downwards
    ? `M${x} ${y}L${x - b} ${y - a}L${x + b} ${y - a}Z`
    : `M${x} ${y}L${x - a} ${y - b}L${x - a} ${y + b}Z`;
}

/** Where an edge's label stands: by its first stretch, clear of the labels that stand already. */
function label(points, downwards, width, taken) {
  const [from, to] = points;
  const steep = (t) => t * t * (3 - 2 * t); // how far across a level curve is
  const even = (t) => t * (1 - t) * 1.5 + t ** 3; // how far along
  const between = (one, other, part) => one + (other - one) * part;
  const places = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8].map((t) =>
    downwards
      ? { x: between(from.x, to.x, steep(t)), y: between(from.y, to.y, even(t)) }
      : { x: (from.x + to.x) / 2, y: between(from.y, to.y, steep(t)) - 11 },
  );
  const clear = ({ x, y }) =>
    taken.every((one) => Math.abs(one.x - x) > (one.width + width) / 2 || Math.abs(one.y - y) > 12);
  const place = places.find(clear) ?? places[0];
  taken.push({ ...place, width });
  return place;
}
