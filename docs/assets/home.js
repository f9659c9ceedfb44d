// <precis-tune>: the tune of the first chapter, and what its model says of the next note. What it
// contains without this script, a figure and the table of counts, is what stands there without it.
// The table is read from what the run printed: this file has no number of the model.

const language = document.documentElement.lang;

const words = {
  fr: {
    asked: (note) => `Un petit modèle a compté, dans Frère Jacques, quelle note suit laquelle. Après ${note}, il attend :`,
    bar: (note, share) => `${note}, probabilité ${share}`,
    chosen: (note, share, loss) => `${note} avait la probabilité ${share} : une perte de ${loss}.`,
    never: (note, before) => `${note} ne suit jamais ${before} dans l’air : probabilité 0, perte infinie.`,
    draw: "Note suivante",
    hear: "Écouter",
    intro: "Touchez une note pour la choisir, ou laissez le modèle tirer la suivante. Une température basse s’en tient à la note la plus probable, une haute ose davantage.",
    many: "Huit notes de plus",
    next: "Probabilité de chaque note suivante",
    restart: "Recommencer",
    table: "Ce que le modèle a compté",
    temperature: "Température",
    tune: "L’air jusqu’ici : ",
    names: { g: "sol grave", C: "do", D: "ré", E: "mi", F: "fa", G: "sol", A: "la" },
  },
  en: {
    asked: (note) => `A small model has counted which note follows which in Frère Jacques. After ${note}, it expects:`,
    bar: (note, share) => `${note}, probability ${share}`,
    chosen: (note, share, loss) => `${note} had the probability ${share}: a loss of ${loss}.`,
    never: (note, before) => `${note} never follows ${before} in the tune: probability 0, an infinite loss.`,
    draw: "Next note",
    hear: "Listen",
    intro: "Tap a note to choose it, or let the model draw the next one. A low temperature keeps to the likeliest note, a high one dares more.",
    many: "Eight more notes",
    next: "Probability of each next note",
    restart: "Start again",
    table: "What the model counted",
    temperature: "Temperature",
    tune: "The tune so far: ",
    names: { g: "low G", C: "C", D: "D", E: "E", F: "F", G: "G", A: "A" },
  },
}[language];

const PITCH = { g: 196, C: 261.63, D: 293.66, E: 329.63, F: 349.23, G: 392, A: 440 }; // in hertz
const FIRST = "C";
const MANY = 8;
const SHOWN = 12;
const BEAT = 260; // in milliseconds

const decimal = (number, digits = 2) => {
  const text = number.toFixed(digits);
  return language === "fr" ? text.replace(".", ",") : text;
};

