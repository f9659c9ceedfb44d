// Material's search, asked our way. It stands beside Material's worker, which finds its other
// scripts from its own place; material/main.html gives that worker's name after the question mark.
//
// é, É and e are one letter. A word finds those of its stem, the word itself first. Little words
// ask nothing while another is left. A word that the book lacks is read as two that it has, or as
// the nearest one.

const setup = 0;
const query = 2;
const result = 3;

const folded = (text) =>
  text.normalize("NFD").replace(/\p{M}+/gu, "").replace(/œ/g, "oe").replace(/Œ/g, "OE").replace(/æ/g, "ae");

/** Words of a question that say only that it is one; lunr's own lists have the others. */
const ASKING = new Set(
  folded(
    "comment pourquoi quand combien quoi donc si ne faire fait faut peut dois sert servir vaut " +
      "difference entre lien sens marche change many much between mean means different work works",
  ).split(" "),
);

let languages = [];
let asked = { text: {}, words: [], instead: [] };

addEventListener("message", ({ data }) => {
  if (data.type === setup) languages = data.data.config.lang;
});

// What ends with a star, as all that is typed does, passes by lunr's pipeline: so the question is
// read here, before Material's worker, which listens after this, sees what is left of it.
addEventListener("message", ({ data }) => {
  if (data.type !== query) return;
  asked = read(data.data);
  data.data = asked.words.map((word) => word.start).join(" ");
});

const send = self.postMessage.bind(self);
self.postMessage = (message) => {
  if (message.type === result) {
    message.instead = asked.instead;
    const whole = new Map(asked.words.map((word) => [word.start, word.exact]));
    // what a hit lacks is named to the reader, as it was typed
    for (const { terms } of message.data.items.flat())
      for (const [start, exact] of whole)
        if (terms[start] === false) {
          delete terms[start];
          terms[exact] = false;
        }
  }
  send(message);
};

importScripts(location.search.slice(1));

// lunr makes a token of each word of a page; its place in the text stays what it was.
const spelt = new Map();
lunr.Token = class extends lunr.Token {
  constructor(text, metadata) {
    const token = folded(text);
    super(token, metadata);
    if (token !== text) spelt.set(token, text);
  }
};

// lunr merges nodes of its tree of words that it spells alike, and spells the edge 1 to node 23
// as the edges 1 to 2 and 3 to nothing: among many numbers it invents some, and fails on them.
lunr.TokenSet.prototype.toString = function () {
  const edges = Object.keys(this.edges).sort();
  return `${this.final} ${edges.map((label) => `${label}${this.edges[label].id}`).join(" ")}`;
};

// What Material's worker gives to lunr and takes from it passes here alone.
const { add, build } = lunr.Builder.prototype;
let index, vocabulary;
const titles = new Map();
lunr.Builder.prototype.add = function (entry, attributes) {
  titles.set(entry.location, spelled(entry.title));
  add.call(this, entry, attributes);
};
lunr.Builder.prototype.build = function () {
  index = build.call(this);
  vocabulary = Object.keys(index.invertedIndex);
  return index;
};

const EXACT = 6; // times a word of the same stem
const PAGE = 0.4; // times a section: Material counts the opening of a page double, and more
const QUOTED = 10; // times what only has the same words
const LITERAL = 2; // times what is quoted with other numbers

// A hit counts by how much of the question it has, where a word counts by how few have it; by how
// much of its title the question has; and if one quotes the other, as a message pasted whole does.
lunr.Index.prototype.search = function () {
  const { words } = asked;
  const hits = this.query((clauses) => {
    for (const { exact, start } of words) {
      clauses.term(exact, { boost: EXACT, usePipeline: false });
      clauses.term(start, { wildcard: lunr.Query.wildcard.TRAILING, usePipeline: false });
    }
  });
  const met = hits.map(({ matchData }) => words.map(({ start }) => startsOne(matchData.metadata, start)));
  const entries = Object.keys(this.fieldVectors).length / this.fields.length;
  const weights = words.map((_, n) => Math.log(1 + entries / (1 + met.filter((has) => has[n]).length)));
  const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
  for (const [n, hit] of hits.entries()) {
    const asksFor = sum(weights.filter((_, k) => met[n][k])) / sum(weights);
    const title = this.fieldVectors[`title/${hit.ref}`].elements.length / 2;
    const inTitle = Object.values(hit.matchData.metadata).filter((fields) => "title" in fields).length;
    hit.score *= asksFor ** 3 * (1 + 2 * inTitle * (inTitle / (title || 1)) ** 2);
    const its = titles.get(hit.ref);
    if (quotes(asked.text.letters, its.letters)) hit.score *= QUOTED;
    if (quotes(asked.text.literal, its.literal)) hit.score *= LITERAL;
    if (!hit.ref.includes("#")) hit.score *= PAGE;
  }
  return hits.sort((one, other) => other.score - one.score);
};

