// <precis-dtype>: type a number, see the bits and the value that each dtype holds; turn a bit,
// see the number change. What it contains without this script is what stands there without it.

import {
  DTYPES, classOf, decimal, double, error, held, isFloat, literal, neighbours, parts, read,
  rounded, value,
} from "./dtype.js";
import { local, words } from "./words.js";

const FIRST = "0.1";
const PARAMETER = "x"; // in the address: the fragment belongs to the headings
const MOST_CHARACTERS = 400;
const MOST_DIGITS = 120;
const LONGEST_EXACT = 40;
const PAUSE = 600; // in milliseconds, before what is typed is said aloud

const MATH = "http://www.w3.org/1998/Math/MathML";

/** An element, or one of MathML, with what it contains. */
function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, text] of Object.entries(attributes)) element.setAttribute(key, text);
  element.append(...content);
  return element;
}

function math(name, ...content) {
  const element = document.createElementNS(MATH, name);
  element.append(...content);
  return element;
}

const minus = (text) => text.replaceAll("-", "−");

/** What a decimal text shows: digits, and a power of ten where there would be many zeros. */
function figures(text) {
  const [, sign, whole, rest = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(text) ?? [];
  if (whole === undefined) return [minus(text)];
  const digits = (whole + rest).replace(/^0+/, "");
  const power = digits ? whole.length - 1 - ((whole + rest).length - digits.length) : 0;
  const few = digits.replace(/0+$/, "") || "0";
  const cut = few.length > MOST_DIGITS ? words.digits(few.length) : "";
  if (power >= -6 && power <= 21 && !cut) return [minus(local(text))];
  const shown = cut ? few.slice(0, MOST_DIGITS / 4) : few;
  const mantissa = shown[0] + (shown.length > 1 ? "." + shown.slice(1) : "");
  return [minus(sign + local(mantissa)), cut, " × 10", make("sup", {}, minus(String(power)))];
}

/** A number in two digits, as errors are given. */
function roughly(number, sign = "") {
  const [mantissa, power] = double(number).toExponential(1).split("e");
  const plain = Number(power) >= -2 && Number(power) <= 3;
  if (plain) return [sign + minus(local(String(Number(double(number).toPrecision(2)))))];
  return [sign + minus(local(mantissa)), " × 10", make("sup", {}, minus(String(Number(power))))];
}

/** The neighbours as Python would print them: short, and enough to tell them apart. */
function brief(number) {
  const [mantissa, power] = literal(number).replace(/\.0$/, "").split("e");
  const digits = minus(local(mantissa));
  return power ? [digits, " × 10", make("sup", {}, minus(power))] : [digits];
}

/** The bits of a float as a product: its sign, a power of two, one or zero and its fraction. */
function product(bits, dtype) {
  const { exponent: width, fraction: last } = DTYPES[dtype];
  const { sign, exponent, fraction } = parts(bits, dtype);
  const two = (...power) => math("msup", math("mn", "2"), math("mrow", ...power));
  const number = (n) => math("mn", String(n));
  const sum = exponent === 0 ? "0" : "1";
  return math(
    "math",
    math(
      "mrow",
      ...(sign ? [math("mo", "−")] : []),
      two(number(Math.max(exponent, 1)), math("mo", "−"), number(2 ** (width - 1) - 1)),
      math("mo", "×"),
      math("mo", "("),
      number(sum),
      math("mo", "+"),
      math("mfrac", number(fraction), two(number(last))),
      math("mo", ")"),
    ),
  );
}

/** The field that a bit belongs to, counted from the left. */
function fieldOf(dtype, index) {
  const { exponent, signed } = DTYPES[dtype];
  if (index === 0 && signed !== false) return "sign";
  return !isFloat(dtype) ? "whole" : index <= exponent ? "exponent" : "fraction";
}

/** One dtype: its bits as buttons, and what they mean in words. */
class Row {
  constructor(dtype, turn) {
    const size = DTYPES[dtype].bits;
    this.dtype = dtype;
    this.kind = make("span", { class: "dtype-kind" });
    this.hex = make("code", { class: "dtype-hex" });
    this.cells = Array.from({ length: size }, (_, index) => this.#cell(index, turn));
    this.cells[0].tabIndex = 0;
    this.grid = make("div", { class: "dtype-bits", role: "toolbar", "aria-label": words.bits(dtype) });
    this.grid.append(...this.cells);
    this.grid.addEventListener("keydown", (event) => this.#move(event));
    this.value = make("p", { class: "dtype-value" });
    this.note = make("p", { class: "dtype-note" });
    const head = make("p", { class: "dtype-head" }, make("code", {}, dtype), " ", this.kind, " ", this.hex);
    this.element = make("div", {
      class: "dtype-row", "data-dtype": dtype, role: "group", "aria-label": dtype,
    });
    this.element.append(head, this.grid, this.value, this.note);
  }

  #cell(index, turn) {
    const field = fieldOf(this.dtype, index);
    const cell = make("button", { type: "button", class: `dtype-bit dtype-${field}`, tabindex: "-1" });
    if (index === 0 || field !== fieldOf(this.dtype, index - 1)) cell.dataset.field = words.fields[field];
    cell.addEventListener("click", () => {
      this.#reach(index);
      turn(this.dtype, BigInt(DTYPES[this.dtype].bits - 1 - index));
    });
    return cell;
  }

  /** One stop of the Tab key a row: the arrows go from bit to bit. */
  #move(event) {
    const at = this.cells.indexOf(document.activeElement);
    const last = this.cells.length - 1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#reach(Math.min(Math.max(to, 0), last));
  }

  #reach(index) {
    for (const cell of this.cells) cell.tabIndex = -1;
    this.cells[index].tabIndex = 0;
    this.cells[index].focus();
  }

  /** Show what the dtype holds of a number. */
  show(number, result) {
    const { dtype } = this;
    const size = DTYPES[dtype].bits;
    this.bits = result.bits;
    const has = result.bits !== undefined;
    const bits = has ? result.bits.toString(2).padStart(size, "0") : "·".repeat(size);
    for (const [index, cell] of this.cells.entries()) {
      cell.textContent = bits[index];
      cell.classList.toggle("dtype-one", bits[index] === "1");
      cell.disabled = !has;
      const field = words.fields[fieldOf(dtype, index)];
      cell.setAttribute("aria-label", words.bit(field, size - 1 - index, bits[index]));
    }
    this.hex.textContent = has ? "0x" + result.bits.toString(16).padStart(size / 4, "0") : "";
    const kind = isFloat(dtype) ? classOf(result.bits, dtype) : DTYPES[dtype].signed ? "signed" : "unsigned";
    this.kind.textContent = words.kinds[kind];
    this.value.replaceChildren(...(has ? this.#stored(result.bits, kind) : []));
    this.value.hidden = !has;
    this.note.replaceChildren(...this.#remarks(number, result));
    this.note.hidden = !this.note.hasChildNodes();
  }

  #stored(bits, kind) {
    const digits = make("strong", {}, ...figures(decimal(value(bits, this.dtype))));
    if (kind !== "normal" && kind !== "subnormal") return [digits];
    return [product(bits, this.dtype), " = ", digits];
  }

  #remarks(number, result) {
    const { dtype } = this;
    if (result.missing) return [words[result.missing]];
    const stored = value(result.bits, dtype);
    if (result.wrapped) return [words.wrapped(DTYPES[dtype].bits), ...modulo(number, stored, dtype), "."];
    if (number.kind === "nan") return [];
    const sentences = [];
    const off = number.kind === "inf" || stored.kind === "inf" ? null : error(stored, number);
    if (off?.n === 0n || (number.kind === "inf" && stored.kind === "inf")) sentences.push([words.exact]);
    else if (off && !isFloat(dtype)) sentences.push([words.cut]);
    else if (off) {
      const relative = { ...off, negative: false, n: off.n * number.d, d: off.d * number.n };
      sentences.push([words.off, ...roughly(off, off.negative ? "" : "+"), words.separator,
        words.relative, ...roughly(relative), "."]);
    }
    if (isFloat(dtype)) {
      const next = neighbours(result.bits, dtype).filter((other) => other !== null);
      const [one, other] = next.map((bits) => brief(value(bits, dtype)));
      const [before, and] = words.between;
      if (other) sentences.push([before, ...one, and, ...other, "."]);
      const once = rounded(number, dtype);
      else if (number.kind !== "inf") sentences.push([words.beyond, ...one, "."]);
      if (once !== result.bits) sentences.push([words.twice, ...brief(value(once, dtype)), "."]);
    }
    return sentences.flatMap((sentence, n) => (n ? [" ", ...sentence] : sentence));
  }

  /** What a screen reader says of it. */
  get sentence() {
    const { textContent } = this.value.querySelector("strong") ?? { textContent: words.nothing };
    return words.says(this.dtype, textContent);
  }
}

/** How an integer that does not fit becomes one that does: 300 − 256 = 44. */
function modulo(number, stored, dtype) {
  const whole = number.negative ? -number.n : number.n;
  const kept = stored.negative ? -stored.n : stored.n;
  const turns = (whole - kept) >> BigInt(DTYPES[dtype].bits);
  const times = turns < 0n ? -turns : turns;
  const sign = turns < 0n ? " + " : " − ";
  const factor = times === 1n ? "" : `${times} × `;
  return [minus(String(whole)), sign, factor, "2", make("sup", {}, String(DTYPES[dtype].bits)), " = ",
    minus(String(kept))];
}

class DtypeExplorer extends HTMLElement {
  #rows = Object.keys(DTYPES).map((dtype) => new Row(dtype, (...bit) => this.#turn(...bit)));
  #field = make("input", {
    id: "dtype-number", type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    maxlength: MOST_CHARACTERS, "aria-describedby": "dtype-reading",
  });
  #reading = make("p", { id: "dtype-reading" });
  #aloud = make("p", { class: "dtype-aloud", role: "status" });
  #later = 0;

  connectedCallback() {
    const label = make("label", { for: "dtype-number" }, words.number);
    const ask = make("div", { class: "dtype-ask" }, label, this.#field, this.#reading);
    this.replaceChildren(ask, ...this.#rows.map((row) => row.element), this.#aloud);
    this.#field.addEventListener("input", () => this.#typed());
    addEventListener("popstate", () => this.#visit());
    document.addEventListener("click", (event) => this.#follow(event));
    this.#visit();
  }

  /** Show the number of the page's address. */
  #visit() {
    this.#field.value = local(new URLSearchParams(location.search).get(PARAMETER) ?? FIRST);
    this.#show();
  }

  /** A link of this page to another number changes the number alone. */
  #follow(event) {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !plain || link.host !== location.host || link.pathname !== location.pathname) return;
    if (!new URLSearchParams(link.search).has(PARAMETER)) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    this.#visit();
    this.#field.focus({ preventScroll: true });
    this.scrollIntoView({ block: "start" });
    this.#say(this.#rows);
  }

  #typed() {
    if (!this.#show()) return;
    this.#remember();
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#say(this.#rows), PAUSE);
  }

  /** A bit was turned: the number becomes the one that the bits now stand for. */
  #turn(dtype, place) {
    const row = this.#rows.find((other) => other.dtype === dtype);
    const bits = row.bits ^ (1n << place);
    const number = value(bits, dtype);
    this.#field.value = local(typeable(number));
    this.#show(dtype, bits);
    this.#remember();
    this.#say([row]);
  }

  /** Show what the field holds; `bits` are those of a row where several say the same (NaN). */
  #show(dtype = "", bits = 0n) {
    const number = read(this.#field.value);
    const reading = number === null ? "unread" : number.kind === "int" ? "int" : "float";
    this.#field.setAttribute("aria-invalid", String(number === null));
    this.#reading.textContent = words[reading];
    if (number === null) return false;
    for (const row of this.#rows) {
      const result = row.dtype === dtype ? { bits } : held(number, row.dtype);
      row.show(number, result);
    }
    return true;
  }

  #remember() {
    const address = new URL(location.href);
    address.searchParams.set(PARAMETER, this.#field.value.replace(",", "."));
    history.replaceState(null, "", address);
  }

  #say(rows) {
    this.#aloud.textContent = rows.map((row) => row.sentence).join(words.separator);
  }
}

/** A text that Python reads as this number: all its digits, unless they are many. */
function typeable(number) {
  const all = decimal(number);
  if (number.kind !== "float" || all.length > LONGEST_EXACT) return literal(number);
  return all.includes(".") ? all : all + ".0";
}

customElements.define("precis-dtype", DtypeExplorer);
