// What the explorer says, in the page's language: its words, and its lines of arithmetic.

import { STEP_WORDS, numbers } from "../explorers.js";

const WORDS = {
  fr: {
    ...STEP_WORDS.fr,
    explorer: "Explorateur de l’attention",
    tokens: "Jetons, séparés par des espaces, 8 au plus",
    numbers: "Nombres",
    components: "Composantes",
    direct: "écrire Q, K et V directement",
    place: (matrix, row, column) => `${matrix}, ligne ${row}, colonne ${column}`,
    knobs: "Réglages",
    mask: "Masque",
    masks: {
      none: "aucun",
      causal: "causal",
      window: "causal, fenêtre",
      times: "erreur : 0 ou 1, × −∞",
      late: "erreur : après softmax",
      strict: "erreur : se cache soi-même",
      ahead: "erreur : voit le suivant",
    },
    width: "Largeur de la fenêtre",
    scale: "Échelle des scores",
    scales: { root: "divisés par √d", none: "tels quels", size: "erreur : divisés par d" },
    axis: "Softmax",
    axes: { 1: "de chaque ligne", 0: "erreur : de chaque colonne" },
    temperature: "Température τ",
    slider: "Température τ, au curseur",
    rotation: "Positions",
    rotations: { none: "aucune", rope: "par rotation (RoPE)" },
    offset: "Position du premier jeton",
    heads: "Têtes",
    head: "Tête montrée",
    which: (head) => `tête ${head}`,
    query: "Jeton qui demande",
    sum: "somme",
    rows: {
      project: { Q: "requêtes", K: "clés", V: "valeurs" },
      turn: { Q: "requêtes tournées", K: "clés tournées" },
      scores: "scores",
      scale: "à l’échelle",
      mask: "masqués",
      weights: "poids",
      late: "poids, masqués après",
      output: "sortie",
    },
    predict: {
      project: "quelle requête donne la première matrice ?",
      turn: "de combien de radians tourne cette requête ? Sa longueur changera-t-elle ?",
      scores: "avec quelle clé le produit scalaire sera-t-il le plus grand ?",
      scale: "les écarts entre les scores vont-ils grandir ou se réduire ?",
      mask: "lesquels de ces scores deviendront −∞ ?",
      weights: "quel poids sera le plus grand ? Quelle sera la somme de la ligne ?",
      late: "quelle sera la somme de la ligne, une fois l’avenir mis à 0 ?",
      output: "de quelle valeur la sortie sera-t-elle le plus proche ?",
      end: "que deviendra cette ligne si vous changez un nombre ou un réglage ?",
    },
    before: "Prévoyez",
    faults: {
      none: "Écrivez un jeton au moins.",
      many: "Seuls les 8 premiers jetons sont pris.",
      number: (cell) => `${cell} : ce n’est pas un nombre.`,
      temperature: "La température va de 0,1 à 10.",
      width: "La fenêtre va de 1 à 8 jetons.",
      offset: "La position du premier jeton est un entier de 0 à 1000.",
    },
    remarks: {
      times: "0 × (−∞) n’a pas de valeur : NaN. Le masque a abîmé ce qu’il devait laisser intact.",
      strict: "Le premier jeton n’a plus personne à regarder : le softmax d’une ligne de −∞ est NaN. La fonction F.scaled_dot_product_attention donne 0 à sa place.",
      late: "Ce que le softmax avait donné à l’avenir est perdu : les lignes n’ont plus 1 pour somme.",
      ahead: "Chaque jeton voit le suivant, qui est la réponse à prédire. Ni NaN ni somme ne le trahissent : seule la perte serait trop belle.",
      axis: "Les lignes n’ont pas 1 pour somme : ce sont les requêtes d’une même colonne qui se sont fait concurrence.",
      single: "Une tête d’un seul nombre n’a pas de paire à faire tourner.",
      infinite: "0 × ∞ n’a pas de valeur : un poids de 0 ne cache pas un infini.",
    },
    page: "Ouvrir cet état dans l’explorateur",
    separator: " ; ",
    list: " ; ",
    colon: "\u00a0: ",
  },
  en: {
    ...STEP_WORDS.en,
    explorer: "Explorer of attention",
    tokens: "Tokens, with blanks between them, 8 at most",
    numbers: "Numbers",
    components: "Components",
    direct: "write Q, K and V directly",
    place: (matrix, row, column) => `${matrix}, row ${row}, column ${column}`,
    knobs: "Settings",
    mask: "Mask",
    masks: {
      none: "none",
      causal: "causal",
      window: "causal, window",
      times: "mistake: 0 or 1, × −∞",
      late: "mistake: after softmax",
      strict: "mistake: hides itself",
      ahead: "mistake: sees the next",
    },
    width: "Width of the window",
    scale: "Scale of the scores",
    scales: { root: "divided by √d", none: "as they are", size: "mistake: divided by d" },
    axis: "Softmax",
    axes: { 1: "of each row", 0: "mistake: of each column" },
    temperature: "Temperature τ",
    slider: "Temperature τ, by slider",
    rotation: "Positions",
    rotations: { none: "none", rope: "by rotation (RoPE)" },
    offset: "Position of the first token",
    heads: "Heads",
    head: "Head shown",
    which: (head) => `head ${head}`,
    query: "Token that asks",
    sum: "sum",
    rows: {
      project: { Q: "queries", K: "keys", V: "values" },
      turn: { Q: "queries, turned", K: "keys, turned" },
      scores: "scores",
      scale: "scaled",
      mask: "masked",
      weights: "weights",
      late: "weights, masked afterwards",
      output: "output",
    },
    predict: {
      project: "which query does the first matrix give?",
      turn: "by how many radians does this query turn? Will its length change?",
      scores: "with which key will the dot product be largest?",
      scale: "will the differences between the scores grow or shrink?",
      mask: "which of these scores will become −∞?",
      weights: "which weight will be largest? What will the row sum to?",
      late: "what will the row sum to, once the future is set to 0?",
      output: "to which value will the output be closest?",
      end: "what will become of this line if you change a number or a setting?",
    },
    before: "Predict",
    faults: {
      none: "Write one token at least.",
      many: "Only the first 8 tokens are taken.",
      number: (cell) => `${cell}: this is not a number.`,
      temperature: "The temperature goes from 0.1 to 10.",
      width: "The window goes from 1 to 8 tokens.",
      offset: "The position of the first token is an integer from 0 to 1000.",
    },
    remarks: {
      times: "0 × (−∞) has no value: NaN. The mask has spoiled what it should have left alone.",
      strict: "The first token has nobody left to look at: the softmax of a row of −∞ is NaN. The function F.scaled_dot_product_attention gives 0 instead.",
      late: "What the softmax had given to the future is lost: the rows no longer sum to 1.",
      ahead: "Each token sees the next one, which is the answer to predict. No NaN and no sum gives it away: only the loss would be too good.",
      axis: "The rows do not sum to 1: it is the queries of one column that competed.",
      single: "A head of one number has no pair to turn.",
      infinite: "0 × ∞ has no value: a weight of 0 does not hide an infinity.",
    },
    page: "Open this state in the explorer",
    separator: ", ",
    list: "; ",
    colon: ": ",
  },
};

