// <precis-autograd expression="w × x" x="1.1" w="2.2" gradients="w">: an expression, its graph,
// and a walk through it. What the element holds in the page is shown where this script is not,
// and replaced where it is.

import { Fault, INPUTS, respelt } from "./autograd-explorer/expression.js";
import { graph, walk } from "./autograd-explorer/graph.js";
import { picture } from "./autograd-explorer/picture.js";
import { speech, subscripted } from "./autograd-explorer/words.js";
import { Steps, h, later, shareState, typed } from "./explorers.js";

const RANGE = { x: [-5, 5], w: [-5, 5], b: [-5, 5], y: [0, 1] };

class AutogradExplorer extends HTMLElement {
  connectedCallback() {
    if (this.say) return;
    this.say = speech(document.documentElement.lang);
    const names = ["expression", "gradients", ...INPUTS];
    const own = Object.fromEntries(names.map((name) => [name, this.getAttribute(name)]));
    this.state = restored(new URLSearchParams(location.search), own);
    this.build();
    this.update();
    shareState();
    new ResizeObserver(() => this.walked && this.draw()).observe(this);
  }

  /** What stays: fields, buttons, and the places of what changes. */
  build() {
    const { say } = this;
    this.fault = h("p", { class: "fault", id: "autograd-fault" });
    this.field = h("input", {
      id: "autograd-expression",
      type: "text",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      "aria-describedby": "autograd-fault",
    });
    this.field.value = respelt(this.state.text, ".", say.decimal);
    this.field.addEventListener("input", () => {
      this.state.step = 0;
      this.changed();
    });
    const label = h("label", { for: "autograd-expression" }, say.expression);
    const typing = h("div", { class: "typing" }, label, this.field, this.fault);

    this.rows = new Map(INPUTS.map((name) => [name, this.row(name)]));
    const legend = h("legend", {}, say.inputs);
    const inputs = h("fieldset", { class: "inputs" }, legend, ...this.rows.values());

    this.steps = new Steps(say, (step) => this.go(step));
    this.current = h("p", { class: "current" });
    this.picture = h("div", { class: "graph", role: "group", tabindex: 0, "aria-label": say.graph });
    this.lists = h("div", { class: "lists" });
    this.walking = h("div", { class: "walk" }, this.steps.element, this.current, this.picture, this.lists);
    this.steps.listen(this.walking);

    this.status = h("p", { class: "precis-said", role: "status" });
    const all = { "aria-label": say.explorer };
    this.replaceChildren(h("section", all, typing, inputs, this.walking, this.status));
  }

  /** An input: its number, its slider, and whether it asks for a gradient. */
  row(name) {
    const { say, state } = this;
    const id = `autograd-${name}`;
    const number = h("input", { id, type: "text", autocomplete: "off" });
    const slider = h("input", { type: "range", step: 0.1, "aria-label": say.slider(name) });
    const asks = h("input", { type: "checkbox", "aria-label": say.asksFor(name) });
    asks.checked = state.wanted.has(name);

    const slide = (value) => {
      const [low, high] = RANGE[name];
      slider.min = Math.min(low, Math.floor(value));
      slider.max = Math.max(high, Math.ceil(value));
      slider.value = value;
    };
    const write = (value) => {
      number.value = String(value).replace(".", say.decimal).replace("-", "−");
    };
    const take = (value) => {
      const valid = Number.isFinite(value);
      number.setAttribute("aria-invalid", !valid);
      if (valid) slider.setAttribute("aria-valuetext", say.number(value));
      state.values[name] = value;
    };
    slide(state.values[name]);
    write(state.values[name]);
    take(state.values[name]);

    number.addEventListener("input", () => {
      const value = typed(number.value);
      if (Number.isFinite(value)) slide(value);
      take(value);
      this.changed();
    });
    slider.addEventListener("input", () => {
      write(slider.valueAsNumber);
      take(slider.valueAsNumber);
      this.changed();
    });
    asks.addEventListener("change", () => {
      if (asks.checked) state.wanted.add(name);
      else state.wanted.delete(name);
      this.changed();
    });
    const label = h("label", { for: id, class: "name" }, name);
    return h("div", { class: "input" }, label, number, slider, h("label", {}, asks, say.asks));
  }

