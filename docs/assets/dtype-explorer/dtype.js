// How a dtype of PyTorch holds a number: exact, on integers of any size, without a page.
//
// A typed text becomes an exact number (`read`), a number the bits of a dtype (`held`), and bits
// an exact number again (`value`), which `decimal` writes out. A number is `{kind, negative, n, d}`
// and is worth ±n/d; its kind is "int" or "float", as Python would read it, "inf" or "nan".

export const DTYPES = {
  float32: { bits: 32, exponent: 8, fraction: 23 },
  bfloat16: { bits: 16, exponent: 8, fraction: 7 },
  float16: { bits: 16, exponent: 5, fraction: 10 },
  float64: { bits: 64, exponent: 11, fraction: 52 },
  int8: { bits: 8, signed: true },
  uint8: { bits: 8, signed: false },
  int32: { bits: 32, signed: true },
  int64: { bits: 64, signed: true },
};

export const isFloat = dtype => DTYPES[dtype].exponent > 0;

const NAN = { kind: "nan", negative: false, n: 0n, d: 1n };
const infinity = negative => ({ kind: "inf", negative, n: 0n, d: 1n });

// A power of ten out of every dtype's reach: no larger integer need be made.
const FAR = 2000;

/** The number that Python would read, or null; a comma counts as a point, 1/3 as a division. */
export function read(text) {
  const plain = text.replace(/[\s_]/g, "").replace(/−/g, "-").replace(",", ".").toLowerCase();
  const [, sign, word] = /^([+-]?)(.*)$/.exec(plain);
  const negative = sign === "-";
  if (word === "nan") return NAN;
  if (/^(inf|infinity|∞)$/.test(word)) return infinity(negative);

  const whole = /^(\d+)(?:\/([+-]?)(\d*[1-9]\d*))?$/.exec(word);
  if (whole) {
    const [n, d] = [BigInt(whole[1]), BigInt(whole[3] ?? 1)];
    const below = whole[2] === "-";
    // an int has no negative zero; divided by a negative one, it becomes the float -0.0
    return { kind: whole[3] ? "float" : "int", negative: n > 0n ? negative !== below : below, n, d };
  }
  const real = /^(\d*)\.?(\d*)(?:e([+-]?\d+))?$/.exec(word);
  if (!real || !(real[1] + real[2])) return null;
  const digits = BigInt(real[1] + real[2]);
  const power = Number(real[3] ?? 0) - real[2].length;
  const size = digits.toString().length + power;
  if (digits === 0n) return { kind: "float", negative, n: 0n, d: 1n };
  if (size > FAR) return infinity(negative);
  if (size < -FAR) return { kind: "float", negative, n: 1n, d: 10n ** BigInt(FAR) };
  const scale = 10n ** BigInt(Math.abs(power));
  const [n, d] = power < 0 ? [digits, scale] : [digits * scale, 1n];
  return { kind: "float", negative, n, d };
}

/**
 * What a dtype holds of a number: `{bits}`, or `{missing}` where torch gives no value.
 *
 * As in `torch.tensor`, a number first becomes Python's float, a float64, and on its way to 16
 * bits a float32, unless it is an int that Python cannot make a float of. A Python int goes to
 * the integers as it is: where it does not fit, its low bits are kept (`wrapped`), and beyond int64
 * torch refuses it. A float that does not fit an integer has no value at all: C++ leaves open what
 * comes out. Where torch converts, but refuses the dtype in `torch.tensor(x, dtype=…)`, the value
 * is `indirect`.
 */
export function held(number, dtype) {
  const { bits: size, signed } = DTYPES[dtype];
  if (isFloat(dtype)) {
    const large = number.kind === "int" && classOf(rounded(number, "float64"), "float64") === "inf";
    return large ? { missing: "large" } : { bits: rounded(before(number, dtype), dtype) };
  }

  const whole = number.kind === "int" ? number : value(rounded(number, "float64"), "float64");
  if (whole.kind !== "int" && whole.kind !== "float") return { missing: "undefined" };
  const n = (whole.negative ? -1n : 1n) * (whole.n / whole.d); // towards zero
  if (number.kind === "int" && BigInt.asIntN(64, n) !== n) return { missing: "refused" };
  const kept = signed ? BigInt.asIntN(size, n) : BigInt.asUintN(size, n);
  if (number.kind !== "int" && kept !== n) return { missing: "undefined" };
  const largest = (1n << BigInt(signed ? size - 1 : size)) - 1n;
  // torch lets a negative int pass for an unsigned dtype, as C++ does, and no negative float
  const smallest = signed ? -largest - 1n : number.kind === "int" ? -largest : 0n;
  const over = (whole.negative ? -whole.n : whole.n) - largest * whole.d;
  const indirect = over > 0n || over < (smallest - largest) * whole.d;
  return { bits: BigInt.asUintN(size, n), wrapped: kept !== n, indirect };
}

/** The number as it is when a float dtype rounds it: a float64 or, for 16 bits, a float32. */
function before(number, dtype) {
  if (dtype === "float64") return number;
  const double = value(rounded(number, "float64"), "float64");
  return dtype === "float32" ? double : value(rounded(double, "float32"), "float32");
}

