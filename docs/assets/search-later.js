// Material fetches its index of the whole book, and reads it, on each page that opens. Here that
// waits until somebody searches, or comes from a search. Runs before Material's own script.
{
  const { open, send } = XMLHttpRequest.prototype;
  const delayed = new WeakSet();
  const wanted = new Promise((resolve) => {
    if (/[?&][hq]=/.test(location.search)) resolve();
    const look = () => {
      const asked = document.activeElement?.matches(".md-search__input") || document.querySelector("#__search")?.checked;
      if (asked) resolve();
    };
    for (const kind of ["focusin", "change"]) document.addEventListener(kind, look);
  });
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    if (String(address).endsWith("/search/search_index.json")) delayed.add(this);
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (delayed.has(this)) wanted.then(() => send.call(this, body));
    else send.call(this, body);
  };
}

// What the search read otherwise than it was typed, and where else to look when it finds nothing:
// said above the hits. Material's script keeps its worker to itself, so it is met where it is made.
{
  const words = {
    fr: {
      instead: (typed, read) => `Rien pour « ${typed} » ; voici « ${read} ». `,
      else: ["Cherchez peut-être dans le ", "glossaire", " ou parmi les ", "messages d’erreur", "."],
    },
    en: {
      instead: (typed, read) => `Nothing for “${typed}”; showing “${read}”. `,
      else: ["Perhaps look in the ", "glossary", " or among the ", "error messages", "."],
    },
  }[document.documentElement.lang];
  const RESULT = 3;

  const link = (page, text) => {
    const { base } = JSON.parse(document.getElementById("__config").textContent);
    const home = new URL(base.replace(/\/?$/, "/"), location);
    return Object.assign(document.createElement("a"), { href: new URL(page, home), textContent: text });
  };

  const show = ({ data, instead }) => {
    const result = document.querySelector(".md-search-result");
    let note = result.querySelector(".precis-instead");
    if (!note) {
      note = Object.assign(document.createElement("p"), { className: "precis-instead", role: "status" });
      result.querySelector(".md-search-result__meta").after(note);
    }
    note.replaceChildren(...instead.map(([typed, read]) => words.instead(typed, read)));
    if (data.items.length || !document.querySelector(".md-search__input").value.trim()) return;
    const [look, glossary, or, errors, end] = words.else;
    note.append(look, link("glossary/", glossary), or, link("errors/", errors), end);
  };

  window.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (data.type === RESULT) show(data);
      });
    }
  };
}
