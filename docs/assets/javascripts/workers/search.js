// Material's search, for which é, É and e are one letter, whether typed or read.
// It stands beside Material's worker, which finds its other scripts from its own place;
// theme/main.html gives that worker's name after the question mark.
const folded = (text) =>
  text.normalize("NFD").replace(/\p{M}+/gu, "").replace(/œ/g, "oe").replace(/Œ/g, "OE").replace(/æ/g, "ae");

// What ends with a star, as all that is being typed does, never becomes a token: so the
// question itself is folded, before Material's worker, which listens after this, sees it.
const query = 2;
addEventListener("message", (event) => {
  if (event.data.type === query) event.data.data = folded(event.data.data);
});

importScripts(location.search.slice(1));

// lunr makes a token of each word of a page; its place in the text stays what it was.
lunr.Token = class extends lunr.Token {
  constructor(text, metadata) {
    super(folded(text), metadata);
  }
};

// lunr merges nodes of its tree of words that it spells alike, and spells the edge 1 to node 23
// as the edges 1 to 2 and 3 to nothing: among many numbers it invents some, and fails on them.
lunr.TokenSet.prototype.toString = function () {
  const edges = Object.keys(this.edges).sort();
  return `${this.final} ${edges.map((label) => `${label}${this.edges[label].id}`).join(" ")}`;
};
