// <precis-attention tokens="a b c" mask="causal">: matrices that one changes, and the way from
// them to the output of an attention, step by step. Attributes have the names of `state.js`. With
// the attribute `address`, for one element a page, the address keeps the state. What the element
// holds in the page is shown where this script is not, and replaced where it is.

import { Steps, followStates, h, shareState } from "../explorers.js";
import { DIVISORS, MASKS, attend, exponentials, sum, transpose } from "./attention.js";
import {
  MOST_TOKENS, NAMES, SIZES, STEPS, computable, described, integerIn, numberIn, resized, restored,
  retokenized, rowsOf, words,
} from "./state.js";
import { speech } from "./words.js";

const SETTLED = 400; // milliseconds without a change before it is said, and put into the address
const MOST_SHADE = 28; // per cent of a cell's colour: its digits stay readable
const DIGITS = 1e4; // of what the arrow keys write

let elements = 0;

class AttentionExplorer extends HTMLElement {
  connectedCallback() {
    if (this.say) return;
    this.say = speech(document.documentElement.lang);
    this.unique = `attention-${(elements += 1)}`;
    this.keeps = this.hasAttribute("address");
    this.tabIndex = -1; // a place to read on from, not a control
    this.build();
    this.restore();
    if (!this.keeps) return;
    followStates(isState, () => this.restore(), () => this.arrive());
    shareState();
  }

  /** Show the state of the address, or of the attributes. */
  restore() {
    clearTimeout(this.waiting);
    const query = this.keeps ? new URLSearchParams(location.search) : new URLSearchParams();
    this.state = restored((name) => query.get(name) ?? this.getAttribute(name));
    this.field.value = this.state.tokens.join(" ");
    this.write();
    this.inputs();
    this.update();
    if (this.keeps) shareState();
  }

  arrive() {
    this.focus({ preventScroll: true });
    this.scrollIntoView({ block: "start" });
    this.announce();
  }

  /** What stays: fields, settings, buttons, and the places of what changes. */
  build() {
    const { say } = this;
    this.fault = h("p", { class: "fault", id: this.id("fault") });
    this.field = this.text("tokens", { "aria-describedby": this.id("fault"), maxlength: 120 });
    this.field.addEventListener("input", () => this.retype());
    const label = h("label", { for: this.id("tokens") }, say.tokens);
    const typing = h("div", { class: "typing" }, label, this.field, this.fault);

    this.direct = h("input", { type: "checkbox", id: this.id("direct") });
    this.direct.addEventListener("change", () => {
      const { Q, K, V } = this.made;
      this.state.direct = this.direct.checked ? [Q, K, V].map((matrix) => matrix.map((row) => [...row])) : null;
      this.changed(true);
    });
    this.size = this.choice("size", SIZES.map((size) => [size, size]));
    const choices = h(
      "div",
      { class: "knobs" },
      this.labelled("size", say.components, this.size),
      h("label", { class: "tick", for: this.id("direct") }, this.direct, say.direct),
    );
    this.matrices = h("div", { class: "tables" });
    const numbers = h("fieldset", {}, h("legend", {}, say.numbers), choices, this.matrices);

    this.current = h("p", { class: "current" });
    this.remark = h("p", { class: "remark" });
    this.predict = h("p", { class: "predict" });
    this.tables = h("div", { class: "tables" });
    this.queries = h("fieldset", { class: "queries" });
    this.steps = new Steps(say, (step) => this.go(step));
    this.walking = h(
      "div",
      { class: "walk" },
      this.steps.element,
      this.queries,
      this.current,
      this.remark,
      this.predict,
      this.tables,
    );
    this.steps.listen(this.steps.element);

    this.status = h("p", { class: "precis-said", role: "status" });
    this.link = h("a", { class: "page" }, say.page);
    const rest = this.keeps ? [] : [h("p", {}, this.link)];
    const all = { "aria-label": say.explorer };
    this.replaceChildren(h("section", all, typing, numbers, this.settings(), this.walking, ...rest, this.status));
  }

