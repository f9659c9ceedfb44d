// Predict, then look: where the text asks what a cell prints, a reader may keep the answer behind
// a button. Off at first, remembered by the browser; without script everything is in view.

const words = {
  fr: {
    asked: /Prévoyez|essayez de prévoir|avant de (les )?(lire|poursuivre|regarder|continuer)|attendez-vous/i,
    hide: "Recacher",
    keep: "Prévoir avant de voir",
    show: "Voir ce qui s’affiche",
    why: (count) => `cache ${count} sorties que le texte demande de prévoir`,
  },
  en: {
    asked: /Predict\b|try to predict|before you (read|look|go)|do you expect/,
    hide: "Hide again",
    keep: "Predict before you look",
    show: "Show what it prints",
    why: (count) => `hides ${count} outputs that the text asks you to predict`,
  },
}[document.documentElement.lang];

const NEAR = 100; // letters between a question and the cell that answers it, at most
const KEY = "precis.predict";

/** Whether the paragraph before a cell leaves the reader with a question. */
function asked(block) {
  const before = block.previousElementSibling;
  if (before?.tagName !== "P" || block.closest("details") || !block.querySelector(".precis-output")) return false;
  const text = before.textContent.trim();
  return text.slice(-NEAR).includes("?") || words.asked.test(text);
}

const blocks = [...document.querySelectorAll(".md-content [data-cell]")].filter(asked);

function cover(block) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "precis-reveal";
  button.setAttribute("aria-controls", block.querySelector("code").id);
  const turn = (covered) => {
    block.classList.toggle("precis-covered", covered);
    button.setAttribute("aria-expanded", !covered);
    button.textContent = covered ? words.show : words.hide;
  };
  button.addEventListener("click", () => turn(!block.classList.contains("precis-covered")));
  turn(true);
  block.querySelector("pre").after(button);
}

function uncover(block) {
  block.classList.remove("precis-covered");
  block.querySelector(".precis-reveal")?.remove();
}

function remembered() {
  try {
    return localStorage.getItem(KEY) === "true";
  } catch {
    return false; // a private window
  }
}

function remember(on) {
  try {
    localStorage.setItem(KEY, on);
  } catch {
    // no room, or refused: the choice holds for this page
  }
}

if (words && blocks.length) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("role", "switch");
  button.textContent = words.keep;
  const choose = (on) => {
    button.setAttribute("aria-checked", on);
    blocks.forEach(on ? cover : uncover);
  };
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-checked") !== "true";
    remember(on);
    choose(on);
  });
  const line = document.createElement("p");
  line.className = "precis-predict";
  line.append(button, ` ${words.why(blocks.length)}`);
  // In an element of its own: beside paragraphs, the browser would style each of them again.
  (document.querySelector(".precis-predict-place") ?? document.querySelector(".precis-about")).append(line);
  choose(remembered());
}
