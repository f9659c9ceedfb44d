// Reads what the reader types, `z = w × x + b; BCE(σ(z), y)`, into trees.
// Text in, definitions out; what cannot be read is a Fault, which knows its place.

export const INPUTS = ["x", "w", "b", "y"];

const ARGUMENTS = { exp: 1, log: 1, tanh: 1, sigmoid: 1, relu: 1, bce: 2 };
const FUNCTIONS = new Map([
  ...Object.keys(ARGUMENTS).map((op) => [op, op]),
  ["ln", "log"],
  ["σ", "sigmoid"],
  ["sigmoïde", "sigmoid"],
]);
const SIGNS = {
  "+": "+", "-": "−", "–": "−", "−": "−", "*": "×", "·": "×", "⋅": "×", "∗": "×", "×": "×",
  "/": "÷", "∕": "÷", "÷": "÷", "**": "^", "^": "^", "²": "²", "³": "³",
  "(": "(", ")": ")", ",": ",", ";": ";", "=": "=",
};

const MOST_CHARACTERS = 300;
const MOST_OPERATIONS = 40;
const DEEPEST = 40;

/** Why an expression cannot be read or computed: the words are chosen by the page's language. */
export class Fault extends Error {
  constructor(kind, start, end, detail = "") {
    super(`${kind} ${detail} at ${start}`);
    Object.assign(this, { kind, start, end, detail });
  }
}

const NAME = /[\p{L}_][\p{L}\p{Nd}_₀-₉]*/uy;
const NUMBERS = {
  ".": /(?:\d+\.?\d*|\.\d+)(?:[eE][+\-−]?\d+)?/y,
  // BCE(0,5 ; y): between two digits a comma is decimal, anywhere else it separates
  ",": /(?:\d+(?:,\d+|\.\d*)?|\.\d+)(?:[eE][+\-−]?\d+)?/y,
};
const SIGN = /\*\*|[-+–−*·⋅∗×/∕÷^²³(),;=]/uy;

function tokens(text, decimal) {
  if (text.length > MOST_CHARACTERS)
    throw new Fault("long", MOST_CHARACTERS, text.length, MOST_CHARACTERS);
  const found = [];
  let at = 0;
  const next = (pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    let word;
    const start = at;
    const add = (kind, value) => {
      at += word.length;
      found.push({ kind, value, start, end: at });
    };
    if ((word = next(/\s+/y))) at += word.length;
    else if ((word = next(NUMBERS[decimal])))
      add("number", Number(word.replace(",", ".").replace("−", "-")));
    else if ((word = next(NAME))) add("name", plain(word));
    else if ((word = next(SIGN))) add(SIGNS[word], word);
    else throw new Fault("character", at, at + 1, String.fromCodePoint(text.codePointAt(at)));
  }
  found.push({ kind: "end", start: text.length, end: text.length });
  return found;
}

/** `v₁` and `v1` are one name. */
const plain = (name) => name.replace(/[₀-₉]/g, (digit) => digit.codePointAt() - "₀".codePointAt());

/** The text with another decimal sign: an address has points, a French page has commas. */
export function respelt(text, from, to) {
  let found;
  try {
    found = tokens(text, from);
  } catch {
    return text;
  }
  let out = "";
  let done = 0;
  let depth = 0;
  for (const { kind, start, end } of found) {
    let word = text.slice(start, end);
    if (kind === "(") depth += 1;
    if (kind === ")") depth -= 1;
    if (kind === "number") word = word.replace(from, to);
    let between = text.slice(done, start);
    if (depth && (kind === "," || kind === ";")) {
      between = to === "." ? "" : " ";
      word = to === "." ? "," : text[end] === " " ? ";" : "; ";
    }
    out += between + word;
    done = end;
  }
  return out + text.slice(done);
}