  settings() {
    const { say } = this;
    const named = (names, words) => names.map((name) => [name, words[name]]);
    this.mask = this.choice("mask", named(MASKS, say.masks));
    this.width = this.text("width", { inputmode: "numeric", class: "short" });
    this.scale = this.choice("scale", named(Object.keys(DIVISORS), say.scales));
    this.axis = this.choice("axis", named([1, 0], say.axes), Number);
    this.temperature = this.text("temperature", { class: "short" });
    this.slider = h("input", { type: "range", min: -1, max: 1, step: 0.05, "aria-label": say.slider });
    this.rotation = this.choice("rotation", named(["none", "rope"], say.rotations));
    this.offset = this.text("offset", { inputmode: "numeric", class: "short" });
    this.heads = this.choice("heads", [[1, 1]], Number);
    this.head = this.choice("head", [[0, 1]], Number);

    this.takes(this.width, "width", (text) => integerIn(text, 1, MOST_TOKENS));
    this.takes(this.offset, "offset", (text) => integerIn(text, 0, 1000));
    this.takes(this.temperature, "temperature", (text) => {
      const value = numberIn(text);
      return value >= 0.1 && value <= 10 ? value : NaN;
    });
    this.slider.addEventListener("input", () => {
      this.state.temperature = Number((10 ** this.slider.valueAsNumber).toPrecision(2));
      this.changed();
      this.write();
    });
    this.fields = { width: this.width, offset: this.offset, temperature: this.temperature };
    const sliding = h("span", { class: "sliding" }, this.temperature, this.slider);
    const parts = [
      ["mask", this.mask], ["width", this.width], ["scale", this.scale], ["axis", this.axis],
      ["temperature", sliding], ["rotation", this.rotation], ["offset", this.offset],
      ["heads", this.heads], ["head", this.head],
    ];
    this.knobs = Object.fromEntries(parts.map(([name, part]) => [name, this.labelled(name, say[name], part)]));
    const legend = h("legend", {}, say.knobs);
    return h("fieldset", {}, legend, h("div", { class: "knobs" }, ...Object.values(this.knobs)));
  }

  id(name) {
    return `${this.unique}-${name}`;
  }

