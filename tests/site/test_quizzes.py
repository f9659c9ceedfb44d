"""Self-tests that one can answer; without scripts, folded answers as before."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from built import LANGUAGES, PAGES, Site, becomes_true, open_page, violations
from playwright.sync_api import Browser, Page, expect

QUIZ = ".precis-quiz"


def open_quiz(page: Page, address: str) -> None:
    """Open a page and go where its quiz is, which is made when a reader comes near."""
    open_page(page, address)
    page.locator("details.question").first.scroll_into_view_if_needed()
    expect(page.locator(QUIZ).first).to_be_visible()


def answers_of(site: Site, path: str) -> list[list[bool]]:
    """Which answers to each question of a page are right."""
    questions: list[list[bool]] = []
    for answer in site.pages[path].select("details.question"):
        before = answer.find_previous_sibling()
        if before is None or "question" not in before.get("class", []):
            questions.append([])
        explained = answer.summary.find_next_sibling().get_text()
        questions[-1].append(re.match("(Oui|Yes)", explained) is not None)
    return questions


WITH_QUIZ = ["autograd/", "recap/", "tensors/"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_each_question_has_one_right_answer(site: Site, path: str) -> None:
    assert all(sum(answers) == 1 for answers in answers_of(site, path))


@pytest.mark.parametrize(
    "path", [start + name for start in LANGUAGES.values() for name in WITH_QUIZ]
)
def test_each_question_can_be_answered(page: Page, address: str, site: Site, path: str) -> None:
    open_quiz(page, address + path)
    answers = answers_of(site, path)
    expect(page.locator(QUIZ)).to_have_count(len(answers))
    choices = [form.get_by_role("radio").count() for form in page.locator(QUIZ).all()]
    assert choices == [len(question) for question in answers]


def test_an_answer_is_explained_and_counted_once(page: Page, address: str, site: Site) -> None:
    open_quiz(page, address + "en/tensors/")
    right = [question.index(True) for question in answers_of(site, "en/tensors/")]
    forms = page.locator(QUIZ)
    first = forms.nth(0)
    expect(first.locator("details:visible")).to_have_count(0)
    for choice in ((right[0] + 1) % 3, right[0]):
        first.get_by_role("radio").nth(choice).check()
        first.get_by_role("button").click()
    expect(first.locator("details:visible")).to_have_count(1)
    expect(first.get_by_role("status")).to_contain_text("Yes.")
    expect(first.locator(".precis-choice").nth(right[0])).to_have_class(re.compile("precis-right"))
    second = forms.nth(1)
    second.get_by_role("radio").nth(right[1]).check()
    page.keyboard.press("Enter")
    score = page.locator(".precis-score")
    expect(score).to_contain_text(f"1 of {len(right)} right")

    open_quiz(page, address + "en/tensors/")
    expect(score).to_contain_text(f"1 of {len(right)} right")
    expect(second.get_by_role("radio").nth(right[1])).to_be_checked()
    open_quiz(page, address + "tensors/")  # one score in both languages
    expect(score).to_contain_text(f"1 bonne réponse sur {len(right)}")
    score.get_by_role("button").click()
    expect(score).to_have_text("")
    expect(page.locator(f"{QUIZ} :checked")).to_have_count(0)
    expect(page.locator(f"{QUIZ} details:visible")).to_have_count(0)


def test_arrows_choose_and_answer_nothing(page: Page, address: str) -> None:
    open_quiz(page, address + "tensors/")
    form = page.locator(QUIZ).first
    form.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(form.get_by_role("radio").nth(1)).to_be_checked()
    expect(form.locator("details:visible")).to_have_count(0)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(form.locator("details:visible")).to_have_count(1)


def test_nothing_is_answered_without_a_choice(page: Page, address: str) -> None:
    open_quiz(page, address + "tensors/")
    form = page.locator(QUIZ).first
    form.get_by_role("button").click()
    expect(page.locator(".precis-score")).to_have_text("")
    expect(form.locator("details:visible")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_answered_quiz_breaks_no_rule(page: Page, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_quiz(page, address + "recap/")
    for n, form in enumerate(page.locator(QUIZ).all()):
        form.get_by_role("radio").nth(n % 3).check()
        form.get_by_role("button").click()
    assert becomes_true(page, "document.querySelectorAll('.precis-given').length === 10")
    assert violations(page, QUIZ) == []


def test_paper_has_questions_and_all_answers(page: Page, address: str) -> None:
    open_quiz(page, address + "tensors/")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(f"{QUIZ} legend:visible")).to_have_count(5)
    expect(page.locator(f"{QUIZ} details:visible")).to_have_count(15)
    expect(page.locator(f"{QUIZ} [type=radio]:visible")).to_have_count(0)


def test_a_page_opens_without_making_its_quiz(page: Page, address: str) -> None:
    open_page(page, address + "tensors/")
    assert becomes_true(page, "document.querySelector('.precis-predict')")  # scripts ran
    expect(page.locator(QUIZ)).to_have_count(0)
    page.goto(page.url + "#" + (page.locator("h2").last.get_attribute("id") or "?"))
    expect(page.locator(QUIZ)).to_have_count(5)


def test_without_scripts_each_answer_is_folded(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "tensors/")
    answer = page.locator("details.question").first
    answer.locator("summary").click()
    expect(answer.locator("p")).to_be_visible()
    context.close()