  /** The reader changed something: show it at once; say and keep it when they pause. */
  changed() {
    this.update();
    later(this, () => this.announce());
  }

  go(step) {
    this.state.step = step;
    this.show();
    this.announce();
    later(this);
  }

  /** Read and compute anew. */
  update() {
    const { say, state } = this;
    const { values } = state;
    this.walked = null;
    let fault = null;
    try {
      this.made = graph(this.field.value, say.decimal);
      const inputs = this.made.nodes.filter(({ op }) => op === "input").map(({ name }) => name);
      for (const [name, row] of this.rows) row.hidden = !inputs.includes(name);
      const odd = inputs.find((name) => !Number.isFinite(values[name]));
      if (odd) fault = say.notNumber(odd);
      else this.walked = walk(this.made, values, [...state.wanted]);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      fault = error;
    }
    this.refuse(fault);
    if (!this.walked) return;
    state.step = Math.min(state.step, this.walked.steps.length - 1);
    this.list();
    this.show();
  }

  /** Say beside the expression what is wrong, if anything is. */
  refuse(fault) {
    const { say, field } = this;
    this.walking.inert = fault !== null;
    field.setAttribute("aria-invalid", fault instanceof Fault);
    if (!(fault instanceof Fault)) {
      this.said = fault ?? "";
      this.fault.replaceChildren(this.said);
      return;
    }
    const { kind, start, end } = fault;
    const detail = typeof fault.detail === "number" ? say.number(fault.detail) : fault.detail;
    const text = field.value;
    this.said = (text.trim() ? say.at(start + 1) : "") + say.faults[kind](detail);
    const wrong = h("mark", {}, text.slice(start, end) || "\u00a0");
    const before = [text.slice(0, start), wrong, text.slice(end)];
    const place = h("span", { class: "place", "aria-hidden": true }, ...before);
    this.fault.replaceChildren(place, this.said);
  }

  /** The steps as text, one list a direction. */
  list() {
    const { say, walked } = this;
    this.items = walked.steps.map((step, n) => {
      if (step.kind === "start") return null;
      const item = h("li", { value: n }, h("span", {}, this.told(step)));
      item.addEventListener("click", () => this.go(n)); // the buttons do it for the keyboard
      return item;
    });
    const forward = this.items.filter((_, n) => walked.steps[n].kind === "forward");
    const backward = this.items.slice(1 + forward.length);
    const list = (way, items) => {
      const id = `autograd-${way}`;
      const all = items.length ? h("ol", { "aria-labelledby": id }, ...items) : say.none[way];
      return h("div", {}, h("p", { class: "title", id }, say[way]), all);
    };
    this.lists.replaceChildren(list("forward", forward), list("backward", backward));
  }