  text(name, attributes) {
    const usual = { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
    return h("input", { ...usual, id: this.id(name), ...attributes });
  }

  labelled(name, words, part) {
    return h("div", { class: "knob" }, h("label", { for: this.id(name) }, words), part);
  }

  /** A list to choose from; what is chosen goes into the state under the list's name. */
  choice(name, options, read = String) {
    const select = h("select", { id: this.id(name) });
    fill(select, options);
    select.addEventListener("change", () => this.chosen(name, read(select.value)));
    return select;
  }

  chosen(name, value) {
    const { state } = this;
    if (name === "size") this.state = resized(state, Number(value));
    else if (name === "rotation") state.offset = value === "none" ? null : 0;
    else state[name] = value;
    if (name === "heads") state.head = 0;
    this.write();
    this.changed(name === "size");
  }

  /** A field whose number goes into the state; one that cannot be read stops the walk. */
  takes(field, name, read) {
    field.addEventListener("input", () => {
      const value = read(field.value);
      field.setAttribute("aria-invalid", Number.isNaN(value));
      if (!Number.isNaN(value)) this.state[name] = value;
      if (name === "temperature" && value > 0) this.slide();
      this.changed();
    });
  }

  slide() {
    const { say, state } = this;
    this.slider.value = Math.log10(state.temperature);
    this.slider.setAttribute("aria-valuetext", say.number(state.temperature));
  }

  /** Put the state into the settings. */
  write() {
    const { say, state } = this;
    this.direct.checked = state.direct !== null;
    this.size.value = state.size;
    for (const name of ["mask", "scale", "axis"]) this[name].value = state[name];
    for (const [name, field] of Object.entries(this.fields)) {
      if (state[name] === null) continue;
      field.value = say.editable(state[name]);
      field.setAttribute("aria-invalid", false);
    }
    this.slide();
    this.rotation.value = state.offset === null ? "none" : "rope";
    fill(this.heads, [[1, 1], [state.size, state.size]]);
    this.heads.value = state.heads;
    fill(this.head, Array.from({ length: state.heads }, (_, n) => [n, n + 1]));
    this.head.value = state.head;
    this.knobs.width.hidden = state.mask !== "window";
    this.knobs.offset.hidden = state.offset === null;
    this.knobs.head.hidden = state.heads === 1;
  }

  /** The text changed: words that stay keep their vectors. */
  retype() {
    const tokens = words(this.field.value);
    this.field.setAttribute("aria-invalid", tokens.length === 0);
    if (tokens.length) this.state = retokenized(this.state, tokens.slice(0, MOST_TOKENS));
    this.changed(true);
  }

  /** The reader changed something: show it at once; say and keep it when they pause. */
  changed(structure = false) {
    if (structure) this.inputs();
    this.update();
    this.later(() => this.announce());
  }

  later(then = () => {}) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.keep();
      then();
    }, SETTLED);
  }

  /** The matrices that are typed. */
  inputs() {
    const { state } = this;
    const { tokens, size, weights, direct } = state;
    const places = Array.from({ length: size }, (_, n) => n + 1);
    this.cells = [];
    const table = (name, rows, matrix) => {
      const body = matrix.map((row, i) =>
        h("tr", {}, h("th", { scope: "row" }, token(rows[i])), ...row.map((_, j) => h("td", {}, this.cell(name, matrix, i, j)))),
      );
      const kind = { class: "attention-table" };
      return boxed(name, h("table", kind, h("caption", {}, ...formula(name)), h("tbody", {}, ...body)));
    };
    this.matrices.replaceChildren(
      ...(direct
        ? direct.map((matrix, n) => table("QKV"[n], tokens, matrix))
        : [table("X", tokens, rowsOf(state)), ...weights.map((matrix, n) => table(`W_${"qkv"[n]}`, places, matrix))]),
    );
  }

  /** One number of a matrix; those of equal words are one and the same. */
  cell(name, matrix, i, j) {
    const { say } = this;
    const label = say.place(name.replace("_", " "), name.startsWith("W") ? i + 1 : this.state.tokens[i], j + 1);
    const field = h("input", { type: "text", autocomplete: "off", class: "number", "aria-label": label });
    field.value = say.editable(matrix[i][j]);
    this.cells.push({ field, row: matrix[i], j, label });
    const take = (value) => {
      field.setAttribute("aria-invalid", Number.isNaN(value));
      if (!Number.isNaN(value)) matrix[i][j] = value;
      for (const twin of this.cells)
        if (twin.field !== field && twin.row === matrix[i] && twin.j === j) twin.field.value = say.editable(matrix[i][j]);
      this.changed();
    };
    field.addEventListener("input", () => take(numberIn(field.value)));
    field.addEventListener("keydown", (event) => {
      const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!up || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const value = Math.round((matrix[i][j] + (event.shiftKey ? up / 10 : up)) * DIGITS) / DIGITS;
      field.value = say.editable(value);
      take(value);
    });
    return field;
  }

  /** Compute anew. */
  update() {
    const { state } = this;
    this.made = attend(computable(state));
    const rotated = state.offset !== null && this.made.size > 1;
    const present = {
      project: state.direct === null,
      turn: rotated,
      scale: this.made.divisor !== 1,
      mask: !["none", "late"].includes(state.mask),
      late: state.mask === "late",
    };
    this.kinds = STEPS.filter((kind) => present[kind] ?? true);
    this.ask();
    this.refuse();
    this.show();
  }

  /** Say what cannot be read, if anything cannot. */
  refuse() {
    const { say, fields } = this;
    const isOdd = (field) => !field.closest("[hidden]") && field.getAttribute("aria-invalid") === "true";
    const odd = this.cells.find(({ field }) => isOdd(field));
    const name = Object.keys(fields).find((field) => isOdd(fields[field]));
    const stopped = odd ? say.faults.number(odd.label) : isOdd(this.field) ? say.faults.none : say.faults[name];
    const many = words(this.field.value).length > MOST_TOKENS;
    this.stopped = stopped ?? "";
    this.fault.textContent = stopped ?? (many ? say.faults.many : "");
    this.walking.inert = stopped !== undefined;
  }

  /** The tokens, one of which asks. */
  ask() {
    const { say, state } = this;
    const tokens = state.tokens.join(" ");
    if (this.asked !== tokens) {
      const option = (word, n) => {
        const radio = h("input", { type: "radio", name: this.id("query"), value: n });
        radio.addEventListener("change", () => this.choose(n));
        return h("label", {}, radio, h("span", { class: "token" }, word));
      };
      this.queries.replaceChildren(h("legend", {}, say.query), ...state.tokens.map(option));
      this.asked = tokens;
    }
    this.queries.querySelectorAll("input")[state.query].checked = true;
  }

  choose(query) {
    this.state.query = query;
    this.ask();
    this.show();
    this.announce();
    this.later();
  }

  go(step) {
    this.state.step = this.kinds[step];
    this.show();
    this.announce();
    this.later();
  }

  /** The number of the current step: of the last one before it, if it has gone. */
  get step() {
    const far = STEPS.indexOf(this.state.step);
    return this.kinds.findLastIndex((kind) => STEPS.indexOf(kind) <= far);
  }

  /** The step that the walk has come to. */
  show() {
    const { say, kinds, step } = this;
    const last = kinds.length - 1;
    this.steps.show(step, last);
    this.current.textContent = this.line();
    this.remark.textContent = this.remarks().join(" ");
    const next = step < last ? kinds[step + 1] : "end";
    this.predict.replaceChildren(h("strong", {}, say.before), say.colon, say.predict[next]);
    this.tables.replaceChildren(...kinds.slice(1).flatMap((kind, n) => this.results(kind, n + 1 > step)));
    this.reach(this.tables);
    this.link.href = address(this.state);
  }

  /** A step in a line of arithmetic, for the token that asks. */
  line() {
    const { say, state, made } = this;
    const { vector, gives, combination, between } = say;
    const { query, head } = state;
    const share = (matrix) => matrix.map((row) => row.slice(head * made.size, (head + 1) * made.size));
    const mine = made.heads[head];
    const row = (matrix) => matrix[query];
    const kind = this.kinds[this.step];
    const lines = {
      start: () =>
        state.direct
          ? [made.Q, made.K, made.V].map((matrix, n) => `${"qkv"[n]} = ${vector(row(matrix))}`).join(say.separator)
          : `x = ${vector(row(rowsOf(state)))}`,
      project: () => `q = ${combination(row(rowsOf(state)), state.weights[0], row(made.Q))}`,
      turn: () => say.turned(row(made.Q), state.offset + query, row(made.turnedQ)),
      scores: () => {
        const q = row(share(made.turnedQ));
        return share(made.turnedK)
          .map((k, j) => `${vector(q)} · ${vector(k)} ${gives([q, k], row(mine.scores)[j])}`)
          .join(say.list);
      },
      scale: () => {
        const root = { root: `√${made.size}`, none: "", size: `${made.size}` }[state.scale];
        const warmth = state.temperature === 1 ? "" : say.number(state.temperature);
        const divisors = [root, warmth].filter(Boolean).map((text) => ` ÷ ${text}`).join("");
        return `${vector(row(mine.scores))}${divisors} ${gives(row(mine.scores), row(mine.scaled))}`;
      },
      mask: () => between("+", [row(mine.scaled), row(mine.bias)], row(mine.masked)),
      weights: () => {
        const lists = state.axis === 1 ? [row(mine.masked)] : transpose(mine.masked);
        const all = lists.map(exponentials);
        const powers = state.axis === 1 ? all[0].powers : all.map((each) => each.powers[query]);
        const pick = (name) => (state.axis === 1 ? all[0][name] : all.map((each) => each[name]));
        const shown = (value) => (Array.isArray(value) ? vector(value) : say.operand(value));
        const [largest, total, scores] = [pick("largest"), pick("total"), row(mine.masked)];
        const inside = `exp(${vector(scores)} − ${shown(largest)})`;
        return `${inside} ${gives([scores, largest].flat(), powers)}${say.list}÷ ${shown(total)} ${gives([powers, total].flat(), row(mine.chosen))}`;
      },
      late: () => {
        const seen = state.tokens.map((_, key) => Number(made.sees(query, key)));
        return between("×", [row(mine.chosen), seen], row(mine.weights));
      },
      output: () => combination(row(mine.weights), share(made.V), row(mine.output)),
    };
    const ofHead = state.heads > 1 && STEPS.indexOf(kind) >= STEPS.indexOf("scores");
    return (ofHead ? `${say.which(head + 1)}${say.colon}` : "") + lines[kind]();
  }

  /** What is to be known about the numbers that are shown. */
  remarks() {
    const { say, state, made } = this;
    const shown = this.kinds.slice(0, this.step + 1);
    const first = { times: "mask", strict: "mask", ahead: "mask", late: "late" }[state.mask];
    const infinite = [...made.Q, ...made.K, ...made.V].flat().some((number) => !Number.isFinite(number));
    return [
      shown.includes(first) && say.remarks[state.mask],
      state.axis === 0 && shown.includes("weights") && say.remarks.axis,
      state.offset !== null && made.size === 1 && say.remarks.single,
      infinite && shown.includes("output") && say.remarks.infinite,
    ].filter(Boolean);
  }

  /** The tables of a step; of one that is ahead, only their places. */
  results(kind, ahead) {
    const { say, state, made } = this;
    const mine = made.heads[state.head];
    const tables = {
      project: ["Q", "K", "V"].map((name) => [name, `${name} = X W_${name.toLowerCase()}`, made[name]]),
      turn: ["Q", "K"].map((name) => [name, `R ${name}`, made[`turned${name}`]]),
      scores: [["S", made.divisor === 1 ? "S = Q Kᵀ" : "Q Kᵀ", mine.scores]],
      scale: [["S", this.divided(), mine.scaled]],
      mask: [["S", "S + M", mine.masked]],
      weights: [["A", "A = softmax", mine.chosen, mine.chosen]],
      late: [["A", "A × (0, 1)", mine.weights, mine.weights]],
      output: [["Y", "Y = A V", made.output]],
    }[kind];
    return tables.map(([name, title, matrix, weights]) => {
      const words = say.rows[kind][name] ?? say.rows[kind];
      return this.table(name, title, words, matrix, weights, ahead);
    });
  }

  divided() {
    const { state } = this;
    const scale = { root: "÷ √d", none: "", size: "÷ d" }[state.scale];
    return ["S = Q Kᵀ", scale, state.temperature === 1 ? "" : "÷ τ"].filter(Boolean).join(" ");
  }

  table(name, title, words, matrix, weights, ahead) {
    const { say, state } = this;
    const { tokens, query } = state;
    const most = Math.max(...matrix.flat().map(Math.abs).filter(Number.isFinite), 0);
    const square = name === "S" || name === "A";
    const top = h("tr", {}, h("td", {}), ...tokens.map((word) => h("th", { scope: "col" }, token(word))));
    if (weights) top.append(h("th", { scope: "col", class: "sum" }, say.sum));
    const body = matrix.map((row, i) => {
      const cells = row.map((number) => shaded(number, most, ahead ? "·" : say.cell(number)));
      if (weights) cells.push(h("td", { class: "sum" }, ahead ? "·" : say.cell(sum(weights[i]))));
      const asks = i === query && name !== "K" && name !== "V";
      const line = h("tr", asks ? { class: "asks" } : {}, h("th", { scope: "row" }, token(tokens[i])), ...cells);
      line.addEventListener("click", () => this.choose(i)); // the radio buttons do it for the keyboard
      return line;
    });
    const caption = h("caption", {}, ...formula(title), h("span", {}, words));
    const head = square ? [h("thead", {}, top)] : [];
    const all = h("table", { class: "attention-table" }, caption, ...head, h("tbody", {}, ...body));
    const box = boxed(words, all);
    if (ahead) {
      box.classList.add("ahead"); // the reader's to predict
      box.ariaHidden = "true";
    }
    return box;
  }

  /** Let the keyboard scroll the tables that are wider than their place. */
  reach(part) {
    for (const box of part.querySelectorAll(".box"))
      if (box.scrollWidth > box.clientWidth && box.ariaHidden !== "true") box.tabIndex = 0;
  }

  /** Say to who does not see it what is shown. */
  announce() {
    const { say, kinds, step } = this;
    const count = say.count(step, kinds.length - 1);
    const said = [`${count}${say.colon}${this.line()}`, ...this.remarks()].join(". ");
    this.status.textContent = this.stopped || said;
  }

  /** Put the state into the address. */
  keep() {
    if (!this.keeps) return;
    const query = String(described(this.state));
    history.replaceState(history.state, "", `${location.pathname}${query && "?"}${query}${location.hash}`);
    shareState();
  }
}

