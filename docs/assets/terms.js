// A term of the glossary on a touch screen: a tap opens its definition in place, a second tap or
// the link in it goes to the glossary. Where there is a pointer or a keyboard, Material's tooltip
// shows the same definition, and a click goes on.

const more = { fr: "Voir le glossaire", en: "See the glossary" }[document.documentElement.lang];

const box = Object.assign(document.createElement("div"), { className: "precis-definition", popover: "auto" });
const text = Object.assign(document.createElement("p"), { role: "status" });
const { href } = document.querySelector("a.precis-term");
const link = Object.assign(document.createElement("a"), { href, textContent: more });
box.append(text, link);
document.body.append(box);

let shown; // the term whose definition is open
let tapped; // the term under the finger, and whether its definition was open when it came down

addEventListener(
  "pointerdown",
  ({ target, pointerType }) => {
    const term = pointerType === "mouse" ? null : target.closest?.("a.precis-term");
    tapped = term && { term, open: term === shown }; // a finger beside the box closes it
  },
  true,
);

document.addEventListener("click", (event) => {
  const term = event.target.closest("a.precis-term");
  if (!term || term !== tapped?.term || tapped.open) return;
  event.preventDefault();
  open(term);
});

box.addEventListener("toggle", ({ newState }) => {
  if (newState === "closed") shown = undefined;
});

// Material takes the title away while its own tooltip, which a tap shows too, is there.
const definitions = new WeakMap();
for (const term of document.querySelectorAll("a.precis-term[title]")) definitions.set(term, term.title);

function open(term) {
  link.href = term.href;
  box.showPopover();
  shown = term;
  text.textContent = definitions.get(term); // once it is shown, so that it is said
  const { left, top, bottom } = term.getClientRects()[0];
  const { offsetWidth: width, offsetHeight: height } = box;
  const room = document.documentElement.clientWidth - width - 8;
  box.style.left = `${scrollX + Math.max(8, Math.min(left, room))}px`;
  const below = bottom + 6 + height < innerHeight || top < height + 60;
  box.style.top = `${scrollY + (below ? bottom + 6 : top - height - 6)}px`;
}
