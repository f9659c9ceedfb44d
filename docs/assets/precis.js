// Material asks each language link for a sitemap, and ours are pages: two failed requests a
// page. A blank in `rel` keeps the link what it is (rel is a list) and out of its selector.
for (const link of document.querySelectorAll("link[rel=alternate]")) link.rel += " ";

// What Material's script adds to a page has no name, and cannot be reached by keyboard.
const name = (element, text) => {
  if (!element.hasAttribute("aria-label")) element.setAttribute("aria-label", text);
};

function amend() {
  for (const [n, mark] of document.querySelectorAll(".md-annotation__index").entries()) {
    name(mark, `Note ${n + 1}`);
    mark.tabIndex = 0;
  }
  // All are measured before one is changed, and none that is folded: else each is a layout.
  const boxes = [...document.querySelectorAll(".md-typeset__scrollwrap, div.arithmatex, pre > code")].filter(
    (box) => !box.closest("details:not([open])"),
  );
  const wide = boxes.map((box) => box.scrollWidth > box.clientWidth);
  for (const [n, box] of boxes.entries())
    if (wide[n]) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
}

// The menu and the search of a narrow window are labels of hidden boxes: a mouse's only.
for (const label of document.querySelectorAll("label.md-header__button:is([for=__drawer], [for=__search])")) {
  const button = document.createElement("button");
  for (const a of label.attributes) button.setAttribute(a.name, a.value);
  button.append(...label.childNodes);
  name(button, label.htmlFor === "__drawer" ? "Menu" : document.querySelector(".md-search__input").placeholder);
  button.addEventListener("click", () => document.getElementById(label.htmlFor).click());
  label.replaceWith(button);
}

let asked = 0;
function soon() {
  cancelAnimationFrame(asked);
  asked = requestAnimationFrame(amend);
}
new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", soon);
document.addEventListener("toggle", soon, true); // what was folded has a width now
soon();

// Some browsers keep a box ticked over a reload: a menu would come back open.
for (const box of document.querySelectorAll("input.md-toggle")) if (box.id !== "__toc") box.checked = box.defaultChecked;