const isState = (query) => NAMES.some((name) => query.has(name));
const token = (word) => h("span", { class: "token" }, word);

/** Where the explorer's own page shows a state. */
function address(state) {
  const folder = document.documentElement.lang === "en" ? "en/" : "";
  return new URL(`../../${folder}attention-explorer/?${described(state)}`, import.meta.url);
}

function fill(select, options) {
  select.replaceChildren(...options.map(([value, words]) => h("option", { value }, words)));
}

/** A table in a box of its own, in which it scrolls. */
const boxed = (name, table) => h("div", { class: "box", role: "group", "aria-label": name }, table);

/** `W_q` with its letter below the line. */
const formula = (text) =>
  text.split(/(_\w)/).map((part) => (part.startsWith("_") ? h("sub", {}, part.slice(1)) : part));

/** A cell, the darker the larger its number; signs, NaN and infinities are said without colour. */
function shaded(number, most, text) {
  const cell = h("td", {}, text);
  if (text === "·") return cell;
  if (Number.isNaN(number)) cell.className = "nan";
  else if (!Number.isFinite(number)) cell.className = "infinite";
  else if (number) {
    cell.className = number < 0 ? "minus" : "plus";
    cell.style.setProperty("--shade", `${Math.round((MOST_SHADE * Math.abs(number)) / most)}%`);
  }
  return cell;
}

customElements.define("precis-attention", AttentionExplorer);