/** The counts that a block printed: a line of names, then a name and its counts a line. */
export function counts(lines) {
  const [names, ...rows] = lines.map((line) => line.replace(/^#>/, "").trim().split(/\s+/));
  return Object.fromEntries(rows.map(([name, ...row]) => [name, Object.fromEntries(names.map((n, i) => [n, Number(row[i])]))]));
}

/** Softmax of ln(count) / T: each count to the power 1/T, divided by their sum. */
export function probabilities(row, temperature) {
  const scores = Object.values(row).map((count) => Math.log(count) / temperature);
  const highest = Math.max(...scores); // or a low temperature overflows
  const powers = scores.map((score) => Math.exp(score - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return Object.fromEntries(Object.keys(row).map((name, n) => [name, powers[n] / total]));
}

/** The name on which a number from 0 to 1 falls, where each has its probability as its width. */
export function drawn(chances, number) {
  const possible = Object.entries(chances).filter(([, chance]) => chance > 0);
  for (const [name, chance] of possible) if ((number -= chance) < 0) return name;
  return possible.at(-1)[0]; // the sum may be a little below 1
}

function made(tag, properties = {}, ...content) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...content);
  return element;
}

class Tune extends HTMLElement {
  #audio;
  #bars = {};
  #counts;
  #left = 0; // notes that are still to be drawn
  #notes = [FIRST];

  connectedCallback() {
    const block = this.querySelector("[data-cell=count-table]");
    if (this.#counts || !block) return;
    this.#counts = counts([...block.querySelectorAll(".go")].map((line) => line.textContent));
    const folded = made("details", { className: "tune-table" }, made("summary", { textContent: words.table }), block);
    this.replaceChildren(...this.#controls(), folded);
    this.#show();
  }

  #controls() {
    this.tune = made("span", { className: "tune-played" });
    const said = made("span", { className: "precis-said", textContent: words.tune });
    const notes = made("p", { className: "tune-notes" }, said, this.tune);
    this.asked = made("p", { className: "tune-asked" });
    const pitches = Object.keys(PITCH).filter((name) => name in this.#counts);
    const keys = pitches.map((name) => this.#key(name));
    const group = made("div", { className: "tune-keys" }, ...keys);
    group.role = "group";
    group.ariaLabel = words.next;

    this.temperature = made("input", { type: "range", id: "tune-temperature", min: 0.2, max: 4, step: 0.1, value: 1 });
    this.shown = made("span", { className: "tune-shown", ariaHidden: "true" });
    this.temperature.addEventListener("input", () => this.#show());
    const label = made("label", { htmlFor: "tune-temperature", textContent: words.temperature });
    const slider = made("div", { className: "tune-temperature" }, label, this.temperature, this.shown);

    const button = (text, act, primary = "") => {
      const control = made("button", { type: "button", className: `md-button ${primary}`, textContent: text });
      control.addEventListener("click", act);
      return control;
    };
    this.sound = button(words.hear, () => this.#hear());
    this.sound.ariaPressed = "false";
    const buttons = made(
      "div",
      { className: "tune-buttons" },
      button(words.draw, () => this.#draw(1), "md-button--primary"),
      button(words.many, () => this.#draw(MANY)),
      this.sound,
      button(words.restart, () => this.#restart()),
    );
    this.said = made("p", { className: "tune-said", textContent: words.intro });
    this.said.role = "status";
    return [this.asked, notes, group, slider, buttons, this.said];
  }

  #key(name) {
    const bar = made("span", { className: "tune-bar" });
    const share = made("span", { className: "tune-share" });
    const letter = made("span", { className: "tune-letter", textContent: name });
    const key = made("button", { type: "button", className: "tune-key" }, share, bar, letter);
    if (words.names[name] !== name) key.append(made("span", { className: "tune-name", textContent: words.names[name] }));
    key.addEventListener("click", () => {
      this.#left = 0;
      this.#play(name);
    });
    this.#bars[name] = { bar, key, share };
    return key;
  }

  get #chances() {
    return probabilities(this.#counts[this.#notes.at(-1)], Number(this.temperature.value));
  }

  #play(name) {
    const before = this.#notes.at(-1);
    const chance = this.#chances[name];
    const loss = decimal(Math.abs(Math.log(chance)));
    this.said.textContent = chance ? words.chosen(name, decimal(chance), loss) : words.never(name, before);
    this.#notes.push(name);
    this.#sing(name);
    this.#show();
  }

  #draw(count) {
    const running = this.#left > 0;
    this.#left = count;
    if (!running) this.#step();
  }

  #step() {
    if (this.#left === 0) return;
    this.#left -= 1;
    this.#play(drawn(this.#chances, Math.random()));
    if (this.#left) setTimeout(() => this.#step(), BEAT);
  }

  #restart() {
    this.#left = 0;
    this.#notes = [FIRST];
    this.said.textContent = words.intro;
    this.#show();
  }

  #show() {
    const chances = this.#chances;
    for (const [name, { bar, key, share }] of Object.entries(this.#bars)) {
      bar.style.setProperty("--share", chances[name]);
      share.textContent = decimal(chances[name]);
      key.ariaLabel = words.bar(this.#named(name), decimal(chances[name]));
    }
    this.shown.textContent = decimal(Number(this.temperature.value), 1);
    const last = this.#notes.slice(-SHOWN);
    this.tune.textContent = (this.#notes.length > SHOWN ? "… " : "") + last.join(" ");
    this.asked.textContent = words.asked(this.#named(last.at(-1)));
  }

  #named(name) {
    return words.names[name] === name ? name : `${name} (${words.names[name]})`;
  }

  // Nothing is heard, and no sound is prepared, before it is asked for.
  #hear() {
    const on = this.sound.ariaPressed !== "true";
    this.sound.ariaPressed = String(on);
    if (!on) return;
    this.#audio ??= new AudioContext();
    this.#audio.resume();
    this.#sing(this.#notes.at(-1));
  }

  #sing(name) {
    if (this.sound.ariaPressed !== "true") return;
    const start = this.#audio.currentTime;
    const tone = new OscillatorNode(this.#audio, { type: "triangle", frequency: PITCH[name] });
    const loudness = new GainNode(this.#audio, { gain: 0.25 });
    loudness.gain.setValueAtTime(0.25, start);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
    tone.connect(loudness).connect(this.#audio.destination);
    tone.start(start);
    tone.stop(start + 0.6);
  }
}

customElements.define("precis-tune", Tune);
