// Attention on small matrices, step by step, in double precision and without a page.
// A matrix is an array of rows; row i of the scores holds those of query i with every key.

/** Which keys a query may look at, by the name of the mask; the last four are mistakes. */
const MAY_LOOK = {
  none: () => true,
  causal: (query, key) => key <= query,
  window: (query, key, width) => key <= query && key > query - width,
  times: (query, key) => key <= query, // then zeros and ones are multiplied by −∞
  late: (query, key) => key <= query, // but after the softmax
  strict: (query, key) => key < query,
  ahead: (query, key) => key <= query + 1,
};

export const MASKS = Object.keys(MAY_LOOK);
export const DIVISORS = { root: Math.sqrt, none: () => 1, size: (size) => size };

export const transpose = (matrix) => matrix[0].map((_, column) => matrix.map((row) => row[column]));
export const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const dot = (one, other) => sum(one.map((number, n) => number * other[n]));
const each = (matrix, change) => matrix.map((row, i) => row.map((number, j) => change(number, i, j)));

export function product(left, right) {
  const columns = transpose(right);
  return left.map((row) => columns.map((column) => dot(row, column)));
}

/** The exponentials of a softmax and what they are divided by, with its maximum subtracted. */
export function exponentials(scores) {
  const largest = Math.max(...scores); // NaN if any of them is, and so is all that follows
  const powers = scores.map((score) => Math.exp(score - largest));
  return { largest, powers, total: sum(powers) };
}

function softmax(scores) {
  const { powers, total } = exponentials(scores);
  return powers.map((power) => power / total);
}

/** Rows whose first two components turn by one radian a position. */
function turn(matrix, offset) {
  return matrix.map(([x, y, ...rest], token) => {
    const [cos, sin] = [Math.cos(offset + token), Math.sin(offset + token)];
    return [x * cos - y * sin, x * sin + y * cos, ...rest];
  });
}

/**
 * All steps of an attention.
 *
 * Either `X`, `Wq`, `Wk` and `Wv`, or `Q`, `K` and `V`; `mask` is one of MASKS, with the `width`
 * of a window; `scale` one of DIVISORS; `offset` the position of the first token, null without
 * rotation; `axis` 1 for a softmax of each row, 0 for the mistake of taking it by columns.
 * There is one head, or there are as many as columns: each of them works on one.
 */
export function attend(state) {
  const { X, mask, scale, temperature, offset, heads, axis, width } = state;
  const Q = state.Q ?? product(X, state.Wq);
  const K = state.K ?? product(X, state.Wk);
  const V = state.V ?? product(X, state.Wv);
  const size = Q[0].length / heads;
  const rotates = offset !== null && size > 1; // a head of one number has no pair to turn
  const [turnedQ, turnedK] = [Q, K].map((one) => (rotates ? turn(one, offset) : one));
  const divisor = DIVISORS[scale](size) * temperature;
  const sees = (query, key) => MAY_LOOK[mask](query, key, width);

  const head = (_, n) => {
    const share = (matrix) => matrix.map((row) => row.slice(n * size, (n + 1) * size));
    const scores = product(share(turnedQ), transpose(share(turnedK)));
    const scaled = each(scores, (score) => score / divisor);
    const bias = each(scores, (_, i, j) => {
      if (mask === "times") return (sees(i, j) ? 0 : 1) * -Infinity;
      return sees(i, j) || mask === "late" ? 0 : -Infinity;
    });
    const adds = mask === "times"; // what is hidden is replaced, as masked_fill does it
    const masked = each(scaled, (score, i, j) => (adds || !bias[i][j] ? score + bias[i][j] : -Infinity));
    const chosen = axis === 1 ? masked.map(softmax) : transpose(transpose(masked).map(softmax));
    const late = (weight, i, j) => (sees(i, j) ? weight : 0);
    const weights = mask === "late" ? each(chosen, late) : chosen;
    const output = product(weights, share(V));
    return { scores, scaled, bias, masked, chosen, weights, output };
  };
  const all = Array.from({ length: heads }, head);
  const output = Q.map((_, i) => all.flatMap((one) => one.output[i]));
  return { Q, K, V, rotates, turnedQ, turnedK, divisor, size, sees, heads: all, output };
}
