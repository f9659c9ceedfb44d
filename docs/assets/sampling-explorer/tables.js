// A step as a table with bars, and a running sum as a strip with a line on it.

import { h } from "../explorers.js";
import { nameOf } from "./lines.js";
import { drawn, ranked, runningSum } from "./sampling.js";

/** The table of a step; a probability is a bar too, and what became of a token is said in words. */
export function table(rule, state, before, after, say) {
  const first = rule === "start" || rule === "draw";
  const wide = rule === "top-p" || rule === "draw";
  const bars = first ? ["probability"] : ["before", "after"];
  const last = rule === "start" ? [] : ["fate"];
  const names = ["token", "logit", ...bars, ...(wide ? ["sum"] : []), ...last];
  const sums = wide && sumsOf(rule, state, before, after);
  const chosen = rule === "draw" ? drawn(after.probabilities, state.u) : -1;
  const fate = (token) => {
    if (token === chosen) return "drawn";
    if (!after.kept[token]) return "dropped";
    if (rule === "repetition" && state.written[token]) return "written";
    return first ? "none" : "kept";
  };

  const row = (token) => {
    const cells = {
      logit: () => h("td", {}, say.cell(after.logits[token])),
      probability: () => bar(after.probabilities[token], "after", say),
      before: () => bar(before.probabilities[token], "before", say),
      after: () => bar(after.probabilities[token], "after", say),
      sum: () => h("td", {}, say.cell(sums.get(token))),
      fate: () => h("td", { class: "fate" }, say.fates[fate(token)]),
    };
    const label = h("th", { scope: "row" }, nameOf(state, token, say));
    return h("tr", { class: fate(token) }, label, ...names.slice(1).map((name) => cells[name]()));
  };

  const caption = h("caption", {}, say.rule[rule] ?? say.titles[rule]);
  const top = h("tr", {}, ...names.map((name) => h("th", { scope: "col" }, say.heads[name])));
  const body = h("tbody", {}, ...state.tokens.map((_, token) => row(token)));
  return h("table", { class: "sampling-table" }, caption, h("thead", {}, top), body);
}

/** The running sum up to each token, by the step's own order. */
function sumsOf(rule, state, before, after) {
  const order = rule === "top-p" ? ranked(before.logits) : [...state.tokens.keys()];
  const sums = runningSum((rule === "top-p" ? before : after).probabilities, order);
  return new Map(order.map((token, rank) => [token, sums[rank]]));
}

function bar(probability, kind, say) {
  const cell = h("td", { class: `bar ${kind}` }, h("span", {}, say.cell(probability)));
  cell.style.setProperty("--share", `${100 * probability}%`);
  return cell;
}

/** A running sum from 0 to 1 as pieces side by side, and where the threshold, or u, lies on it. */
export function strip(rule, state, before, after, say) {
  const isDraw = rule === "draw";
  const { probabilities } = isDraw ? after : before;
  const all = isDraw ? [...state.tokens.keys()] : ranked(before.logits);
  const order = all.filter((token) => probabilities[token] > 0);
  const sums = runningSum(probabilities, order);
  const at = isDraw ? state.u : state.values[rule];
  const chosen = drawn(after.probabilities, state.u);
  const name = (token) => nameOf(state, token, say);

  const pieces = order.map((token) => {
    const isIn = isDraw ? token === chosen : after.kept[token];
    const other = isDraw ? "rest" : "out";
    const piece = h("span", { class: isIn ? "in" : other }, h("span", {}, name(token)));
    piece.style.setProperty("--share", `${100 * probabilities[token]}%`);
    return piece;
  });
  const mark = h("span", { class: "mark" }, h("span", {}, say.number(at)));
  mark.style.setProperty("--at", `${100 * at}%`);
  mark.classList.toggle("late", at > 0.5);
  const places = order.map((token, rank) => say.upTo(name(token), say.number(sums[rank])));
  const words = [...places, say.lineAt(say.number(at))].join(say.list);
  const picture = h("div", { class: "strip", role: "img", "aria-label": words }, ...pieces, mark);
  return h("div", { class: "running" }, h("p", { class: "title" }, say.strip[rule]), picture);
}
