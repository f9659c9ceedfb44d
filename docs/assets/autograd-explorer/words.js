// What the explorer says, in the page's language: its words, its numbers, its formulas.

import { STEP_WORDS, numbers, raised } from "../explorers.js";

const WORDS = {
  fr: {
    explorer: "Explorateur du graphe de calcul",
    expression: "Expression",
    inputs: "Entrées",
    asks: "gradient",
    asksFor: (name) => `gradient de ${name}`,
    slider: (name) => `${name}, au curseur`,
    ...STEP_WORDS.fr,
    graph: "Graphe ; les flèches du clavier font avancer et reculer d’une étape",
    drawn: (nodes, edges, title) =>
      `Graphe de calcul de ${title} : ${nodes} nœuds, ${edges} arêtes. Ses nombres sont dits par la liste des étapes.`,
    forward: "Passe avant",
    backward: "Passe arrière",
    start: (inputs) => `Les entrées : ${inputs}.`,
    path: (path, paths) => `chemin ${path} sur ${paths}`,
    none: {
      forward: "Il n’y a rien à calculer : le résultat est donné.",
      backward: "Aucune des entrées présentes ne demande de gradient : rien ne revient.",
    },
    startless: "Il n’y a pas d’entrée.",
    notNumber: (name) => `La valeur de ${name} n’est pas un nombre.`,
    colon: "\u00a0: ",
    at: (column) => `Caractère ${column} : `,
    separator: " ; ",
    faults: {
      empty: () => "Écrivez une expression, par exemple w × x + b.",
      character: (d) => `le signe « ${d} » n’a pas de sens ici.`,
      unknown: (d) => `« ${d} » n’est pas connu. Entrées : x, w, b, y ; fonctions : exp, log, tanh, sigmoid, ReLU, BCE.`,
      juxtaposed: (d) => `un produit s’écrit avec son signe : ${d}.`,
      adjacent: (d) => `il manque une opération avant « ${d} ».`,
      unexpected: (d) => `« ${d} » n’est pas attendu ici.`,
      expected: (d) => `« ${d} » est attendu ici.`,
      unfinished: (d) => (d ? `l’expression s’arrête avant « ${d} ».` : "l’expression s’arrête trop tôt."),
      one: (d) => `${d} prend une seule valeur.`,
      two: (d) => `${d} prend deux valeurs, séparées par un point-virgule : une probabilité, puis une étiquette.`,
      nameless: () => "seule la dernière formule se passe de nom : écrivez par exemple z = …",
      reserved: (d) => `« ${d} » est le nom d’une fonction.`,
      again: (d) => `« ${d} » désigne déjà une valeur.`,
      unused: (d) => `« ${d} » ne sert pas au résultat.`,
      huge: () => "ce nombre est trop grand.",
      long: (d) => `l’expression compte plus de ${d} caractères.`,
      many: (d) => `l’expression compte plus de ${d} opérations.`,
      deep: () => "trop de parenthèses ou de signes sont emboîtés.",
      probability: (d) => `BCE attend d’abord une probabilité, entre 0 et 1, et reçoit ${d}.`,
      label: (d) => `BCE attend en second une étiquette, entre 0 et 1, et reçoit ${d}.`,
    },
  },
  en: {
    explorer: "Explorer of the computational graph",
    expression: "Expression",
    inputs: "Inputs",
    asks: "gradient",
    asksFor: (name) => `gradient of ${name}`,
    slider: (name) => `${name}, by slider`,
    ...STEP_WORDS.en,
    graph: "Graph; the arrow keys go one step forward or back",
    drawn: (nodes, edges, title) =>
      `Computational graph of ${title}: ${nodes} nodes, ${edges} edges. The list of steps says its numbers.`,
    forward: "Forward pass",
    backward: "Backward pass",
    start: (inputs) => `The inputs: ${inputs}.`,
    path: (path, paths) => `path ${path} of ${paths}`,
    none: {
      forward: "There is nothing to compute: the result is given.",
      backward: "None of the inputs here asks for a gradient: nothing comes back.",
    },
    startless: "There is no input.",
    notNumber: (name) => `The value of ${name} is not a number.`,
    colon: ": ",
    at: (column) => `Character ${column}: `,
    separator: ", ",
    faults: {
      empty: () => "Write an expression, such as w × x + b.",
      character: (d) => `the sign “${d}” has no meaning here.`,
      unknown: (d) => `“${d}” is not known. Inputs: x, w, b, y; functions: exp, log, tanh, sigmoid, ReLU, BCE.`,
      juxtaposed: (d) => `a product is written with its sign: ${d}.`,
      adjacent: (d) => `an operation is missing before “${d}”.`,
      unexpected: (d) => `“${d}” is not expected here.`,
      expected: (d) => `“${d}” is expected here.`,
      unfinished: (d) => (d ? `the expression ends before “${d}”.` : "the expression ends too early."),
      one: (d) => `${d} takes a single value.`,
      two: (d) => `${d} takes two values, separated by a comma: a probability, then a label.`,
      nameless: () => "only the last formula needs no name: write z = … for instance.",
      reserved: (d) => `“${d}” is the name of a function.`,
      again: (d) => `“${d}” stands for a value already.`,
      unused: (d) => `“${d}” is not used in the result.`,
      huge: () => "this number is too large.",
      long: (d) => `the expression has more than ${d} characters.`,
      many: (d) => `the expression has more than ${d} operations.`,
      deep: () => "too many parentheses or signs are nested.",
      probability: (d) => `BCE expects a probability first, between 0 and 1, and is given ${d}.`,
      label: (d) => `BCE expects a label second, between 0 and 1, and is given ${d}.`,
    },
  },
};

