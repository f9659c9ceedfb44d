// From logits to a token, rule by rule, in double precision and without a page.
// A token that a rule drops has the logit −∞ from there on, and the probability 0.

/** Each rule, with the value with which it changes nothing; this order is the usual one. */
export const OFF = { repetition: 1, temperature: 1, "top-k": 0, "top-p": 1, "min-p": 0 };
export const RULES = Object.keys(OFF);

const dropped = (logits, keep) => logits.map((logit, token) => (keep(token) ? logit : -Infinity));

/** The tokens from the largest logit to the smallest; of equal ones, the first in the list leads. */
export function ranked(logits) {
  const order = (one, other) => (logits[one] < logits[other]) - (logits[one] > logits[other]);
  return [...logits.keys()].sort(order); // a stable sort
}

export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** The running sum of the probabilities, in the order of the tokens that are named. */
export function runningSum(probabilities, order = [...probabilities.keys()]) {
  let sum = 0;
  return order.map((token) => (sum += probabilities[token]));
}

/** The entropy in nats. */
export function entropy(probabilities) {
  const terms = probabilities.filter((p) => p > 0).map((p) => -p * Math.log(p));
  return terms.reduce((sum, term) => sum + term, 0);
}

const CHANGES = {
  repetition: (logits, penalty, written) =>
    logits.map((logit, token) => {
      if (!written[token]) return logit;
      return logit > 0 ? logit / penalty : logit * penalty;
    }),

  temperature: (logits, temperature) => logits.map((logit) => logit / temperature),

  "top-k": (logits, k) => {
    const best = new Set(ranked(logits).slice(0, k));
    return dropped(logits, (token) => best.has(token));
  },

  "top-p": (logits, p) => {
    const order = ranked(logits);
    const sums = runningSum(softmax(logits), order);
    const nucleus = new Set(order.filter((_, rank) => (rank === 0 ? 0 : sums[rank - 1]) < p));
    return dropped(logits, (token) => nucleus.has(token));
  },

  "min-p": (logits, share) => {
    const probabilities = softmax(logits);
    const least = share * Math.max(...probabilities);
    return dropped(logits, (token) => probabilities[token] >= least);
  },
};

/**
 * The start and each rule that is on, in `order`: logits, probabilities and entropy after it.
 *
 * `values` has a value for each of RULES; `written` says which tokens were written before.
 */
export function filtered({ logits, written, order, values }) {
  const stages = [stage("start", logits)];
  for (const rule of order)
    if (values[rule] !== OFF[rule])
      stages.push(stage(rule, CHANGES[rule](stages.at(-1).logits, values[rule], written)));
  return stages;
}

function stage(rule, logits) {
  const probabilities = softmax(logits);
  const kept = logits.map((logit) => logit > -Infinity);
  return { rule, logits, probabilities, kept, entropy: entropy(probabilities) };
}

/** The token that a number from 0 up to 1 gives: the first whose running sum is above it. */
export function drawn(probabilities, uniform) {
  const token = runningSum(probabilities).findIndex((sum) => sum > uniform);
  if (token >= 0) return token;
  return probabilities.findLastIndex((p) => p > 0); // the sum was rounded to less than 1
}
