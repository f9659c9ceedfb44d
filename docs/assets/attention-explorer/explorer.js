// <precis-attention tokens="a b c" mask="causal">: matrices that one changes, and the way from
// them to the output of an attention, step by step. Attributes have the names of `state.js`. With
// the attribute `address`, for one element a page, the address keeps the state. What the element
// holds in the page is shown where this script is not, and replaced where it is.

import { Explorer, Steps, fill, h, later } from "../explorers.js";
import { DIVISORS, MASKS, attend } from "./attention.js";
import { line, remarks } from "./lines.js";
import {
  MOST_TOKENS, NAMES, SIZES, STEPS, computable, described, integerIn, numberIn, resized, restored,
  retokenized, rowsOf, words,
} from "./state.js";
import { boxed, formula, results, token } from "./tables.js";
import { speech } from "./words.js";

const DIGITS = 1e4; // of what the arrow keys write

class AttentionExplorer extends Explorer {
  page = "attention-explorer";
  names = NAMES;
  speech = speech;
  described = described;

  open(get) {
    this.state = restored(get);
    this.field.value = this.state.tokens.join(" ");
    this.write();
    this.inputs();
    this.update();
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
    this.matrices = h("div", { class: "tables" });
    const numbers = h("fieldset", {}, h("legend", {}, say.numbers), this.matrices);

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
    const components = this.labelled("size", say.components, this.size);
    const direct = h("label", { class: "tick" }, this.direct, say.direct);
    const all = h("div", { class: "knobs" }, ...Object.values(this.knobs), components, direct);
    return h("fieldset", {}, h("legend", {}, say.knobs), all);
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
    later(this, () => this.announce());
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
      return boxed(name, formula(name), h("tbody", {}, ...body));
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
        if (twin.field !== field && twin.row === matrix[i] && twin.j === j)
          twin.field.value = say.editable(matrix[i][j]);
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
    const present = {
      project: state.direct === null,
      turn: this.made.rotates,
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
        return h("label", {}, radio, token(word));
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
    later(this);
  }

  go(step) {
    this.state.step = this.kinds[step];
    this.show();
    this.announce();
    later(this);
  }

  /** The number of the current step: of the last one before it, if it has gone. */
  get step() {
    const far = STEPS.indexOf(this.state.step);
    return this.kinds.findLastIndex((kind) => STEPS.indexOf(kind) <= far);
  }

  /** The step that the walk has come to. */
  show() {
    const { say, state, made, kinds, step } = this;
    const last = kinds.length - 1;
    this.steps.show(step, last);
    this.current.textContent = line(state, made, kinds[step], say);
    this.remark.textContent = remarks(state, made, kinds.slice(0, step + 1), say).join(" ");
    const next = step < last ? kinds[step + 1] : "end";
    this.predict.replaceChildren(h("strong", {}, say.before), say.colon, say.predict[next]);
    const choose = (query) => this.choose(query);
    const shown = kinds.map((kind, n) => n > 0 && results(kind, state, made, say, n > step, choose));
    this.tables.replaceChildren(...shown.slice(1).flat());
    this.reach(this.tables);
    this.link.href = this.address;
  }

  /** Say to who does not see it what is shown. */
  announce() {
    const { say, kinds, step, fault, current, remark } = this;
    const count = `${say.count(step, kinds.length - 1)}${say.colon}${current.textContent}`;
    const said = this.walking.inert ? [] : [count, remark.textContent];
    this.status.textContent = [fault.textContent, ...said].filter(Boolean).join(". ");
  }
}

customElements.define("precis-attention", AttentionExplorer);
