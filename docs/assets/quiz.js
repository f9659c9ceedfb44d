// A self-test that one can answer: the folded answers of a question become choices, and each
// unfolds once it is given. The first answers make the score, which stays in the browser.

const words = {
  fr: {
    check: "Répondre",
    again: "Recommencer",
    score: (right, of) => `${right} bonne${right > 1 ? "s" : ""} réponse${right > 1 ? "s" : ""} sur ${of} au premier essai`,
  },
  en: {
    check: "Check",
    again: "Start again",
    score: (right, of) => `${right} of ${of} right at the first try`,
  },
}[document.documentElement.lang];

const made = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const isAnswer = (element) => element?.matches("details.question");
const isRight = (answer) => /^(Oui|Yes)\b/.test(answer.querySelector("summary + *")?.textContent.trim() ?? "");

/** What stands from the paragraph with the number of a question to its last answer. */
function parts(first) {
  const before = [];
  let start = first.previousElementSibling;
  while (start && !/^\d+\.$/.test(start.querySelector(":scope > strong:first-child")?.textContent ?? "")) {
    if (/^(H\d|DETAILS)$/.test(start.tagName)) return;
    before.unshift(start);
    start = start.previousElementSibling;
  }
  const answers = [];
  for (let answer = first; isAnswer(answer); answer = answer.nextElementSibling) answers.push(answer);
  if (start && answers.filter(isRight).length === 1) return { start, before, answers };
}

/** Make the quiz of a page; `kept` remembers its first answers under `page`. */
export function makeQuiz(article, kept, page) {
  const firsts = [...article.querySelectorAll("details.question")].filter(
    (answer) => !isAnswer(answer.previousElementSibling),
  );
  const questions = firsts.map(parts).filter(Boolean);
  if (!questions.length) return;
  const given = () => kept.get("quiz") ?? {};
  const score = made("p", { className: "precis-score", role: "status" });

  const forms = questions.map(({ start, before, answers }, n) => {
    const choices = answers.map((answer, k) => {
      const box = made("input", { type: "radio", name: `question-${n}`, value: k, required: true });
      const label = made("span", {});
      label.append(...answer.querySelector("summary").cloneNode(true).childNodes);
      return made("label", { className: "precis-choice" }, box, label);
    });
    const legend = made("legend", {}, ...start.childNodes);
    const button = made("button", { type: "submit", className: "precis-check", textContent: words.check });
    const said = made("div", { className: "precis-answers" });
    said.setAttribute("role", "status");
    const form = made("form", { className: "precis-quiz" }, made("fieldset", {}, legend, ...before, ...choices, button), said);
    start.replaceWith(form);
    said.append(...answers);

    const show = (k) => {
      for (const [other, answer] of answers.entries()) {
        answer.classList.toggle("precis-given", other === k);
        if (other === k) answer.open = true;
        choices[other].classList.toggle("precis-right", other === k && isRight(answer));
        choices[other].classList.toggle("precis-wrong", other === k && !isRight(answer));
      }
      for (const answer of answers) answer.classList.toggle("precis-right", isRight(answer));
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const k = Number(new FormData(form).get(`question-${n}`));
      const all = given();
      if (all[page]?.[n] === undefined) kept.set("quiz", { ...all, [page]: { ...all[page], [n]: k } });
      show(k);
      showScore();
    });
    const first = given()[page]?.[n]; // at an earlier visit
    if (choices[first]) {
      choices[first].querySelector("input").checked = true;
      show(first);
    }
    return { form, show };
  });

  function showScore() {
    const first = given()[page] ?? {};
    const answered = Object.keys(first).filter((n) => questions[n]);
    const right = answered.filter((n) => isRight(questions[n].answers[first[n]])).length;
    score.replaceChildren();
    if (!answered.length) return;
    const again = made("button", { type: "button", textContent: words.again });
    again.addEventListener("click", () => {
      const { [page]: _, ...others } = given();
      kept.set("quiz", others);
      for (const { form, show } of forms) {
        form.reset();
        show(-1);
      }
      showScore();
      forms[0].form.querySelector("input").focus();
    });
    score.append(`${words.score(right, questions.length)} · `, again);
  }
  forms.at(-1).form.after(score);
  showScore();
}
