// What the explorer says, in the page's language: its words and its numbers.

const WORDS = {
  fr: {
    number: "Nombre",
    int: "Python y lit un int.",
    float: "Python y lit un float.",
    unread: "Ce n’est pas un nombre. Exemples : 0,1 ; 1/3 ; -2e-8 ; inf ; nan.",
    bit: (field, place, bit) => `${field}, bit ${place} : ${bit}`,
    bits: (dtype) => `Bits de ${dtype}`,
    fields: { sign: "signe", exponent: "exposant", fraction: "fraction", whole: "valeur" },
    kinds: {
      normal: "nombre normal",
      subnormal: "nombre sous-normal",
      zero: "zéro",
      inf: "infini",
      nan: "pas un nombre",
      signed: "entier signé",
      unsigned: "entier non signé",
    },
    exact: "Exact.",
    off: "Écart : ",
    share: "Écart relatif : ",
    cut: "Les décimales sont supprimées.",
    wrapped: (size) => `Le nombre ne tient pas : les ${size} bits de poids faible sont gardés, `,
    undefined:
      "Aucune valeur définie : ce float ne tient pas dans le format, et C++ ne dit pas ce que donne alors la conversion. Le résultat dépend de la machine.",
    refused: "Aucune valeur : au-delà de int64, PyTorch refuse un int.",
    large: "Aucune valeur : Python refuse de faire un float d’un int aussi grand (OverflowError).",
    direct: (call) => [call, " lève pourtant RuntimeError."],
    beyond: "Au-delà du plus grand nombre fini, ",
    between: "Voisins : ",
    and: " et ",
    twice: "Deux arrondis, comme dans PyTorch : float32, puis ce format. Un seul aurait donné ",
    digits: (count) => ` (${count} chiffres)`,
    separator: " ; ",
    says: (name, text) => `${name} : ${text}`,
    nothing: "aucune valeur",
  },
  en: {
    number: "Number",
    int: "Python reads an int.",
    float: "Python reads a float.",
    unread: "This is not a number. Examples: 0.1; 1/3; -2e-8; inf; nan.",
    bit: (field, place, bit) => `${field}, bit ${place}: ${bit}`,
    bits: (dtype) => `Bits of ${dtype}`,
    fields: { sign: "sign", exponent: "exponent", fraction: "fraction", whole: "value" },
    kinds: {
      normal: "normal number",
      subnormal: "subnormal number",
      zero: "zero",
      inf: "infinity",
      nan: "not a number",
      signed: "signed integer",
      unsigned: "unsigned integer",
    },
    exact: "Exact.",
    off: "Error: ",
    share: "Relative error: ",
    cut: "The decimals are cut off.",
    wrapped: (size) => `The number does not fit: its low ${size} bits are kept, `,
    undefined:
      "No value is defined: this float does not fit the format, and C++ does not say what converting it then gives. The result depends on the machine.",
    refused: "No value: beyond int64, PyTorch refuses an int.",
    large: "No value: Python refuses to make a float of so large an int (OverflowError).",
    direct: (call) => ["Yet ", call, " raises RuntimeError."],
    beyond: "Beyond the largest finite number, ",
    between: "Neighbours: ",
    and: " and ",
    twice: "Rounded twice, as PyTorch does: to float32, then to this format. Once would have given ",
    digits: (count) => ` (${count} digits)`,
    separator: "; ",
    says: (name, text) => `${name}: ${text}`,
    nothing: "no value",
  },
};

const language = document.documentElement.lang in WORDS ? document.documentElement.lang : "en";

export const words = WORDS[language];

/** A number's text as the language writes it: a comma in French. */
export const local = (text) => (language === "fr" ? text.replace(".", ",") : text);
