// The state of an attention explorer: what its attributes, or an address, say of it, and back.

import { typed } from "../explorers.js";
import { DIVISORS, MASKS } from "./attention.js";

export const MOST_TOKENS = 8;
export const SIZES = [2, 3];
export const STEPS = ["start", "project", "turn", "scores", "scale", "mask", "weights", "late", "output"];

/** Vectors for words that are new: the rank of a word chooses, so that nothing is random. */
const VECTORS = [
  [1, 0, 1], [0, 1, 1], [1, 1, 0], [2, -1, 0], [-1, 2, 1], [2, 0, -1], [0, 2, -1], [-1, -1, 2],
];

/** The state from which everything starts: the chapter's three tokens and its three matrices. */
const FIRST = {
  tokens: "a b c",
  wq: "2_0*0_1",
  wk: "0_1*1_0",
  wv: "1_0*0_10",
  mask: "causal",
  width: "2",
  scale: "root",
  temperature: "1",
  offset: "none",
  heads: "1",
  axis: "1",
  query: "2",
  head: "0",
  step: "start",
};
export const NAMES = [...new Set(["tokens", "x", "q", "k", "v", ...Object.keys(FIRST)])]; // in their order

export const words = (text) => text.split(/\s+/).filter(Boolean);

/** A number as one may type it, infinite ones too. */
export function numberIn(text) {
  const infinite = /^\s*([-−+]?)\s*(?:inf|∞)\s*$/i.exec(text);
  if (infinite) return /[-−]/.test(infinite[1]) ? -Infinity : Infinity;
  return typed(text);
}

export const integerIn = (text, least, most) => {
  const number = /^\s*\d{1,4}\s*$/.test(text) ? Number(text) : NaN;
  return number >= least && number <= most ? number : NaN;
};

/** A matrix of so many rows and columns: cut, or filled up with the diagonal's ones, or zeros. */
export const fitted = (matrix, rows, columns, diagonal) =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => matrix?.[i]?.[j] ?? (i === j ? diagonal : 0)),
  );

/** A matrix as an address writes it, rows between asterisks; null if it is none. */
function matrixIn(text) {
  const matrix = text?.split("*").map((row) => row.split("_").map(numberIn));
  return matrix?.flat().some(Number.isNaN) ? null : (matrix ?? null);
}

const written = (matrix) =>
  matrix.map((row) => row.map((number) => String(number).replace("Infinity", "inf")).join("_")).join("*");

const oneOf = (text, choices, otherwise) => (choices.includes(text) ? text : otherwise);

/** The state that `get` names piece by piece; what it leaves out, or garbles, is the first one's. */
export function restored(get) {
  const text = (name) => get(name) ?? FIRST[name];
  const [x, ...direct] = ["x", "q", "k", "v"].map((name) => matrixIn(get(name)));
  const weights = ["wq", "wk", "wv"].map((name) => matrixIn(text(name)) ?? matrixIn(FIRST[name]));
  const isDirect = direct.every((matrix) => matrix !== null);
  const width = (isDirect ? direct[0] : (x ?? weights[0]))[0].length;
  const size = SIZES.includes(width) ? width : SIZES[0];
  const tokens = words(text("tokens")).slice(0, MOST_TOKENS);
  if (!tokens.length) tokens.push(...words(FIRST.tokens));

  const vectors = new Map();
  for (const [n, word] of tokens.entries())
    if (x?.[n] && !vectors.has(word)) vectors.set(word, fitted([x[n]], 1, size, 0)[0]);
  for (const word of tokens) if (!vectors.has(word)) vectors.set(word, freshVector(vectors, size));
  const temperature = numberIn(text("temperature"));
  const heads = integerIn(text("heads"), 1, size);
  return {
    tokens,
    vectors,
    size,
    direct: isDirect ? direct.map((matrix) => fitted(matrix, tokens.length, size, 0)) : null,
    weights: weights.map((matrix) => fitted(matrix, size, size, 1)),
    mask: oneOf(text("mask"), MASKS, FIRST.mask),
    width: integerIn(text("width"), 1, MOST_TOKENS) || Number(FIRST.width),
    scale: oneOf(text("scale"), Object.keys(DIVISORS), FIRST.scale),
    temperature: temperature >= 0.1 && temperature <= 10 ? temperature : 1,
    offset: Number.isNaN(integerIn(text("offset"), 0, 1000)) ? null : Number(text("offset")),
    heads: heads === size ? size : 1,
    axis: text("axis") === "0" ? 0 : 1,
    query: Math.min(integerIn(text("query"), 0, MOST_TOKENS - 1) || 0, tokens.length - 1),
    head: Math.min(integerIn(text("head"), 0, size - 1) || 0, heads === size ? size - 1 : 0),
    step: oneOf(text("step"), STEPS, FIRST.step),
  };
}

/** What an address needs to say for a state: where it differs from the first one. */
export function described(state) {
  const { tokens, vectors, direct, weights, offset } = state;
  const query = new URLSearchParams();
  const fresh = restored((name) => (name === "tokens" ? tokens.join(" ") : null));
  const own = tokens.map((word) => vectors.get(word));
  const usual = tokens.map((word) => fresh.vectors.get(word));
  const said = {
    tokens: tokens.join(" "),
    ...(written(own) !== written(usual) && { x: written(own) }),
    ...Object.fromEntries(weights.map((matrix, n) => ["w" + "qkv"[n], written(matrix)])),
    ...Object.fromEntries((direct ?? []).map((matrix, n) => ["qkv"[n], written(matrix)])),
    offset: String(offset ?? "none"),
  };
  for (const name of ["mask", "width", "scale", "temperature", "heads", "axis", "query", "head", "step"])
    said[name] = String(state[name]);
  for (const name of NAMES) if (name in said && said[name] !== FIRST[name]) query.set(name, said[name]);
  return query;
}

/** The attention's own input: matrices instead of words. */
export function computable(state) {
  const [Q, K, V] = state.direct ?? [];
  const [Wq, Wk, Wv] = state.weights;
  return { ...state, X: rowsOf(state), Wq, Wk, Wv, Q, K, V };
}

export const rowsOf = ({ tokens, vectors }) => tokens.map((word) => vectors.get(word));

/** Read another text: words that stay keep their vectors, new ones get one that is free. */
export function retokenized(state, tokens) {
  const kept = new Map([...state.vectors].filter(([word]) => tokens.includes(word)));
  for (const word of tokens) if (!kept.has(word)) kept.set(word, freshVector(kept, state.size));
  const direct = state.direct?.map((matrix) => fitted(matrix, tokens.length, state.size, 0)) ?? null;
  return { ...state, tokens, vectors: kept, direct, query: Math.min(state.query, tokens.length - 1) };
}

/** Give vectors and matrices another number of components. */
export function resized(state, size) {
  const vectors = new Map([...state.vectors].map(([word, row]) => [word, longer(row, size)]));
  const weights = state.weights.map((matrix) => fitted(matrix, size, size, 1));
  const direct = state.direct?.map((matrix) => fitted(matrix, matrix.length, size, 0)) ?? null;
  return { ...state, size, vectors, weights, direct, heads: state.heads > 1 ? size : 1, head: 0 };
}

/** A row cut, or continued as the table does where it comes from there. */
function longer(row, size) {
  const whole = VECTORS.find((vector) => row.every((number, n) => vector[n] === number)) ?? row;
  return fitted([whole], 1, size, 0)[0];
}

function freshVector(vectors, size) {
  const taken = [...vectors.values()].map(String);
  return VECTORS.map((row) => row.slice(0, size)).find((row) => !taken.includes(String(row)));
}
