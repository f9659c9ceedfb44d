// <precis-sampling logits="3_2_1" top-p="0.9" step="top-p">: logits that one changes, and the way
// from them to a token, rule by rule, in the order that one chooses. Attributes have the names of
// `state.js`. With the attribute `address`, for one element a page, the address keeps the state.
// What the element holds in the page is shown where this script is not, and replaced where it is.

import { Explorer, Steps, fill, h, later, svg } from "../explorers.js";
import { line, nameOf, remarks } from "./lines.js";
import { OFF, RULES, drawn, filtered } from "./sampling.js";
import {
  FEWEST, LARGEST, MOST, NAMES, PRESETS, described, labelled, logitIn, restored, valueIn,
} from "./state.js";
import { strip, table } from "./tables.js";
import { speech } from "./words.js";

const DIGITS = 1e4; // of what the arrow keys write, and of a number that is drawn
const SLIDERS = {
  repetition: { min: 1, max: 2, step: 0.05 },
  temperature: { min: -1, max: 1, step: 0.05 }, // powers of ten
  "top-k": { min: 0, max: MOST, step: 1 },
  "top-p": { min: 0.01, max: 1, step: 0.01 },
  "min-p": { min: 0, max: 1, step: 0.01 },
  u: { min: 0, max: 0.99, step: 0.01 },
};
const ARROWS = { earlier: "M12 5l7 9H5z", later: "M12 19l7-9H5z" };
const CROSS = "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6 10.6 12 5 6.4z";

const icon = (d) => svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d }));

class SamplingExplorer extends Explorer {
  page = "sampling-explorer";
  names = NAMES;
  speech = speech;
  described = described;

  open(get) {
    this.state = restored(get);
    this.rows();
    this.write();
    this.arrange();
    this.update();
  }

  /** What stays: fields, buttons, and the places of what changes. */
  build() {
    const { say } = this;
    this.fault = h("p", { class: "fault" });
    this.status = h("p", { class: "precis-said", role: "status" });
    this.controls = Object.fromEntries([...RULES, "u"].map((name) => [name, this.control(name)]));
    this.cards = Object.fromEntries(RULES.map((rule) => [rule, this.card(rule)]));
    this.order = h("ol", { class: "rules" });
    const rules = h("fieldset", {}, h("legend", {}, say.rules), this.order);

    this.gives = h("span", { class: "gives" });
    const draw = h("button", { type: "button", class: "wide" }, say.draw);
    draw.addEventListener("click", () => this.cast());
    const uniform = this.labelled("u", say.uniform, this.controls.u.element);
    const drawing = h("div", { class: "drawing" }, uniform, draw, this.gives);

    this.current = h("p", { class: "current" });
    this.remark = h("p", { class: "remark" });
    this.entropy = h("p", { class: "entropy" });
    this.predict = h("p", { class: "predict" });
    this.strip = h("div");
    this.box = h("div", { class: "box", role: "group", "aria-label": say.probabilities });
    this.steps = new Steps(say, (step) => this.go(step));
    this.steps.listen(this.steps.element);
    const lines = [this.current, this.remark, this.strip, this.box, this.entropy, this.predict];
    this.walking = h("div", { class: "walk" }, this.steps.element, ...lines);

    this.link = h("a", { class: "page" }, say.page);
    const rest = this.keeps ? [] : [h("p", {}, this.link)];
    const settings = h("div", { class: "panes" }, this.typing(), h("div", {}, rules, drawing));
    const all = { "aria-label": say.explorer };
    this.replaceChildren(h("section", all, settings, this.fault, this.walking, ...rest, this.status));
  }

  /** The tokens, their logits, and what fills them. */
  typing() {
    const { say } = this;
    this.preset = h("select", { id: this.id("preset") });
    fill(this.preset, Object.entries(say.presets));
    this.preset.addEventListener("change", () => {
      const logits = PRESETS[this.preset.value];
      if (!logits) return;
      const tokens = labelled([], logits.length);
      Object.assign(this.state, { tokens, logits: [...logits], written: logits.map(() => false) });
      this.changed(true);
    });
    this.body = h("tbody");
    const names = ["token", "logit", "written"].map((name) => h("th", { scope: "col" }, say.heads[name]));
    const top = h("thead", {}, h("tr", {}, ...names, h("td")));
    this.add = h("button", { type: "button", class: "wide" }, say.add);
    this.add.addEventListener("click", () => {
      const { state } = this;
      if (state.logits.length >= MOST) return;
      state.tokens = labelled(state.tokens, state.tokens.length + 1);
      state.logits.push(0);
      state.written.push(false);
      this.changed(true);
      this.body.lastElementChild.querySelector(".number").focus();
    });
    const knob = this.labelled("preset", say.preset, this.preset);
    const fields = h("table", { class: "sampling-fields" }, top, this.body);
    return h("fieldset", {}, h("legend", {}, say.tokens), knob, h("div", { class: "box", role: "group", "aria-label": say.tokens }, fields), this.add);
  }

