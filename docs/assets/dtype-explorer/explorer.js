// <precis-dtype>: type a number, see the bits and the value that each dtype holds; turn a bit,
// see the number change. What it contains without this script is what stands there without it.

import {
  DTYPES, classOf, decimal, double, error, held, isFloat, literal, neighbours, parts, read,
  rounded, value,
} from "./dtype.js";
import { followStates, h as make, shareState } from "../explorers.js";
import { local, words } from "./words.js";

const FIRST = "0.1";
const PARAMETER = "x"; // in the address: the fragment belongs to the headings
const MOST_CHARACTERS = 400;
const MOST_DIGITS = 120; // more than a float32 ever needs
const FIRST_DIGITS = 30;
const MOST_TERMS = 8;
const LONGEST_EXACT = 40;
const PAUSE = 600; // in milliseconds, before what is typed is said aloud

const MATH = "http://www.w3.org/1998/Math/MathML";

/** An element of MathML. */
function math(name, ...content) {
  const element = document.createElementNS(MATH, name);
  element.append(...content);
  return element;
}

const minus = (text) => text.replaceAll("-", "−");

const NO_BREAK = "\u00a0";

/** A mantissa and a power of ten, on one line. */
function scientific(mantissa, power) {
  return [minus(local(mantissa)), `${NO_BREAK}×${NO_BREAK}10`, make("sup", {}, minus(String(power)))];
}

