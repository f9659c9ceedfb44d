// What the explorers share: elements, numbers in the reader's language, steps, states in the
// address, and the custom element that has all of these.

const SVG = "http://www.w3.org/2000/svg";
const THOUSANDTH = 1e-3;
const MILLION = 1e6;
const SUPERSCRIPTS = { "-": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].entries()) };

/** An HTML element. */
export const h = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);

/** An SVG element. */
export const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Numbers

export const raised = (integer) => [...String(integer)].map((sign) => SUPERSCRIPTS[sign]).join("");

/** What writes numbers in a language, with as many digits as a page shows. */
export function numbers(locale) {
  const places = new Intl.NumberFormat(locale, { maximumFractionDigits: 4 });
  const fixed = new Intl.NumberFormat(locale, { minimumFractionDigits: 4, maximumFractionDigits: 4 });

  /** Whether a number is shown without a power of ten. */
  const plainly = (value) => {
    const size = Math.abs(value);
    return size === 0 || (size >= THOUSANDTH && size < MILLION);
  };

  function number(value) {
    if (Number.isNaN(value)) return "NaN";
    if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
    if (plainly(value)) return places.format(value || 0).replace("-", "−");
    const [mantissa, exponent] = value.toExponential(4).split("e");
    return `${places.format(Number(mantissa)).replace("-", "−")} × 10${raised(Number(exponent))}`;
  }

  /** Whether what is shown is the value; its last bits aside, which no reader means. */
  function exact(value) {
    if (!Number.isFinite(value) || value === 0) return true;
    const kept = Number(plainly(value) ? value.toFixed(4) : value.toExponential(4));
    return Math.abs(kept - value) <= 1e-12 * Math.abs(value);
  }

  /** `= 2.42`, or `≈ 0.0852` where digits are left out. */
  const equals = (value) => `${exact(value) ? "=" : "≈"} ${number(value)}`;

  /** A number as a factor or an operand: in parentheses if it is negative, or a product. */
  function operand(value) {
    const text = number(value);
    return value < 0 || text.includes("×") ? `(${text})` : text;
  }

  /** A number in a table: with four decimals, unless it is an integer, last bits aside. */
  function cell(value) {
    const whole = Math.abs(value - Math.round(value)) <= 1e-12 * Math.abs(value);
    if (whole || !Number.isFinite(value) || Math.abs(value) >= MILLION) return number(value);
    return fixed.format(value).replace("-", "−");
  }

  /** A number as one may type it, with all its digits. */
  function editable(value) {
    if (!Number.isFinite(value)) return number(value);
    return String(value).replace(".", locale === "fr" ? "," : ".").replace("-", "−");
  }

  return { number, exact, equals, operand, cell, editable };
}