const CALLED = { sigmoid: "σ", relu: "ReLU", bce: "BCE" };
const THIN = "\u202f";

/** A language's words, with what writes its numbers and formulas. */
export function speech(language) {
  const locale = language.startsWith("fr") ? "fr" : "en";
  const decimal = locale === "fr" ? "," : ".";
  const { number, exact, equals, operand } = numbers(locale);

  /** An operation written with its operands' names or values. */
  function formula(op, args, bare) {
    const [a, b] = args;
    const infix = {
      add: `${a} + ${b}`,
      sub: `${a} − ${b}`,
      mul: `${a} × ${b}`,
      div: `${a} ÷ ${b}`,
      neg: `−${a}`,
      pow: /^[0-9]$/.test(b) ? `${a}${raised(b)}` : `${a} ^ ${b}`,
    };
    return infix[op] ?? `${CALLED[op] ?? op}(${bare.join(WORDS[locale].separator)})`;
  }

  /** The derivative of an operation with respect to one operand, written with names. */
  function slope(op, place, r, [a, b]) {
    const [first, second] = {
      sub: ["1", "(−1)"],
      mul: [b, a],
      div: [`(1 ÷ ${b})`, `(−${a} ÷ ${b}²)`],
      neg: ["(−1)"],
      pow: [b === "2" ? `2${THIN}${a}` : `${b} × ${a} ^ (${b} − 1)`, `${r} × log(${a})`],
      exp: [r],
      log: [`(1 ÷ ${a})`],
      tanh: [`(1 − ${r}²)`],
      sigmoid: [`${r}${THIN}(1 − ${r})`],
      bce: [`(${a} − ${b}) ÷ (${a}${THIN}(1 − ${a}))`, `(log(1 − ${a}) − log(${a}))`],
    }[op] ?? [];
    return place ? second : first;
  }

  return { ...WORDS[locale], locale, decimal, number, exact, equals, operand, formula, slope };
}

/** `v1` as formulas print it. */
export const subscripted = (name) =>
  name.replace(/(?<=\p{L})\d+$/u, (digits) =>
    [...digits].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join(""),
  );
