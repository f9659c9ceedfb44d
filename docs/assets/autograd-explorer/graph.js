// The graph of an expression: values forward, gradients backward, as PyTorch computes them.
// Definitions in, nodes out; a walk of the graph is the list of its steps.

import { Fault, INPUTS, parse } from "./expression.js";

/**
 * Each operation beside its derivative: `backward` takes the gradient of the result, the result
 * and the operands to what each operand receives. As in PyTorch at the edges (0 for ReLU at 0),
 * and with its order of factors, so that what cancels out there cancels out here.
 */
const OPERATIONS = {
  add: { forward: (a, b) => a + b, backward: (g) => [g, g] },
  sub: { forward: (a, b) => a - b, backward: (g) => [g, -g] },
  mul: { forward: (a, b) => a * b, backward: (g, _, a, b) => [g * b, g * a] },
  div: { forward: (a, b) => a / b, backward: (g, _, a, b) => [g / b, -g * (a / b / b)] },
  neg: { forward: (a) => -a, backward: (g) => [-g] },
  pow: {
    forward: power,
    backward: (g, r, a, b) => [
      b === 0 ? 0 : g * (b * power(a, b - 1)),
      a === 0 && b >= 0 ? 0 : g * (r * Math.log(a)),
    ],
  },
  exp: { forward: Math.exp, backward: (g, r) => [g * r] },
  log: { forward: Math.log, backward: (g, _, a) => [g / a] },
  tanh: { forward: Math.tanh, backward: (g, r) => [g * (1 - r * r)] },
  sigmoid: { forward: (a) => 1 / (1 + Math.exp(-a)), backward: (g, r) => [g * (1 - r) * r] },
  relu: { forward: (a) => (a < 0 ? 0 : a), backward: (g, r) => [r <= 0 ? 0 : g] },
  bce: {
    forward: (p, y) => (y - 1) * bounded(Math.log1p(-p)) - y * bounded(Math.log(p)),
    backward: (g, _, p, y) => [
      (g * (p - y)) / Math.max((1 - p) * p, SMALLEST),
      -g * Math.log(p / (1 - p)),
    ],
    // what a comparison with NaN denies is refused too
    refuses: (p, y) => (!(p >= 0 && p <= 1) ? 0 : !(y >= 0 && y <= 1) ? 1 : null),
  },
};

/** PyTorch writes 1e-12 in single precision, whatever the tensor's. */
const SMALLEST = Math.fround(1e-12);

/** binary_cross_entropy never takes a logarithm for less than −100. */
const bounded = (logarithm) => Math.max(logarithm, -100);

/** C's pow, which JavaScript's leaves at ±1 to the power ∞ or NaN. */
function power(a, b) {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return a ** b;
}

/**
 * @typedef {object} Node
 * @property {string} op "input", "number" or an operation
 * @property {?string} name what formulas call it; a number has none
 * @property {number[]} args the nodes that it is computed from
 * @property {number} start its place in the text
 * @property {number} end
 */

/** The nodes of a text's expression, each after its operands; the last operation is the result. */
export function graph(text, decimal) {
  const definitions = parse(text, decimal);
  /** @type {Node[]} */
  const nodes = [];
  const named = new Map();
  const used = new Set();

  function add(node) {
    return nodes.push(node) - 1;
  }

  function visit({ op, name, value, args = [], start, end }) {
    if (op === "number") return add({ op, name: null, value, args: [], start, end });
    if (op === "name") {
      used.add(name);
      if (!named.has(name)) named.set(name, add({ op: "input", name, args: [], start, end }));
      return named.get(name);
    }
    const operands = args.map(visit);
    return add({ op, name: null, args: operands, start, end });
  }

  let result;
  for (const { name, tree } of definitions) {
    result = visit(tree);
    if (!name) continue;
    named.set(name, result);
    if (nodes[result].op !== "input") nodes[result].name ??= name;
  }
  for (const { name, start, end } of definitions.slice(0, -1))
    if (!used.has(name)) throw new Fault("unused", start, end, name);

  const taken = new Set([...INPUTS, ...named.keys()]);
  const free = (names) => names.find((name) => !taken.has(name));
  const operation = ({ op }) => op !== "input" && op !== "number";
  if (operation(nodes[result])) nodes[result].name ??= free(["L", "f", "F", "R"]) ?? "result";
  let number = 0;
  for (const node of nodes)
    if (operation(node) && !node.name) {
      do number += 1;
      while (taken.has(`v${number}`));
      node.name = `v${number}`;
    }
  return { nodes, result };
}

/**
 * The walk through a graph: values, gradients and local derivatives, and the steps that give them.
 * @param inputs the value of each input
 * @param wanted the inputs that ask for a gradient
 */
export function walk({ nodes, result }, inputs, wanted = INPUTS) {
  const values = [];
  const needs = [];
  const steps = [{ kind: "start" }];
  for (const [at, { op, name, value, args, start, end }] of nodes.entries()) {
    needs.push(op === "input" ? wanted.includes(name) : args.some((arg) => needs[arg]));
    if (op === "input") values.push(inputs[name]);
    else if (op === "number") values.push(value);
    else {
      const operands = args.map((arg) => values[arg]);
      const refused = OPERATIONS[op].refuses?.(...operands) ?? null;
      if (refused !== null)
        throw new Fault(["probability", "label"][refused], start, end, operands[refused]);
      values.push(OPERATIONS[op].forward(...operands));
      steps.push({ kind: "forward", node: at });
    }
  }
  const gradients = nodes.map(() => null);
  const locals = new Map();
  if (needs[result]) {
    gradients[result] = 1;
    steps.push({ kind: "seed", node: result });
    for (let at = nodes.length - 1; at >= 0; at -= 1) {
      const { op, args } = nodes[at];
      if (!args.length || !needs[at] || gradients[at] === null) continue;
      const operands = args.map((arg) => values[arg]);
      const received = OPERATIONS[op].backward(gradients[at], values[at], ...operands);
      const slopes = OPERATIONS[op].backward(1, values[at], ...operands);
      for (const [place, arg] of args.entries()) {
        if (!needs[arg]) continue;
        const before = gradients[arg];
        gradients[arg] = before === null ? received[place] : before + received[place];
        locals.set(edge(at, place), slopes[place]);
        const [local, part, total] = [slopes[place], received[place], gradients[arg]];
        steps.push({ kind: "backward", node: at, place, arg, local, part, before, total });
      }
    }
  }
  const paths = new Map();
  for (const step of steps)
    if (step.kind === "backward") {
      step.path = (paths.get(step.arg) ?? 0) + 1;
      paths.set(step.arg, step.path);
    }
  for (const step of steps) if (step.kind === "backward") step.paths = paths.get(step.arg);
  return { values, gradients, locals, needs, steps };
}

/** What tells apart the edges of a graph: the operation, and which of its operands. */
export const edge = (node, place) => `${node}:${place}`;

/** The value of a text's expression and its derivative with respect to each input it holds. */
export function differentiate(text, inputs) {
  const made = graph(text);
  const { values, gradients } = walk(made, inputs);
  const derivatives = {};
  for (const [at, { op, name }] of made.nodes.entries())
    if (op === "input") derivatives[name] = gradients[at];
  return { value: values[made.result], derivatives };
}