/** The number that a reader typed, with either decimal sign; NaN if it is none. */
export function typed(text) {
  const plain = text.trim().replace(",", ".").replace(/^[−–]/, "-");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

// Steps

const ICONS = {
  first: "M6 6h2v12H6zM20 6v12L9.5 12z",
  previous: "M16 5v14L5 12z",
  next: "M8 5v14l11-7z",
  last: "M16 6h2v12h-2zM4 6v12l10.5-6z",
};
const KEYS = { ArrowLeft: "previous", ArrowRight: "next", Home: "first", End: "last" };

/** What buttons and steps are called. */
export const STEP_WORDS = {
  fr: {
    steps: "Étapes",
    first: "Première étape",
    previous: "Étape précédente",
    next: "Étape suivante",
    last: "Dernière étape",
    count: (step, last) => `Étape ${step} sur ${last}`,
  },
  en: {
    steps: "Steps",
    first: "First step",
    previous: "Previous step",
    next: "Next step",
    last: "Last step",
    count: (step, last) => `Step ${step} of ${last}`,
  },
};

/** Four buttons that walk the steps of a calculation, and the number of the current one. */
export class Steps {
  /** `go` is called with the number of the step to go to; `say` has STEP_WORDS. */
  constructor(say, go) {
    this.say = say;
    this.go = go;
    this.buttons = new Map(Object.keys(ICONS).map((to) => [to, this.#button(to)]));
    this.count = h("span", { class: "count" });
    const group = { class: "steps", role: "group", "aria-label": say.steps };
    this.element = h("div", group, ...this.buttons.values(), this.count);
  }

  #button(to) {
    const path = svg("path", { d: ICONS[to] });
    const icon = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, path);
    const button = h("button", { type: "button", "aria-label": this.say[to] }, icon);
    button.addEventListener("click", () => this.walk(to));
    return button;
  }

  walk(to) {
    const { step, last } = this;
    const place = { first: 0, previous: step - 1, next: step + 1, last }[to];
    this.go(Math.max(0, Math.min(place, last)));
  }

  /** Let the arrow keys, Home and End walk while the focus is in a part of the page. */
  listen(part) {
    part.addEventListener("keydown", (event) => {
      const plain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
      if (!plain || !(event.key in KEYS)) return;
      event.preventDefault();
      this.walk(KEYS[event.key]);
    });
  }

  show(step, last) {
    Object.assign(this, { step, last });
    this.count.textContent = this.say.count(step, last);
    for (const [to, button] of this.buttons) {
      const over = to === "first" || to === "previous" ? step === 0 : step === last;
      button.setAttribute("aria-disabled", over); // a disabled button would lose the focus
    }
  }
}

// The address

const SETTLED = 400; // milliseconds without a change before it is said, and put into the address

/** Keep an explorer's state, then do something, once the reader has paused. */
export function later(explorer, then = () => {}) {
  clearTimeout(explorer.waiting);
  explorer.waiting = setTimeout(() => {
    explorer.keep();
    then();
  }, SETTLED);
}

/** Put the address's state into the links to the page's translations. */
export function shareState() {
  for (const link of document.querySelectorAll("a[hreflang]")) link.search = location.search;
}

/**
 * Have a link of this page to another state change the state alone.
 *
 * `isState` says whether an address's parameters are one; `visit` shows that of the address;
 * `arrive` does what a followed link is to do besides.
 */
export function followStates(isState, visit, arrive) {
  addEventListener("popstate", visit);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !plain || link.host !== location.host || link.pathname !== location.pathname) return;
    if (!isState(new URLSearchParams(link.search))) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    visit();
    arrive();
  });
}

// The custom element

let explorers = 0;

/** Replace the options of a list to choose from by others: pairs of a value and its words. */
export function fill(select, options) {
  select.replaceChildren(...options.map(([value, words]) => h("option", { value }, words)));
}

/**
 * An explorer whose state comes from its attributes, or from the address with `address` among
 * them, for one element a page.
 *
 * A class made from it names its `page`, the `names` of its state, and has the methods `speech`
 * (words in a language), `build`, `open` (a state, piece by piece), `announce` and `described`
 * (a state as parameters of an address).
 */
export class Explorer extends HTMLElement {
  connectedCallback() {
    if (this.say) return;
    this.say = this.speech(document.documentElement.lang);
    this.unique = `${this.page}-${(explorers += 1)}`;
    this.keeps = this.hasAttribute("address");
    this.tabIndex = -1; // a place to read on from, not a control
    this.build();
    this.restore();
    if (!this.keeps) return;
    const isState = (query) => this.names.some((name) => query.has(name));
    followStates(isState, () => this.restore(), () => this.arrive());
    shareState();
  }

  /** Show the state of the address, or of the attributes. */
  restore() {
    clearTimeout(this.waiting);
    const query = this.keeps ? new URLSearchParams(location.search) : new URLSearchParams();
    this.open((name) => query.get(name) ?? this.getAttribute(name));
    if (this.keeps) shareState();
  }

  arrive() {
    this.focus({ preventScroll: true });
    this.scrollIntoView({ block: "start" });
    this.announce();
  }

  /** Put the state into the address. */
  keep() {
    if (!this.keeps) return;
    const query = String(this.described(this.state));
    history.replaceState(history.state, "", `${location.pathname}${query && "?"}${query}${location.hash}`);
    shareState();
  }

  /** Where the explorer's own page shows its state. */
  get address() {
    const folder = document.documentElement.lang === "en" ? "en/" : "";
    return new URL(`../${folder}${this.page}/?${this.described(this.state)}`, import.meta.url);
  }

  /** Let the keyboard scroll the tables that are wider than their place. */
  reach(part = this) {
    for (const box of part.querySelectorAll(".box")) {
      const scrolls = box.scrollWidth > box.clientWidth && box.ariaHidden !== "true";
      if (scrolls) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
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
}