/** Whether one of two texts has the other, and that is more than three words long. */
function quotes(one, other) {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.trim().split(" ").length > 3 && long.includes(short);
}

/** A text word by word, and its letters alone: the numbers of a message are the reader's own. */
function spelled(text) {
  const apart = (others) => ` ${folded(text.toLowerCase().replace(/&\w+;/g, " ")).replace(others, " ").trim()} `;
  return { literal: apart(/[^a-z\d]+/g), letters: apart(/[^a-z]+/g) };
}

const startsOne = (terms, start) => Object.keys(terms).some((term) => term.startsWith(start));

const FORGIVEN = 5; // what is longer is a message pasted whole: it has words that the book lacks

/** The words of a question, and which were read as others. */
function read(question) {
  const separator = lunr.tokenizer.separator;
  const cut = (text) => folded(text.toLowerCase()).split(separator).filter(Boolean);
  const instead = [];
  let words = cut(question);
  const joined = question
    .split(/\s+/)
    .filter((word) => /\p{L}-\p{L}/u.test(word))
    .map((word) => cut(word.replace(/-/g, "")).join(""))
    .filter((word) => vocabulary.some((known) => known.startsWith(word)));
  const telling = words.filter((word) => !isLittle(word));
  if (telling.length) words = telling;
  const found = [];
  for (const word of new Set([...words, ...joined])) {
    if (isKnown(stem(word)) || words.length > FORGIVEN) found.push({ exact: word, start: stem(word) });
    else {
      const others = halves(word) ?? nearest(word);
      if (others.length) instead.push([word, others.map((other) => spelt.get(other) ?? other).join(" ")]);
      for (const other of others.length ? others : [word]) found.push({ exact: other, start: stem(other) });
    }
  }
  return { text: spelled(question), words: found, instead };
}

const isKnown = (start) => vocabulary.some((word) => word.startsWith(start));

const isLittle = (word) =>
  word.length < 2 || ASKING.has(word) || [lunr, ...languages.map((name) => lunr[name])].some((has) =>
    has?.stopWordFilter && !has.stopWordFilter(new lunr.Token(word)));

/** What the forms of a word begin with. */
function stem(word) {
  if (word.length < 5 || /[^a-z]/.test(word)) return word;
  const token = new lunr.Token(word);
  const shorter = String((lunr[languages[0]]?.stemmer ?? lunr.stemmer)(token));
  let n = 0;
  while (n < shorter.length && shorter[n] === word[n]) n++;
  return word.slice(0, Math.max(n, 4));
}

/** Two words that the book has, written as one: crossentropy. */
function halves(word) {
  for (let n = 4; n <= word.length - 4; n++) // shorter ones are in too many misspelt words
    if (index.invertedIndex[word.slice(0, n)] && isKnown(word.slice(n))) return [word.slice(0, n), word.slice(n)];
}

/** The word that begins nearest to one that the book lacks, if it is near. */
function nearest(word) {
  if (word.length < 5 || /[^a-z]/.test(word)) return [];
  const most = word.length < 7 ? 1 : 2;
  let best = [], least = most + 0.5;
  for (const known of vocabulary) {
    if (known.length < word.length - most || /[^a-z]/.test(known)) continue;
    const away = distance(word, known);
    if (away < least || (away === least && count(known) > count(best[0]))) [best, least] = [[known], away];
  }
  return best;
}
const count = (word) => Object.keys(index.invertedIndex[word].text).length;

/** How many letters to add, drop, change or swap until one word is what another begins with. */
function distance(word, known) {
  let before = [], last = Array.from({ length: known.length + 1 }, (_, n) => n);
  for (let i = 1; i <= word.length; i++) {
    const row = [i];
    for (let j = 1; j <= known.length; j++) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (word[i - 1] !== known[j - 1]));
      if (i > 1 && j > 1 && word[i - 1] === known[j - 2] && word[i - 2] === known[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return Math.min(...last);
}