/** A language's words, with what writes its numbers and lines of arithmetic. */
export function speech(language) {
  const locale = language.startsWith("fr") ? "fr" : "en";
  const say = WORDS[locale];
  const { number, exact, operand, cell, editable } = numbers(locale);

  const vector = (row) => `[${row.map(number).join(say.separator)}]`;

  /** What an expression of numbers comes to: `= 3`, or `≈ 0.6698` where digits are left out. */
  function gives(shown, result) {
    const row = [result].flat();
    const sign = [...shown, ...row].flat().every(exact) ? "=" : "≈";
    return `${sign} ${Array.isArray(result) ? vector(row) : number(result)}`;
  }

  /** A sum of rows, each times its factor, and what it comes to. */
  function combination(factors, rows, result) {
    const counts = (n) => factors[n] !== 0 || !rows[n].every(Number.isFinite);
    const kept = [...factors.keys()].filter(counts);
    const terms = kept.map((n) => `${operand(factors[n])} × ${vector(rows[n])}`);
    const shown = kept.map((n) => [factors[n], ...rows[n]]);
    return `${terms.length ? terms.join(" + ") : number(0)} ${gives(shown.flat(), result)}`;
  }

  /** A row whose first two numbers turn by an angle, and what it becomes. */
  function turned([x, y, ...rest], angle, result) {
    const [a, b] = [x, y].map(operand);
    const pair = [`${a} cos ${angle} − ${b} sin ${angle}`, `${a} sin ${angle} + ${b} cos ${angle}`];
    return `[${[...pair, ...rest.map(number)].join(say.separator)}] ${gives([x, y], result)}`;
  }

  /** Rows of numbers with a sign between them, and what they come to. */
  const between = (sign, rows, result) => `${rows.map(vector).join(` ${sign} `)} ${gives(rows.flat(), result)}`;

  return { ...say, locale, number, operand, cell, editable, vector, gives, combination, turned, between };
}
