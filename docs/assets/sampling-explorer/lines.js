// A step as a line of arithmetic, and what is to be known about it.

import { drawn, ranked, runningSum } from "./sampling.js";

const MOST_TERMS = 4;
const ROUNDING = 1e-12;

/** What a token is called: its label, or its place if that is empty. */
export const nameOf = ({ tokens }, token, say) => tokens[token] || say.label(token + 1);

const count = (kept) => kept.filter(Boolean).length;

/** The parts of a list, without those in its middle if they are many. */
function shortened(parts) {
  return parts.length > MOST_TERMS ? [...parts.slice(0, MOST_TERMS - 1), "…", parts.at(-1)] : parts;
}

/** The calculation of a step, with its numbers; `before` and `after` are the stages around it. */
export function line(rule, state, before, after, say) {
  const { number, equals, exact, operand } = say;
  const value = state.values[rule];
  const name = (token) => nameOf(state, token, say);
  const best = ranked(before.logits).filter((token) => before.kept[token]);
  const kept = best.filter((token) => after.kept[token]);
  const each = (tokens, text) =>
    shortened(tokens.map((token) => `${name(token)}${say.colon}${text(token)}`)).join(say.list);
  const keeps = `${say.list}${say.keeps} ${shortened(kept.map(name)).join(", ")}`;
  const changed = (sign) => (token) =>
    `${number(before.logits[token])} ${sign(token)} ${number(value)} ${equals(after.logits[token])}`;

  const lines = {
    start: () => {
      const [top] = best;
      const power = Math.exp(before.logits[top]);
      const total = power / before.probabilities[top];
      const share = `${number(power)} ÷ ${number(total)} ${equals(before.probabilities[top])}`;
      const sign = [power, total].every(exact) ? "=" : "≈";
      return `${name(top)}${say.colon}exp(${number(before.logits[top])}) ÷ ${say.softmax} ${sign} ${share}`;
    },
    repetition: () => {
      const sign = (token) => (before.logits[token] > 0 ? "÷" : "×");
      return each(best.filter((token) => state.written[token]), changed(sign)) || say.remarks.unmarked;
    },
    temperature: () => each(best, changed(() => "÷")),
    "top-k": () => `k = ${value}${keeps}`,
    "top-p": () => {
      const terms = shortened(kept.map((token) => operand(before.probabilities[token])));
      const sum = runningSum(before.probabilities, best)[kept.length - 1];
      const calculation = kept.length > 1 ? `${terms.join(" + ")} ${equals(sum)}` : number(sum);
      return `${calculation} ${sum < value ? "<" : "≥"} ${number(value)}${keeps}`;
    },
    "min-p": () => {
      const most = before.probabilities[best[0]];
      const least = `${number(value)} × ${number(most)} ${equals(value * most)}`;
      return `${least}${keeps}`;
    },
    draw: () => {
      const token = drawn(after.probabilities, state.u);
      const [least, most] = [0, ...runningSum(after.probabilities)].slice(token, token + 2).map(number);
      return `${least} ≤ ${number(state.u)} < ${most}${say.colon}${say.gives(name(token))}`;
    },
  };
  return lines[rule]();
}

/** Sentences on what a step lets one see: ties, rounding, marks that are missing. */
export function remarks(rule, state, before, after, say) {
  const value = state.values[rule];
  const size = count(after.kept);
  const found = [];
  if (rule === "top-k") {
    const limit = Math.min(...before.logits.filter((_, token) => after.kept[token]));
    const alike = before.logits.filter((logit) => logit >= limit).length;
    if (alike > size) found.push(say.remarks.tie(size, alike));
  }
  if (rule === "top-p") {
    const sums = runningSum(before.probabilities, ranked(before.logits)).slice(0, count(before.kept) - 1);
    if (sums.includes(value)) found.push(say.remarks.reached);
    else if (sums.some((sum) => Math.abs(sum - value) < ROUNDING)) found.push(say.remarks.rounding);
  }
  return found;
}
