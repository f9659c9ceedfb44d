// The graph as an SVG at one step of the walk. Colours and fonts are the style sheet's.

import { edge } from "./graph.js";
import { layout } from "./layout.js";
import { subscripted } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const LINE = 18; // the height of a line of a box, in CSS pixels
const PADDING = { x: 12, y: 8 };
const TIP = 6; // the length of an arrow's head
const SMALLEST = 0.8; // of its size, before the picture scrolls instead

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

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
  const sizes = texts.map((box) => ({
    width: Math.max(...Object.entries(box).map(([name, text]) => font(name, text))) + 2 * PADDING.x,
    height: LINE * Object.keys(box).length + 2 * PADDING.y,
  }));
  const right = layout(nodes, sizes, false, { along: 64, across: 18 });
  const down = layout(nodes, sizes, true, { along: 44, across: 14 });
  const downwards = right.width + 2 > room;
  const { places, routes, width, height } = downwards ? down : right;

  const steps = walked.steps.slice(0, step + 1);
  const now = steps.at(-1);
  const computed = new Set(steps.flatMap(({ kind, node }) => (kind === "forward" ? [node] : [])));
  const received = new Map();
  const crossed = new Set();
  for (const { kind, node, arg, place, total } of steps) {
    if (kind === "seed") received.set(node, 1);
    if (kind === "backward") {
      received.set(arg, total);
      crossed.add(edge(node, place));
    }
  }

  const arrows = [];
  const labels = [];
  for (const { from, to, place, points } of routes) {
    const forth = now.kind === "forward" && now.node === to;
    const back = now.kind === "backward" && now.node === to && now.place === place;
    const state = forth ? "forth" : back ? "back" : "";
    arrows.push(
      svg("path", { class: `edge ${state}`, d: course(points, downwards) }),
      svg("path", { class: `tip ${state}`, d: back ? tip(points[0], downwards, -1) : tip(points.at(-1), downwards, 1) }),
    );
    if (!crossed.has(edge(to, place))) continue;
    const { x, y } = halfway(points, downwards);
    const slope = walked.locals.get(edge(to, place));
    const text = `× ${say.number(slope)}`;
    const wide = font("slope", text) + 6;
    labels.push(
      svg("rect", { class: "under", x: x - wide / 2, y: y - 8, width: wide, height: 16 }),
      svg("text", { class: `slope ${state}`, x, y: y + 4 }, text),
    );
  }

  const boxes = nodes.map((node, n) => {
    const { x, y } = places[n];
    const leaf = node.args.length === 0;
    const done = leaf || computed.has(n);
    const forth = now.kind === "forward" && now.node === n;
    const back = (now.kind === "seed" && now.node === n) || (now.kind === "backward" && now.arg === n);
    const state = [forth && "forth", back && "back", leaf && node.op, !done && "ahead"].filter(Boolean).join(" ");
    const box = svg("g", { class: `node ${state}` });
    const { width: wide, height: high } = sizes[n];
    box.append(svg("rect", { x: x - wide / 2, y: y - high / 2, width: wide, height: high, rx: 7 }));
    let line = y - high / 2 + PADDING.y + 13;
    for (const [name, text] of Object.entries(texts[n])) {
      let shown = text;
      const missing = name === "value" ? !done : name === "gradient" && !received.has(n);
      if (name === "gradient") shown = gradient(made, n, received.get(n) ?? null, say);
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
    ...arrows,
    ...labels,
    ...boxes,
  );
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

/** The middle of the first stretch: there, edges from different boxes are still apart. */
function halfway(points, downwards) {
  const [{ x: x0, y: y0 }, { x: x1, y: y1 }] = points;
  const early = points.length > 2 ? 0.5 : 0.45;
  return downwards
    ? { x: (x0 + x1) / 2, y: y0 + (y1 - y0) * early }
    : { x: x0 + (x1 - x0) * early, y: (y0 + y1) / 2 };
}