  /** A field and a slider for one number. */
  control(name) {
    const { say } = this;
    const words = say.rule[name] ?? say.uniform;
    const field = this.text(name, { class: "short", inputmode: name === "top-k" ? "numeric" : "decimal" });
    const slider = h("input", { type: "range", "aria-label": say.slider(words), ...SLIDERS[name] });
    field.addEventListener("input", () => {
      const value = valueIn(name, field.value);
      field.setAttribute("aria-invalid", Number.isNaN(value));
      if (!Number.isNaN(value)) this.put(name, value);
      this.slide(name);
      this.changed();
    });
    slider.addEventListener("input", () => {
      const place = slider.valueAsNumber;
      this.put(name, Number(name === "temperature" ? (10 ** place).toPrecision(2) : place.toFixed(2)));
      this.write([name]);
      this.changed();
    });
    return { field, slider, element: h("span", { class: "sliding" }, field, slider) };
  }

  value(name) {
    return name === "u" ? this.state.u : this.state.values[name];
  }

  put(name, value) {
    if (name === "u") this.state.u = value;
    else this.state.values[name] = value;
  }

  /** Put the numbers of the state into their fields and sliders. */
  write(names = Object.keys(this.controls)) {
    for (const name of names) {
      const { field } = this.controls[name];
      field.value = this.say.editable(this.value(name));
      field.setAttribute("aria-invalid", false);
      this.slide(name);
    }
  }

  slide(name) {
    const { slider } = this.controls[name];
    const value = this.value(name);
    slider.value = name === "temperature" ? Math.log10(value) : value;
    slider.setAttribute("aria-valuetext", this.say.number(value));
  }

  /** A rule: its number, what it does here, and two buttons that change its place. */
  card(rule) {
    const { say } = this;
    const effect = h("span", { class: "effect" });
    const button = (to) => {
      const made = h("button", { type: "button", "aria-label": say[to](say.rule[rule]) }, icon(ARROWS[to]));
      made.addEventListener("click", () => this.move(rule, to === "earlier" ? -1 : 1, made));
      return made;
    };
    const buttons = [button("earlier"), button("later")];
    const knob = this.labelled(rule, say.rule[rule], this.controls[rule].element);
    const element = h("li", {}, knob, h("span", { class: "places" }, ...buttons), effect);
    return { element, effect, buttons };
  }

  move(rule, by, button) {
    const { say, state } = this;
    const from = state.order.indexOf(rule);
    const to = from + by;
    if (to < 0 || to >= RULES.length) return;
    state.order.splice(to, 0, ...state.order.splice(from, 1));
    this.arrange();
    button.focus();
    this.update();
    const moved = say.moved(say.rule[rule], to + 1, RULES.length);
    later(this, () => this.announce(moved));
  }

  /** Put the rules into their order. */
  arrange() {
    const { order } = this.state;
    this.order.replaceChildren(...order.map((rule) => this.cards[rule].element));
    for (const [place, rule] of order.entries()) {
      const [earlier, late] = this.cards[rule].buttons;
      earlier.setAttribute("aria-disabled", place === 0); // a disabled button would lose the focus
      late.setAttribute("aria-disabled", place === RULES.length - 1);
    }
  }

  /** The fields of the tokens. */
  rows() {
    this.logits = [];
    this.body.replaceChildren(...this.state.tokens.map((_, token) => this.row(token)));
    this.add.setAttribute("aria-disabled", this.state.tokens.length >= MOST);
  }

