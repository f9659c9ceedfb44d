// A step as a line of arithmetic, for the token that asks, and what is to be known about it.

import { exponentials, transpose } from "./attention.js";
import { STEPS, rowsOf } from "./state.js";

/** The calculation of one step, with its numbers. */
export function line(state, made, kind, say) {
  const { vector, gives, combination, between } = say;
  const { query, head } = state;
  const share = (matrix) => matrix.map((row) => row.slice(head * made.size, (head + 1) * made.size));
  const mine = made.heads[head];
  const row = (matrix) => matrix[query];

  const lines = {
    start: () => {
      const named = state.direct ? { q: made.Q, k: made.K, v: made.V } : { x: rowsOf(state) };
      return Object.entries(named)
        .map(([name, matrix]) => `${name} = ${vector(row(matrix))}`)
        .join(say.list);
    },
    project: () => `q = ${combination(row(rowsOf(state)), state.weights[0], row(made.Q))}`,
    turn: () => say.turned(row(made.Q), state.offset + query, row(made.turnedQ)),
    scores: () => {
      const q = row(share(made.turnedQ));
      const product = (k, j) => `${vector(q)} · ${vector(k)} ${gives([q, k], row(mine.scores)[j])}`;
      return share(made.turnedK).map(product).join(say.list);
    },
    scale: () => {
      const divisors = [
        { root: `√${made.size}`, none: null, size: made.size }[state.scale],
        state.temperature === 1 ? null : say.number(state.temperature),
      ];
      const shown = divisors.filter((divisor) => divisor !== null).map((divisor) => `÷ ${divisor}`);
      return [vector(row(mine.scores)), ...shown, gives(row(mine.scores), row(mine.scaled))].join(" ");
    },
    mask: () => between("+", [row(mine.scaled), row(mine.bias)], row(mine.masked)),
    weights: () => softmax(state, mine, say),
    late: () => {
      const seen = state.tokens.map((_, key) => Number(made.sees(query, key)));
      return between("×", [row(mine.chosen), seen], row(mine.weights));
    },
    output: () => combination(row(mine.weights), share(made.V), row(mine.output)),
  };
  const ofHead = state.heads > 1 && STEPS.indexOf(kind) >= STEPS.indexOf("scores");
  return (ofHead ? `${say.which(head + 1)}${say.colon}` : "") + lines[kind]();
}

/** A row's exponentials and weights; by columns, each number has a maximum and a sum of its own. */
function softmax({ query, axis }, { masked, chosen }, say) {
  const scores = masked[query];
  const columns = () => transpose(masked).map(exponentials);
  const { largest, powers, total } =
    axis === 1
      ? exponentials(scores)
      : {
          largest: columns().map((column) => column.largest),
          powers: columns().map((column) => column.powers[query]),
          total: columns().map((column) => column.total),
        };
  const shown = (value) => (Array.isArray(value) ? say.vector(value) : say.operand(value));
  const first = say.gives([scores, largest].flat(), powers);
  const second = say.gives([powers, total].flat(), chosen[query]);
  return `exp(${say.vector(scores)} − ${shown(largest)}) ${first}${say.list}÷ ${shown(total)} ${second}`;
}

/** Sentences on what the steps that are shown let one see. */
export function remarks(state, made, shown, say) {
  const first = { times: "mask", strict: "mask", ahead: "mask", late: "late" }[state.mask];
  const numbers = [made.Q, made.K, made.V].flat(2);
  return [
    shown.includes(first) && say.remarks[state.mask],
    state.axis === 0 && shown.includes("weights") && say.remarks.axis,
    state.offset !== null && made.size === 1 && say.remarks.single,
    shown.includes("output") && !numbers.every(Number.isFinite) && say.remarks.infinite,
  ].filter(Boolean);
}