  /** A step in a line of text. */
  told({ kind, node, place, arg, local, part, before, total, path, paths }) {
    const { say, state } = this;
    const { nodes, result } = this.made;
    const { values, gradients } = this.walked;
    const name = (n) => subscripted(nodes[n].name ?? say.operand(values[n]));
    const slope = (n) => `∂${name(result)}/∂${name(n)}`;
    if (kind === "start") {
      const names = nodes.filter(({ op }) => op === "input").map((input) => input.name);
      const present = INPUTS.filter((input) => names.includes(input));
      const all = present.map((input) => `${input} ${say.equals(state.values[input])}`.replaceAll(" ", "\u00a0"));
      return all.length ? say.start(all.join(say.separator)) : say.startless;
    }
    if (kind === "seed") return `${slope(node)} = 1`;
    const { op, args } = nodes[node];
    if (kind === "forward") {
      const operands = args.map((n) => values[n]);
      const names = say.formula(op, args.map(name), args.map(name));
      const shown = say.formula(op, operands.map(say.operand), operands.map(say.number));
      const rounded = !operands.every(say.exact);
      const value = rounded ? `≈ ${say.number(values[node])}` : say.equals(values[node]);
      if (names === shown) return `${name(node)} = ${names} ${value}`;
      return `${name(node)} = ${names} ${rounded ? "≈" : "="} ${shown} ${value}`;
    }
    const derivative = say.slope(op, place, name(node), args.map(name)) ?? say.number(local);
    const upstream = gradients[node];
    const first = before === null;
    const sum = first ? "" : `${say.number(before)} + `;
    const all = [upstream, local, ...(first ? [] : [before])];
    const rounded = !all.every(say.exact);
    const shown = `${sum}${say.operand(upstream)} × ${say.operand(local)}`;
    const value = rounded ? `≈ ${say.number(total)}` : say.equals(total);
    const text = `${sum}${slope(node)} × ${derivative} ${rounded ? "≈" : "="} ${shown} ${value}`;
    if (paths === 1) return `${slope(arg)} = ${text}`;
    if (path < paths) return `${slope(arg)}, ${say.path(path, paths)}${say.colon}${text}`;
    return `${slope(arg)} = ${text} (${say.path(path, paths)})`;
  }

  /** The step that the walk has come to. */
  show() {
    const { say, walked } = this;
    const { step } = this.state;
    this.steps.show(step, walked.steps.length - 1);
    this.current.textContent = this.told(walked.steps[step]);
    this.current.dataset.kind = walked.steps[step].kind;
    for (const [n, item] of this.items.entries()) {
      if (!item) continue;
      item.ariaHidden = n > step; // what is ahead is the reader's to predict
      if (n === step) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    this.draw();
  }

  draw() {
    const style = getComputedStyle(this.picture);
    const pen = document.createElement("canvas").getContext("2d");
    const measure = (name, text) => {
      pen.font = `${name === "value" ? 600 : 400} ${name === "formula" ? 12 : 13}px ${style.fontFamily}`;
      return pen.measureText(text).width;
    };
    const room = this.picture.clientWidth;
    const drawn = picture(this.made, this.walked, this.state.step, this.say, room, measure);
    this.picture.replaceChildren(drawn);
    const now = drawn.querySelector(":is(.forth, .back) rect");
    if (!now) return;
    const [box, window] = [now, this.picture].map((element) => element.getBoundingClientRect());
    this.picture.scrollLeft += (box.left + box.right - window.left - window.right) / 2;
  }

  /** Say to who does not see it what is shown. */
  announce() {
    const { say, walked, state } = this;
    if (walked) {
      const count = say.count(state.step, walked.steps.length - 1);
      this.status.textContent = `${count}${say.colon}${this.told(walked.steps[state.step])}`;
    } else this.status.textContent = this.said;
  }

  /** Put the state into the address. */
  keep() {
    const { say, state } = this;
    const query = new URLSearchParams({ e: respelt(this.field.value, say.decimal, ".") });
    for (const [name, row] of this.rows)
      if (!row.hidden && Number.isFinite(state.values[name])) query.set(name, state.values[name]);
    query.set("g", [...this.rows.keys()].filter((name) => state.wanted.has(name)).join(""));
    if (state.step) query.set("s", state.step);
    history.replaceState(history.state, "", `?${query}${location.hash}`);
    shareState();
  }
}

/** The state in an address; what it leaves out is the page's own. */
function restored(query, own) {
  const values = INPUTS.map((name) => {
    const value = typed(query.get(name) ?? "");
    return [name, Number.isFinite(value) ? value : Number(own[name])];
  });
  const shared = query.get("e");
  const gradients = query.get("g") ?? (shared === null ? own.gradients : INPUTS.join(""));
  const step = Number(query.get("s"));
  return {
    text: shared ?? own.expression,
    values: Object.fromEntries(values),
    wanted: new Set(INPUTS.filter((name) => gradients.includes(name))),
    step: Number.isInteger(step) && step > 0 ? step : 0,
  };
}

customElements.define("precis-autograd", AutogradExplorer);
