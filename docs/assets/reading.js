// What makes reading easier, and stays in the reader's browser: where one was, the other
// language at the same place, formulas copied as LaTeX.

const config = JSON.parse(document.getElementById("__config").textContent);
const home = new URL(config.base.replace(/\/?$/, "/"), location).pathname;
const slug = (address) => new URL(address, location).pathname.slice(home.length).replace(/\/$/, "");
const here = slug(location);
const article = document.querySelector(".md-content__inner");
const language = document.documentElement.lang;

const words = {
  fr: {
    again: "Continuer : ",
    copied: "Formule copiée",
    forget: "oublier où j’en suis",
    offline: "Tout le livre est maintenant disponible sans réseau.",
    read: (percent) => `, lu à ${percent} %`,
  },
  en: {
    again: "Go on: ",
    copied: "Formula copied",
    forget: "forget where I am",
    offline: "The whole book is now available offline.",
    read: (percent) => `, ${percent}% read`,
  },
}[language];

const made = (tag, properties) => Object.assign(document.createElement(tag), properties);

/** A small object kept in the browser; nothing is kept where that is refused. */
const kept = {
  get(key, store = localStorage) {
    try {
      return JSON.parse(store.getItem(`precis.${key}`));
    } catch {
      return null;
    }
  },
  set(key, value, store = localStorage) {
    try {
      store.setItem(`precis.${key}`, JSON.stringify(value));
    } catch {
      // a private window, or no room: reading goes on without
    }
  },
};

// The other language, at the same section and the same height in it.

const headings = [...article.querySelectorAll(":is(h2, h3)[id]")];

function place() {
  const line = 0.25 * innerHeight;
  const above = headings.filter((heading) => heading.getBoundingClientRect().top <= line).at(-1);
  const [top, bottom] = reach(above);
  return { id: above?.id ?? "", part: (line - top) / (bottom - top) };
}

/** Where a section starts and ends in the window; the part above all headings is one too. */
function reach(heading) {
  const next = headings[headings.indexOf(heading) + 1];
  const whole = article.getBoundingClientRect();
  return [heading?.getBoundingClientRect().top ?? whole.top, next?.getBoundingClientRect().top ?? whole.bottom];
}

for (const link of document.querySelectorAll(":is(.md-select__link, .precis-line a)[hreflang]"))
  link.addEventListener("click", () => {
    kept.set("language", link.hreflang);
    const { id, part } = place();
    kept.set("place", { page: slug(link.pathname), id, part }, sessionStorage);
    link.hash = id;
  });

const left = kept.get("place", sessionStorage);
sessionStorage.removeItem("precis.place");
if (left && location.hash.slice(1) === left.id)
  addEventListener("load", () => {
    const [top, bottom] = reach(document.getElementById(left.id) ?? undefined);
    scrollTo({ top: scrollY + top + left.part * (bottom - top) - 0.25 * innerHeight, behavior: "instant" });
  });

// Who chose a language finds it again at the book's door; nobody is sent anywhere before.
const chosen = kept.get("language");
const other = document.querySelector(`.md-select__link[hreflang="${chosen}"]`);
if (here === "" && other && chosen !== language && !document.referrer.startsWith(location.origin))
  location.replace(other.href);

// How much of each chapter was read: a section is, once its end was in the window for a second.

const sections = headings.filter((heading) => heading.tagName === "H2");
const chapter = here && document.querySelector(".precis-verified") && sections.length > 2;
let progress = kept.get("progress") ?? { last: "", chapters: {} };

if (chapter) {
  const done = new Set(progress.chapters[here]?.read);
  let waiting = 0;
  const look = () => {
    const ended = sections.filter((_, n) => {
      const end = sections[n + 1]?.getBoundingClientRect().top ?? article.getBoundingClientRect().bottom;
      return end > 0 && end <= innerHeight;
    });
    if (ended.every((section) => done.has(section.id))) return;
    for (const section of ended) done.add(section.id);
    progress = kept.get("progress") ?? progress;
    progress.chapters[here] = { read: [...done], of: sections.length };
    progress.last = here;
    kept.set("progress", progress);
    showProgress();
  };
  addEventListener("scroll", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 1000);
  }, { passive: true });
}