  row(token) {
    const { say, state } = this;
    const usual = { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
    const label = h("input", { ...usual, class: "label", maxlength: 12, "aria-label": say.label(token + 1) });
    const logit = h("input", { ...usual, class: "number" });
    const written = h("input", { type: "checkbox" });
    const remove = h("button", { type: "button" }, icon(CROSS));
    const name = () => {
      const named = nameOf(state, token, say);
      logit.setAttribute("aria-label", say.logit(named));
      written.setAttribute("aria-label", say.written(named));
      remove.setAttribute("aria-label", say.remove(named));
    };
    name();
    label.value = state.tokens[token];
    logit.value = say.editable(state.logits[token]);
    written.checked = state.written[token];
    remove.setAttribute("aria-disabled", state.tokens.length <= FEWEST);
    this.logits.push(logit);

    label.addEventListener("input", () => {
      state.tokens[token] = label.value;
      name();
      this.changed();
    });
    written.addEventListener("change", () => {
      state.written[token] = written.checked;
      this.changed();
    });
    remove.addEventListener("click", () => {
      if (state.tokens.length <= FEWEST) return;
      for (const list of [state.tokens, state.logits, state.written]) list.splice(token, 1);
      this.changed(true);
      this.body.children[Math.min(token, state.tokens.length - 1)].querySelector("button").focus();
    });
    this.takes(logit, token);
    const tick = h("label", { class: "tick" }, written);
    return h("tr", {}, ...[label, logit, tick, remove].map((part) => h("td", {}, part)));
  }

  /** A field for a logit: typed, or stepped with the arrow keys. */
  takes(field, token) {
    const { say, state } = this;
    const take = (value) => {
      field.setAttribute("aria-invalid", Number.isNaN(value));
      if (!Number.isNaN(value)) state.logits[token] = value;
      this.changed();
    };
    field.addEventListener("input", () => take(logitIn(field.value)));
    field.addEventListener("keydown", (event) => {
      const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!up || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const next = Math.round((state.logits[token] + (event.shiftKey ? up / 10 : up)) * DIGITS) / DIGITS;
      const value = Math.max(-LARGEST, Math.min(next, LARGEST));
      field.value = say.editable(value);
      take(value);
    });
  }

  /** Draw a uniform number, and go to where it is used. */
  cast() {
    this.state.u = Math.floor(Math.random() * DIGITS) / DIGITS;
    this.state.step = "draw";
    this.write(["u"]);
    this.changed();
  }

  /** The reader changed something: show it at once; say and keep it when they pause. */
  changed(structure = false) {
    if (structure) this.rows();
    this.update();
    later(this, () => this.announce());
  }

  /** Compute anew. */
  update() {
    const { say, state } = this;
    this.stages = filtered(state);
    this.kinds = [...this.stages.map(({ rule }) => rule), "draw"];
    const own = Object.keys(PRESETS).find((name) => String(PRESETS[name]) === String(state.logits));
    this.preset.value = own ?? "own";
    for (const rule of RULES) {
      const place = this.kinds.indexOf(rule);
      const [before, after] = this.around(place);
      const sizes = [before, after].map((stage) => stage?.kept.filter(Boolean).length);
      const { element, effect } = this.cards[rule];
      element.classList.toggle("off", place < 0);
      effect.textContent = place < 0 ? say.off(OFF[rule]) : say.effect(...sizes);
    }
    this.gives.textContent = say.gives(nameOf(state, drawn(this.stages.at(-1).probabilities, state.u), say));
    this.refuse();
    this.show();
  }

  /** The stages before and after a step. */
  around(place) {
    const { stages } = this;
    return [stages[Math.max(0, place - 1)], stages[Math.min(place, stages.length - 1)]];
  }

  /** Say what cannot be read, if anything cannot. */
  refuse() {
    const { say, state, logits, controls } = this;
    const isOdd = (field) => field.getAttribute("aria-invalid") === "true";
    const token = logits.findIndex(isOdd);
    const name = Object.keys(controls).find((rule) => isOdd(controls[rule].field));
    const stopped = token >= 0 ? say.faults.logit(nameOf(state, token, say)) : say.faults[name];
    this.fault.textContent = stopped ?? "";
    this.walking.inert = stopped !== undefined;
  }

  go(step) {
    this.state.step = this.kinds[step];
    this.show();
    this.announce();
    later(this);
  }

  /** The number of the current step; of the last one before it in the order, if it is off. */
  get step() {
    const order = ["start", ...this.state.order, "draw"];
    const far = order.indexOf(this.state.step);
    return this.kinds.findLastIndex((kind) => order.indexOf(kind) <= far);
  }

  /** The step that the walk has come to. */
  show() {
    const { say, state, kinds, step } = this;
    const rule = kinds[step];
    const [before, after] = this.around(step);
    this.steps.show(step, kinds.length - 1);
    this.current.textContent = line(rule, state, before, after, say);
    this.remark.textContent = remarks(rule, state, before, after, say).join(" ");
    const question = say.predict[kinds[step + 1] ?? "end"];
    this.predict.replaceChildren(h("strong", {}, say.before), say.colon, question);
    this.strip.replaceChildren(...(rule in say.strip ? [strip(rule, state, before, after, say)] : []));
    this.box.replaceChildren(table(rule, state, before, after, say));
    this.reach();
    const shown = [before, after].map((stage) => say.number(stage.entropy));
    const alike = [before, after].map((stage) => say.number(Number(Math.exp(stage.entropy).toFixed(2))));
    const changes = rule !== "start" && rule !== "draw";
    this.entropy.textContent = changes ? say.entropies(...shown, ...alike) : say.entropyNow(shown[1], alike[1]);
    this.link.href = this.address;
  }

  /** Say to who does not see it what is shown. */
  announce(first = "") {
    const { say, kinds, step, fault, current, remark, gives } = this;
    const count = `${say.count(step, kinds.length - 1)}${say.colon}${current.textContent}`;
    const drawing = step < kinds.length - 1 ? gives.textContent : ""; // the last line has it already
    const said = this.walking.inert ? [] : [count, remark.textContent, drawing];
    this.status.textContent = [first, fault.textContent, ...said].filter(Boolean).join(". ");
  }
}

customElements.define("precis-sampling", SamplingExplorer);