/** What a decimal text shows: digits, and a power of ten where there would be many zeros. */
function figures(text) {
  const [, sign, whole, rest = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(text) ?? [];
  if (whole === undefined) return [minus(text)];
  const digits = (whole + rest).replace(/^0+/, "");
  const power = digits ? whole.length - 1 - ((whole + rest).length - digits.length) : 0;
  const few = digits.replace(/0+$/, "") || "0";
  const many = few.length > MOST_DIGITS;
  if (power >= -6 && power <= 21 && !many) return [minus(local(text))];
  const shown = many ? few.slice(0, FIRST_DIGITS) + "…" : few;
  const mantissa = sign + shown[0] + (shown.length > 1 ? "." + shown.slice(1) : "");
  return [...scientific(mantissa, power), many ? words.digits(few.length) : ""];
}

/** A number in two digits, as errors are given. */
function roughly(number) {
  const [mantissa, power] = double(number).toExponential(1).split("e");
  const plain = Number(power) >= -2 && Number(power) <= 3;
  if (plain) return [minus(local(String(Number(double(number).toPrecision(2)))))];
  return scientific(mantissa, Number(power));
}

/** The neighbours as Python would print them: short, and enough to tell them apart. */
function brief(number) {
  const [mantissa, power] = literal(number).replace(/\.0$/, "").split("e");
  return power ? scientific(mantissa, power) : [minus(local(mantissa))];
}

const numeral = (n) => math("mn", String(n));
const two = (...power) => math("msup", numeral(2), math("mrow", ...power));

/** The bits of a float as a product: its sign, a power of two, one or zero and its fraction. */
function product(bits, dtype) {
  const { exponent: width, fraction: last } = DTYPES[dtype];
  const { sign, exponent, fraction } = parts(bits, dtype);
  const leading = exponent === 0 ? 0 : 1;
  return math(
    "math",
    math(
      "mrow",
      ...(sign ? [math("mo", "−")] : []),
      two(numeral(Math.max(exponent, 1)), math("mo", "−"), numeral(2 ** (width - 1) - 1)),
      math("mo", "×"),
      math("mo", "("),
      numeral(leading),
      math("mo", "+"),
      math("mfrac", numeral(fraction), two(numeral(last))),
      math("mo", ")"),
    ),
  );
}

/** The bits of an integer as a sum of powers of two, the first of a signed one negative. */
function sum(bits, dtype) {
  const { bits: size, signed } = DTYPES[dtype];
  const places = Array.from({ length: size }, (_, index) => size - 1 - index);
  const set = places.filter((place) => (bits >> BigInt(place)) & 1n);
  const terms = set.map((place, n) => {
    const negative = signed && place === size - 1;
    const sign = negative ? "−" : n > 0 ? "+" : "";
    return [...(sign ? [math("mo", sign)] : []), two(numeral(place))];
  });
  return set.length > 0 && set.length <= MOST_TERMS ? math("math", math("mrow", ...terms.flat())) : null;
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
    const whole = DTYPES[dtype].signed ? "signed" : "unsigned";
    const kind = !isFloat(dtype) ? whole : has ? classOf(result.bits, dtype) : "";
    this.kind.textContent = words.kinds[kind] ?? "";
    this.value.replaceChildren(...(has ? this.#stored(result.bits, kind) : []));
    this.value.hidden = !has;
    const remarks = isFloat(dtype) ? ofFloat(number, result, dtype) : ofInteger(number, result, dtype);
    this.note.replaceChildren(...remarks.flatMap((sentence) => [...sentence, " "]));
    this.note.hidden = !this.note.hasChildNodes();
  }

  #stored(bits, kind) {
    const digits = make("strong", {}, ...figures(decimal(value(bits, this.dtype))));
    const made = { normal: product, subnormal: product, signed: sum, unsigned: sum }[kind];
    const formula = made?.(bits, this.dtype);
    return formula ? [formula, " = ", digits] : [digits];
  }

  /** What a screen reader says of it. */
  get sentence() {
    const { textContent } = this.value.querySelector("strong") ?? { textContent: words.nothing };
    return words.says(this.dtype, textContent);
  }
}

/** Sentences on what a float dtype did to a number. */
function ofFloat(number, { bits, missing }, dtype) {
  if (missing) return [[words[missing]]];
  if (number.kind === "nan") return [];
  const stored = value(bits, dtype);
  const [one, other] = neighbours(bits, dtype)
    .filter((next) => next !== null)
    .map((next) => brief(value(next, dtype)));
  if (stored.kind === "inf") return number.kind === "inf" ? [[words.exact]] : [[words.beyond, ...one, "."]];
  const sentences = [distance(number, stored), [words.between, ...one, words.and, ...other, "."]];
  const once = rounded(number, dtype);
  if (once !== bits) sentences.push([words.twice, ...brief(value(once, dtype)), "."]);
  return sentences;
}

/** Sentences on what an integer dtype did to a number. */
function ofInteger(number, { bits, indirect, missing, wrapped }, dtype) {
  if (missing) return [[words[missing]]];
  const stored = value(bits, dtype);
  const direct = indirect ? [[...words.direct(make("code", {}, `torch.tensor(x, dtype=torch.${dtype})`))]] : [];
  if (wrapped) return [[words.wrapped(DTYPES[dtype].bits), ...turns(number, stored, dtype), "."], ...direct];
  const cut = number.d > 1n && number.n / number.d === stored.n && number.n % number.d > 0n;
  return [cut ? [words.cut] : distance(number, stored), ...direct];
}

/** How far a stored number is from the typed one, and in proportion to it. */
function distance(typed, stored) {
  const off = error(stored, typed);
  if (off.n === 0n) return [words.exact];
  const share = { kind: "float", negative: false, n: off.n * typed.d, d: off.d * typed.n };
  const sign = off.negative ? "" : "+";
  const small = double(off) === 0; // too small for the browser's own numbers, which print it
  return [...(small ? [] : [words.off, sign, ...roughly(off), ". "]), words.share, ...roughly(share), "."];
}

/** How an integer that does not fit becomes one that does: 300 − 2⁸ = 44. */
function turns(number, stored, dtype) {
  const [whole, kept] = [number, stored].map(({ negative, n }) => (negative ? -n : n));
  const size = DTYPES[dtype].bits;
  const times = (whole - kept) >> BigInt(size);
  const many = times < 0n ? -times : times;
  const sign = times < 0n ? " + " : " − ";
  const factor = many === 1n ? "" : `${many} × `;
  return [minus(`${whole}`), sign + factor, "2", make("sup", {}, `${size}`), " = ", minus(`${kept}`)];
}

class DtypeExplorer extends HTMLElement {
  #rows = Object.keys(DTYPES).map((dtype) => new Row(dtype, (...bit) => this.#turn(...bit)));
  #field = make("input", {
    id: "dtype-number", type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    maxlength: MOST_CHARACTERS, "aria-describedby": "dtype-reading",
  });
  #reading = make("p", { id: "dtype-reading" });
  #aloud = make("p", { class: "precis-said", role: "status" });
  #later = 0;

  connectedCallback() {
    const label = make("label", { for: "dtype-number" }, words.number);
    const ask = make("div", { class: "dtype-ask" }, label, this.#field, this.#reading);
    this.tabIndex = -1;
    this.replaceChildren(ask, ...this.#rows.map((row) => row.element), this.#aloud);
    this.#field.addEventListener("input", () => this.#typed());
    followStates((query) => query.has(PARAMETER), () => this.#visit(), () => this.#arrive());
    this.#field.value = local(FIRST);
    this.#show(); // stays where the address has no number that can be read
    this.#visit();
  }

  /** Show the number of the page's address. */
  #visit() {
    this.#field.value = local(new URLSearchParams(location.search).get(PARAMETER) ?? FIRST);
    this.#show();
    shareState();
  }

  /** A link led to another number. */
  #arrive() {
    this.focus({ preventScroll: true }); // not the field: that would open a telephone's keyboard
    this.scrollIntoView({ block: "start" });
    this.#say(this.#sentences());
  }

  #typed() {
    const readable = this.#show();
    if (readable) this.#remember();
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#say(readable ? this.#sentences() : words.unread), PAUSE);
  }

  /** A bit was turned: the number becomes the one that the bits now stand for. */
  #turn(dtype, place) {
    const row = this.#rows.find((other) => other.dtype === dtype);
    const bits = row.bits ^ (1n << place);
    const number = value(bits, dtype);
    this.#field.value = local(typeable(number));
    this.#show(dtype, bits);
    this.#remember();
    this.#say(row.sentence);
  }

  /** Show what the field holds; `bits` are those of a row where several say the same (NaN). */
  #show(dtype = "", bits = 0n) {
    const number = read(this.#field.value);
    const reading = number === null ? "unread" : number.kind === "int" ? "int" : "float";
    this.#field.setAttribute("aria-invalid", String(number === null));
    this.#reading.textContent = words[reading];
    for (const row of this.#rows) row.element.inert = number === null; // what they show is not of it
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
    shareState();
  }

  #sentences() {
    return this.#rows.map((row) => row.sentence).join(words.separator);
  }

  /** To a screen reader. */
  #say(text) {
    clearTimeout(this.#later); // what was about to be said is out of date
    this.#aloud.textContent = text;
  }
}

/** A text that Python reads as this number: all its digits, unless they are many. */
function typeable(number) {
  const all = decimal(number);
  if (number.kind !== "float" || all.length > LONGEST_EXACT) return literal(number);
  return all.includes(".") ? all : all + ".0";
}

customElements.define("precis-dtype", DtypeExplorer);