/** The bits of the nearest float, of two equally near the even one: one rounding, no detour. */
export function rounded({ kind, negative, n, d }, dtype) {
  const { bits: size, exponent, fraction } = DTYPES[dtype];
  const sign = negative ? 1n << BigInt(size - 1) : 0n;
  const infinite = (2n ** BigInt(exponent) - 1n) << BigInt(fraction);
  if (kind === "nan") return infinite | (1n << BigInt(fraction - 1));
  if (kind === "inf") return sign | infinite;
  if (n === 0n) return sign;

  const least = 2 - 2 ** (exponent - 1); // the exponent of the smallest normal number
  let e = bitLength(n) - bitLength(d);
  if (scaled(n, d, -e) < 1n) e -= 1; // now 2^e <= n/d < 2^(e+1)
  e = Math.max(e, least);
  const twice = scaled(2n * n, d, fraction - e); // in units of half the last bit, cut off
  const exact = (twice * d) << BigInt(Math.max(e - fraction, 0));
  const rest = exact !== (2n * n) << BigInt(Math.max(fraction - e, 0));
  const up = twice & 1n && (rest || twice & 2n);
  // The leading bit of a normal number adds one to its exponent field, as does a carry.
  const bits = (BigInt(e - least) << BigInt(fraction)) + (twice >> 1n) + (up ? 1n : 0n);
  return sign | (bits < infinite ? bits : infinite);
}

const bitLength = n => n.toString(2).length;

/** n/d times a power of two, cut to an integer. */
const scaled = (n, d, power) =>
  power < 0 ? n / (d << BigInt(-power)) : (n << BigInt(power)) / d;

/** The parts of a float's bits, as integers: its sign, its exponent field and its fraction. */
export function parts(bits, dtype) {
  const { bits: size, exponent, fraction } = DTYPES[dtype];
  return {
    sign: Number(bits >> BigInt(size - 1)),
    exponent: Number(BigInt.asUintN(exponent, bits >> BigInt(fraction))),
    fraction: BigInt.asUintN(fraction, bits),
  };
}

/** "normal", "subnormal", "zero", "inf" or "nan". */
export function classOf(bits, dtype) {
  const { exponent, fraction } = parts(bits, dtype);
  if (exponent === 2 ** DTYPES[dtype].exponent - 1) return fraction ? "nan" : "inf";
  if (exponent > 0) return "normal";
  return fraction ? "subnormal" : "zero";
}

/** The number that bits stand for, exactly. */
export function value(bits, dtype) {
  const { bits: size, signed, exponent: width, fraction: last } = DTYPES[dtype];
  if (!isFloat(dtype)) {
    const n = signed ? BigInt.asIntN(size, bits) : bits;
    return { kind: "int", negative: n < 0n, n: n < 0n ? -n : n, d: 1n };
  }
  const { sign, exponent, fraction } = parts(bits, dtype);
  const kind = classOf(bits, dtype);
  if (kind === "nan") return NAN;
  if (kind === "inf") return infinity(sign === 1);
  const leading = exponent > 0 ? 1n << BigInt(last) : 0n;
  const power = Math.max(exponent, 1) - (2 ** (width - 1) - 1) - last;
  return {
    kind: "float",
    negative: sign === 1,
    n: (leading + fraction) << BigInt(Math.max(power, 0)),
    d: 1n << BigInt(Math.max(-power, 0)),
  };
}

/** The bits of the next smaller and the next greater number of the dtype, null at its ends. */
export function neighbours(bits, dtype) {
  const { bits: size, signed } = DTYPES[dtype];
  const top = 1n << BigInt(size - 1);
  if (!isFloat(dtype)) {
    const first = signed ? top : 0n;
    const all = n => BigInt.asUintN(size, n);
    return [bits === first ? null : all(bits - 1n), bits === all(first - 1n) ? null : all(bits + 1n)];
  }
  if (classOf(bits, dtype) === "nan") return [null, null];
  // Floats in order are their bits in order, the negative ones downwards; ±0 is one number.
  const infinite = rounded(infinity(false), dtype);
  const rank = bits & top ? top - bits : bits;
  const at = r => (r < -infinite || r > infinite ? null : r < 0n ? top - r : r);
  return [at(rank - 1n), at(rank + 1n)];
}

/** Stored minus typed, as an exact number. */
export function error(stored, typed) {
  const signed = ({ negative, n }) => (negative ? -n : n);
  const n = signed(stored) * typed.d - signed(typed) * stored.d;
  return { kind: "float", negative: n < 0n, n: n < 0n ? -n : n, d: stored.d * typed.d };
}

/** The number as JavaScript's, a float64. */
export function double(number) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, rounded(number, "float64"));
  return view.getFloat64(0);
}

/** All digits of a number whose denominator is a power of two. */
export function decimal({ kind, negative, n, d }) {
  const sign = negative ? "-" : "";
  if (kind === "nan") return "nan";
  if (kind === "inf") return sign + "inf";
  const places = bitLength(d) - 1;
  const digits = (n * 5n ** BigInt(places)).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const rest = digits.slice(digits.length - places).replace(/0+$/, "");
  return sign + whole + (rest && "." + rest);
}

/** The shortest text that Python would read as this number, and as the same kind. */
export function literal(number) {
  if (number.kind === "int") return decimal(number);
  if (number.kind !== "float") return decimal(number);
  const text = String(Object.is(double(number), -0) ? "-0" : double(number)).replace("e+", "e");
  return /[.e]/.test(text) ? text : text + ".0";
}