/** The definitions in the text, in order; the last one, which needs no name, is the result. */
export function parse(text, decimal = ".") {
  const list = tokens(text, decimal);
  const known = new Set(INPUTS);
  const definitions = [];
  let at = 0;
  let operations = 0;
  let depth = 0;

  const token = () => list[at];
  const is = (kind) => token().kind === kind;
  const take = () => list[at++];
  const fault = (kind, { start, end }, detail) => {
    throw new Fault(kind, start, end, detail);
  };
  const operation = (op, start, ...args) => {
    const node = { op, args, start, end: list[at - 1].end };
    if ((operations += 1) > MOST_OPERATIONS) fault("many", node, MOST_OPERATIONS);
    return node;
  };
  const expect = (kind, what = kind) => {
    if (!is(kind)) fault(is("end") ? "unfinished" : "expected", token(), what);
    return take();
  };

  function definition() {
    let name = null;
    if (is("name") && list[at + 1].kind === "=") {
      const said = take();
      name = said.value;
      if (FUNCTIONS.has(name.toLowerCase())) fault("reserved", said, name);
      if (known.has(name)) fault("again", said, name);
      take();
    }
    const tree = sum();
    const { start, end } = tree;
    definitions.push({ name, tree, start, end });
    if (is("end")) return;
    const sign = token();
    const beside = ["name", "number", "("].includes(sign.kind);
    if (!is(";")) fault(beside ? "adjacent" : "unexpected", sign, shown(sign));
    take();
    if (!name && !is("end")) fault("nameless", { start, end });
    known.add(name);
  }

  function sum() {
    if ((depth += 1) > DEEPEST) fault("deep", token());
    let left = product();
    while (is("+") || is("−")) {
      const op = take().kind === "+" ? "add" : "sub";
      left = operation(op, left.start, left, product());
    }
    depth -= 1;
    return left;
  }

  function product() {
    let left = signed();
    while (is("×") || is("÷")) {
      const op = take().kind === "×" ? "mul" : "div";
      left = operation(op, left.start, left, signed());
    }
    return left;
  }

  function signed() {
    if (!is("−") && !is("+")) return power();
    if ((depth += 1) > DEEPEST) fault("deep", token());
    const sign = take();
    const inner = signed();
    depth -= 1;
    if (sign.kind === "+") return inner;
    if (inner.op === "number") return { ...inner, value: -inner.value, start: sign.start };
    return operation("neg", sign.start, inner);
  }

  function power() {
    let base = atom();
    while (is("²") || is("³")) {
      const { kind, start, end } = take();
      const exponent = { op: "number", value: kind === "²" ? 2 : 3, start, end };
      base = operation("pow", base.start, base, exponent);
    }
    if (!is("^")) return base;
    take();
    return operation("pow", base.start, base, signed());
  }

  function atom() {
    const said = take();
    const { kind, value, start, end } = said;
    if (kind === "number") {
      if (!Number.isFinite(value)) fault("huge", said);
      return { op: "number", value, start, end };
    }
    if (kind === "(") {
      const inner = sum();
      expect(")");
      return { ...inner, start, end: list[at - 1].end };
    }
    if (kind === "end") fault(list.length === 1 ? "empty" : "unfinished", said);
    if (kind !== "name") fault("unexpected", said, shown(said));
    if (known.has(value)) return { op: "name", name: value, start, end };
    const op = FUNCTIONS.get(value.toLowerCase());
    if (!op) {
      const letters = [...value].every((letter) => known.has(letter));
      fault(letters ? "juxtaposed" : "unknown", said, letters ? [...value].join(" × ") : value);
    }
    expect("(");
    const args = [sum()];
    while (is(",") || is(";")) {
      take();
      args.push(sum());
    }
    expect(")");
    if (args.length !== ARGUMENTS[op]) {
      const needs = ARGUMENTS[op] === 1 ? "one" : "two";
      fault(needs, { start, end: list[at - 1].end }, text.slice(start, end));
    }
    return operation(op, start, ...args);
  }

  const shown = ({ start, end }) => text.slice(start, end);

  do definition();
  while (!is("end"));
  return definitions;
}
