// The tables of the steps, and what tables of numbers share.

import { h } from "../explorers.js";
import { sum } from "./attention.js";

const MOST_SHADE = 28; // per cent of a cell's colour: its digits stay readable
const AHEAD = "·";

export const token = (word) => h("span", { class: "token" }, word);

/** A table in a box of its own, in which it scrolls. */
export function boxed(name, title, ...parts) {
  const caption = h("caption", {}, ...title);
  const table = h("table", { class: "attention-table" }, caption, ...parts);
  return h("div", { class: "box", role: "group", "aria-label": name }, table);
}

/** `W_q` with its letter below the line. */
export const formula = (text) =>
  text.split(/(_\w)/).map((part) => (part.startsWith("_") ? h("sub", {}, part.slice(1)) : part));

/**
 * The tables of a step; of one that is ahead, only their places.
 *
 * `choose` is called with the number of a row that is pressed.
 */
export function results(kind, state, made, say, ahead, choose) {
  const mine = made.heads[state.head];
  const tables = {
    project: ["Q", "K", "V"].map((name) => [name, `${name} = X W_${name.toLowerCase()}`, made[name]]),
    turn: ["Q", "K"].map((name) => [name, `R ${name}`, made[`turned${name}`]]),
    scores: [["S", made.divisor === 1 ? "S = Q Kᵀ" : "Q Kᵀ", mine.scores]],
    scale: [["S", scaling(state), mine.scaled]],
    mask: [["S", "S + M", mine.masked]],
    weights: [["A", "A = softmax", mine.chosen]],
    late: [["A", "A × (0, 1)", mine.weights]],
    output: [["Y", "Y = A V", made.output]],
  }[kind];
  return tables.map(([name, title, matrix]) => {
    const words = say.rows[kind][name] ?? say.rows[kind];
    const caption = [...formula(title), h("span", {}, words)];
    const box = boxed(words, caption, ...table(name, matrix, state, say, ahead, choose));
    if (ahead) {
      box.classList.add("ahead"); // the reader's to predict
      box.ariaHidden = "true";
    }
    return box;
  });
}

function scaling({ scale, temperature }) {
  const divisor = { root: " ÷ √d", none: "", size: " ÷ d" }[scale];
  return `S = Q Kᵀ${divisor}${temperature === 1 ? "" : " ÷ τ"}`;
}

function table(name, matrix, { tokens, query }, say, ahead, choose) {
  const isWeights = name === "A";
  const most = Math.max(0, ...matrix.flat().map(Math.abs).filter(Number.isFinite));
  const text = (number) => (ahead ? AHEAD : say.cell(number));
  const rows = matrix.map((row, i) => {
    const cells = row.map((number) => shaded(number, most, text(number)));
    if (isWeights) cells.push(h("td", { class: "sum" }, text(sum(row))));
    const asks = i === query && name !== "K" && name !== "V";
    const line = h("tr", asks ? { class: "asks" } : {}, h("th", { scope: "row" }, token(tokens[i])), ...cells);
    line.addEventListener("click", () => choose(i)); // the radio buttons do it for the keyboard
    return line;
  });
  const body = h("tbody", {}, ...rows);
  if (!isWeights && name !== "S") return [body];
  const top = h("tr", {}, h("td"), ...tokens.map((word) => h("th", { scope: "col" }, token(word))));
  if (isWeights) top.append(h("th", { scope: "col", class: "sum" }, say.sum));
  return [h("thead", {}, top), body];
}

/** A cell, the darker the larger its number; signs, NaN and infinities are said by its text too. */
function shaded(number, most, text) {
  const cell = h("td", {}, text);
  if (text === AHEAD) return cell;
  if (Number.isNaN(number)) cell.className = "nan";
  else if (!Number.isFinite(number)) cell.className = "infinite";
  else if (number) {
    cell.className = number < 0 ? "minus" : "plus";
    cell.style.setProperty("--shade", `${Math.round((MOST_SHADE * Math.abs(number)) / most)}%`);
  }
  return cell;
}
