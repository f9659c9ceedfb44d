// The state of a sampling explorer: what its attributes, or an address, say of it, and back.

import { typed } from "../explorers.js";
import { OFF, RULES } from "./sampling.js";

export const FEWEST = 2;
export const MOST = 20;
export const LARGEST = 100; // a logit, with either sign
export const STEPS = ["start", ...RULES, "draw"];

/** From where to where a number may go; `top-k` and `u` have rules of their own besides. */
export const RANGES = {
  repetition: [0.5, 5],
  temperature: [0.05, 10],
  "top-k": [0, MOST],
  "top-p": [0.0001, 1],
  "min-p": [0, 1],
  u: [0, 1],
};

const LETTERS = [..."abcdefghijklmnopqrst"];

export const PRESETS = {
  seven: [3, 2, 1, 0.5, 0, -1, -2],
  equal: Array(MOST).fill(0),
  sure: [10, ...Array(MOST - 1).fill(0)],
  ties: [2, 1, 1, 1, 1, 0, 0, -1],
  eight: Array(8).fill(0),
};

/** The state from which everything starts; its names are those of an address. */
const FIRST = {
  logits: PRESETS.seven.join("_"),
  written: "",
  order: RULES.join("*"),
  ...Object.fromEntries(RULES.map((rule) => [rule, String(OFF[rule])])),
  "top-p": "0.9",
  u: "0.4963",
  step: "start",
};
export const NAMES = ["tokens", ...Object.keys(FIRST)];

/** The number for a rule, or the uniform one; NaN if there is none in its range. */
export function valueIn(name, text) {
  const number = typed(text);
  const [least, most] = RANGES[name];
  if (name === "top-k" && !Number.isInteger(number)) return NaN;
  if (name === "u" && number === 1) return NaN;
  return number >= least && number <= most ? number : NaN;
}

/** A logit; NaN if it is none, or too large to be one here. */
export function logitIn(text) {
  const number = typed(text);
  return Math.abs(number) <= LARGEST ? number : NaN;
}

const escaped = (label) => label.replaceAll("%", "%25").replaceAll("*", "%2A");
const unescaped = (label) => label.replaceAll("%2A", "*").replaceAll("%25", "%");

/** As many labels as there are logits: those that are given, then the alphabet's. */
export const labelled = (labels, count) => LETTERS.slice(0, count).map((letter, n) => labels[n] ?? letter);

/** The state that `get` names piece by piece; what it leaves out, or garbles, is the first one's. */
export function restored(get) {
  const text = (name) => get(name) ?? FIRST[name];
  let logits = text("logits").split("_").slice(0, MOST).map(logitIn);
  if (logits.length < FEWEST || logits.some(Number.isNaN)) logits = [...PRESETS.seven];
  const marks = text("written").split("_");
  const order = text("order").split("*");
  const isOrder = order.length === RULES.length && RULES.every((rule) => order.includes(rule));
  const read = (name) => {
    const value = valueIn(name, text(name));
    return Number.isNaN(value) ? Number(FIRST[name]) : value;
  };
  return {
    tokens: labelled(get("tokens")?.split("*").map(unescaped) ?? [], logits.length),
    logits,
    written: logits.map((_, n) => marks.includes(String(n))),
    order: isOrder ? order : [...RULES],
    values: Object.fromEntries(RULES.map((rule) => [rule, read(rule)])),
    u: read("u"),
    step: STEPS.includes(text("step")) ? text("step") : FIRST.step,
  };
}

/** What an address needs to say for a state: where it differs from the first one. */
export function described(state) {
  const { tokens, logits, written, order, values, u, step } = state;
  const isUsual = tokens.every((label, n) => label === LETTERS[n]);
  const said = {
    ...(!isUsual && { tokens: tokens.map(escaped).join("*") }),
    logits: logits.join("_"),
    written: [...written.keys()].filter((n) => written[n]).join("_"),
    order: order.join("*"),
    ...values,
    u,
    step,
  };
  const query = new URLSearchParams();
  for (const name of NAMES)
    if (name in said && String(said[name]) !== FIRST[name]) query.set(name, said[name]);
  return query;
}