function showProgress() {
  for (const mark of document.querySelectorAll(".precis-progress")) mark.remove();
  for (const link of document.querySelectorAll(".md-nav--primary a.md-nav__link, .home-link")) {
    const known = link.hash ? undefined : progress.chapters[slug(link)];
    if (!known) continue;
    const part = Math.min(1, known.read.length / known.of);
    const mark = made("span", { className: "precis-progress" });
    mark.style.setProperty("--part", part);
    mark.append(made("span", { className: "precis-said", textContent: words.read(Math.round(100 * part)) }));
    link.append(mark);
  }
}
showProgress();

const start = document.querySelector(".home-start");
const resume = start && progress.last &&
  [...document.querySelectorAll(".home-link")].find((link) => slug(link) === progress.last);
if (resume) {
  const line = made("span", { className: "precis-resume" });
  const { read, of } = progress.chapters[progress.last];
  const on = made("a", { className: "md-button", href: resume.href });
  on.textContent = words.again + resume.firstChild.textContent + words.read(Math.round((100 * read.length) / of));
  const forget = made("button", { type: "button", textContent: words.forget });
  forget.addEventListener("click", () => {
    progress = { last: "", chapters: {} };
    kept.set("progress", progress);
    showProgress();
    line.remove();
  });
  line.append(on, forget);
  start.after(line);
}

// Formulas as LaTeX: from a selection, and by a button beside each displayed one.

const latex = (math) => {
  const source = math.querySelector("annotation").textContent;
  return math.getAttribute("display") === "block" ? `$$\n${source}\n$$` : `$${source}$`;
};

document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.isCollapsed) return;
  const range = selection.getRangeAt(0);
  const inside = range.commonAncestorContainer;
  const within = (inside.nodeType === Node.ELEMENT_NODE ? inside : inside.parentElement).closest("math");
  if (within) {
    event.clipboardData.setData("text/plain", latex(within));
    event.preventDefault();
    return;
  }
  const copy = made("div", { className: "precis-said" });
  copy.append(range.cloneContents());
  const formulas = copy.querySelectorAll("math");
  if (!formulas.length) return;
  event.clipboardData.setData("text/html", copy.innerHTML);
  for (const math of formulas) if (math.querySelector("annotation")) math.replaceWith(latex(math));
  document.body.append(copy); // only what is in the page has lines
  event.clipboardData.setData("text/plain", copy.innerText);
  copy.remove();
  event.preventDefault();
});

let said;
for (const button of article.querySelectorAll(".precis-latex"))
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(latex(button.previousElementSibling.querySelector("math")));
    if (!said) document.body.append((said = made("div", { className: "precis-said", role: "status" })));
    said.textContent = words.copied;
    button.classList.add("precis-done");
    setTimeout(() => {
      said.textContent = "";
      button.classList.remove("precis-done");
    }, 2000);
  });

// What only some pages, or some screens, have use for.
const selfTest = article.querySelector("details.question");
if (selfTest) {
  // Three windows ahead of the reader: the page opens without the work.
  const ahead = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      ahead.disconnect();
      import("./quiz.js").then(({ makeQuiz }) => makeQuiz(article, kept, here));
    },
    { rootMargin: "300%" },
  );
  ahead.observe(selfTest);
}
const byTouch = matchMedia("(any-pointer: coarse)").matches && HTMLElement.prototype.showPopover;
if (byTouch && article.querySelector("a.precis-term")) import("./terms.js");

// On paper, what is folded is unfolded.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) {
    folded.open = true;
    addEventListener("afterprint", () => (folded.open = false), { once: true });
  }
});

// The whole book, once one page was seen, without network (hooks/offline.py writes the worker).
const worker = document.querySelector("meta[name=precis-worker]")?.content;
if (worker && navigator.serviceWorker && !navigator.connection?.saveData) {
  addEventListener("load", () => navigator.serviceWorker.register(worker).catch(() => {}));
  // a worker is ready once all files are there
  if (!kept.get("offline"))
    navigator.serviceWorker.ready.then(() => {
      kept.set("offline", true);
      const note = made("p", { className: "precis-note", role: "status" });
      document.body.append(note);
      note.textContent = words.offline;
      setTimeout(() => note.remove(), 10_000);
    });
}
