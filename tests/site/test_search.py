"""Search in a real Chromium: by keyboard, and the site's own worker with its own index."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import urljoin, urlsplit

import pytest
from built import LANGUAGES, Site
from messages import CAUSES, printed
from playwright.sync_api import Browser, Page, expect

ANSWER = re.compile("document|trouvé|No matching|Aucun")
"""What stands above the hits once they are there, in either language."""

ASK = """
async ({ worker, index, questions }) => {
  const search = new Worker(worker);
  const ask = (message) => new Promise((resolve) => {
    search.onmessage = ({ data }) => resolve(data);
    search.postMessage(message);
  });
  const given = await (await fetch(index)).json();
  await ask({ type: 0, data: { ...given, options: { suggest: true } } });
  const answers = [];
  for (const question of questions) {
    const { data, instead } = await ask({ type: 2, data: question });
    answers.push({ found: data.items.map(([best]) => best.location), instead });
  }
  search.terminate();
  return answers;
}
"""
"""Asks what Material's script asks of its worker; the best place of each page that is found."""

QUESTIONS = {
    "en": {
        "what is the difference between view and reshape": "tensors/#view-or-reshape",
        "why is my grad None": "autograd/#leaf",
        "softmax before cross entropy": "backpropagation/#logits",
        "memory grows at each step": "autograd/#numpy",
        "what does zero_grad do": "autograd/#accumulation",
        "eval or no_grad": "learning/#eval",
        "how many parameters does GPT-2 have": "configuration/#total configuration/#count",
        "my loss is nan": "learning/#misbehaves",
        "learning rate too high": "learning/#misbehaves",
        "how does byte pair encoding work": "tokens/#bpe",
        "how are shapes broadcast": "tensors/#broadcasting",
        "how much memory to train a model": "configuration/#training",
        "move my model to the GPU": "tensors/#devices",
        "special tokens end of text": "tokens/#special",
        "can I change a tensor in place": "autograd/#in-place",
        "save and load a model": "learning/#saving",
        "what does temperature change": "pretraining/#temperature",
        "what does dropout do": "configuration/#dropout",
        "convert float to int": "tensors/#convert",
        "how do I detach a tensor to numpy": "autograd/#numpy",
        "why are gradients vanishing": "labs/vanishing/",
        "initial weights all zero": "learning/#exercise-equal",
        "stride larger than max_length": "batches/#stride",
        "one-hot embedding lookup": "embeddings/#lookup",
        "why add positions instead of concatenating": "embeddings/#apart",
        "are q k v thirds of the input": "attention/#qkv",
        "divide by sqrt d": "attention/#scale",
        "mask before or after softmax": "attention/#wrong-masks",
        "view without transpose heads": "heads/#split heads/",
        "bias of query key value": "configuration/#layers",
        "normalise before or after attention": "block/#pre-norm",
        "layer norm over the batch": "block/#axis",
        "layernorm unbiased variance": "block/#layer-norm",
        "initialisation 0.02": "gpt/#initialisation",
        "validation loss above training loss": "learning/#misbehaves batches/#split",
        "mask with a kv cache": "heads/#cache",
        "weights of GPT-2 transposed": "weights/#conv1d",
        "attn.bias is not a parameter": "weights/#names",
        "who shifts the labels": "batches/#exercise-twice batches/#window pretraining/#shift",
        "gradient accumulation gives another loss": "training/#unequal training/#accumulate",
        "fp16 or bf16": "learning/#precision tensors/#floats training/#precision",
        "loss of 10 at the start": "gpt/#first-loss training/#first-loss",
        "loss stays on a plateau": "training/#first-loss training/#runs learning/#misbehaves",
        "compare perplexity of models with other tokenizers": "generation/#score",
        "temperature 0": "generation/#temperature",
        "top-k before or after temperature": "generation/#order",
        "resume training from a checkpoint": "training/#resume",
        "ignore_index -100 or pad token": "instructions/#mask",
        "should the prompt count in the loss": "instructions/#mask instructions/#unmasked",
        "nan when all targets are ignored": "instructions/#mask learning/#misbehaves",
        "which token to read for classification": "classification/#token classification/#last-real",
        "padding left or right": "instructions/#template classification/#last-real",
        "lora alpha and rank": "lora/#scale",
        "why is B zero in LoRA": "lora/#zero",
        "merge lora weights": "lora/#merge",
        "accuracy on imbalanced classes": "classification/#rare classification/#weights",
        "frozen layers still change": "classification/#frozen",
        "timing on the GPU is wrong": "gpu/#asynchronous",
        "CUDA out of memory": "gpu/#messages gpu/#peak gpu/#memory configuration/#training",
        "is float16 faster than float32": "gpu/#formats",
        "DPO loss": "instructions/#dpo",
        "flash attention": "gpu/#fused heads/#cost",
        "torch.compile": "gpu/#compile",
    },
    "fr": {
        "quelle différence entre view et reshape": "tensors/#view-or-reshape",
        "pourquoi grad est None": "autograd/#leaf",
        "softmax avant cross_entropy": "backpropagation/#logsumexp",
        "la mémoire augmente à chaque pas": "autograd/#numpy",
        "à quoi sert zero_grad": "autograd/#accumulation",
        "eval ou no_grad": "learning/#eval",
        "nombre de paramètres de GPT-2": "configuration/#total configuration/#count",
        "ma perte vaut nan": "learning/#misbehaves",
        "taux d'apprentissage trop grand": "learning/#misbehaves",
        "comment marche le codage par paires d'octets": "tokens/#bpe",
        "regle de la chaine": "autograd/#chain-rule",
        "règles de la diffusion des formes": "tensors/#broadcasting",
        "combien de mémoire pour entraîner un modèle": "configuration/#training",
        "mettre le modèle sur le GPU": "tensors/#devices",
        "c'est quoi un jeton spécial": "tokens/#special",
        "modifier un tenseur en place": "autograd/#in-place",
        "enregistrer et charger un modèle": "learning/#saving",
        "que change la température": "pretraining/#temperature",
        "à quoi sert le dropout": "configuration/#dropout",
        "convertir un float en entier": "tensors/#convert",
        "lien entre loss.backward et optimizer.step": "learning/#loop",
        "pourquoi les gradients s'évanouissent": "labs/vanishing/",
        "décalage plus grand que max_length": "batches/#stride",
        "pourquoi ajouter les positions au lieu de les mettre bout à bout": "embeddings/#apart",
        "q k v tiers de l'entrée": "attention/#qkv",
        "diviser par racine de d": "attention/#scale",
        "masque avant ou après softmax": "attention/#wrong-masks",
        "view sans transpose têtes": "heads/#split",
        "biais des requêtes et des clés": "configuration/#layers",
        "normaliser avant ou après l'attention": "block/#pre-norm",
        "normalisation sur le lot": "block/#axis",
        "layernorm variance unbiased": "block/#layer-norm",
        "initialisation 0,02": "gpt/#initialisation",
        "perte de validation au-dessus de l'entraînement": "learning/#misbehaves",
        "masque avec un cache": "heads/#cache",
        "poids de GPT-2 transposés": "weights/#conv1d",
        "attn.bias n'est pas un paramètre": "weights/#names",
        "qui décale les étiquettes": "batches/#exercise-twice batches/#window pretraining/#shift",
        "accumuler les gradients change la perte": "training/#unequal training/#accumulate",
        "fp16 ou bf16": "learning/#precision tensors/#floats training/#precision",
        "perte de 10 au début": "gpt/#first-loss training/#first-loss",
        "la perte reste sur un plateau": "training/#first-loss training/#runs learning/#misbehaves",
        "comparer la perplexité de deux modèles": "generation/#score",
        "température 0": "generation/#temperature",
        "top-k avant ou après la température": "generation/#order",
        "reprendre un entraînement": "training/#resume",
        "ignore_index -100 ou jeton de remplissage": "instructions/#mask",
        "faut-il compter la consigne dans la perte": "instructions/#mask instructions/#unmasked",
        "nan quand toutes les cibles sont ignorées": "instructions/#mask learning/#misbehaves",
        "quel jeton lire pour classer": "classification/#token classification/#last-real",
        "remplissage à gauche ou à droite": "instructions/#template classification/#last-real",
        "alpha et rang de LoRA": "lora/#scale",
        "pourquoi B est nul dans LoRA": "lora/#zero",
        "fusionner les poids de LoRA": "lora/#merge",
        "exactitude et classes déséquilibrées": "classification/#rare classification/#weights",
        "des couches gelées changent": "classification/#frozen",
        "CUDA out of memory": "gpu/#messages gpu/#peak gpu/#memory configuration/#training",
        "float16 est-il plus rapide que float32": "gpu/#formats",
        "perte de DPO": "instructions/#dpo",
        "flash attention": "gpu/#fused heads/#cost",
        "torch.compile": "gpu/#compile",
        "mon chronométrage sur GPU est faux": "gpu/#asynchronous",
    },
}
"""What learners ask, and where the answer stands."""

MISSPELT = {
    "en": {
        "gradiant": "gradient",
        "gradeint": "gradient",
        "crossentropy": "cross entropy",
        "perplexty": "perplexity",
        "tokeniser": "tokenizer",
        "brodcasting": "broadcasting",
        "sofmax": "softmax",
        "learningrate": "learning rate",
        "vannishing": "vanishing",
        "parametter": "parameters",
    },
    "fr": {
        "gradeint": "gradient",
        "crossentropy": "cross entropy",
        "perpléxité": None,
        "tokenizeur": "tokeniseur",
        "rétro-propagation": None,
        "sofmax": "softmax",
        "plongment": "plongements",
        "dérivé partiel": None,
        "entropie croissée": None,
        "parramètre": "paramètres",
    },
}
"""Words that the book does not have, and what they are read as; None: a form of one that it has."""


@dataclass(frozen=True)
class Answer:
    """What the search answers."""

    found: list[str]
    """The best place on each page that it finds, from the folder of the language."""

    instead: list[list[str]]
    """Words that were read as others."""


@pytest.fixture(scope="module")
def answers(browser: Browser, address: str):
    """Ask the search of one language many questions, in one visit."""

    @cache
    def in_language(language: str, questions: tuple[str, ...]) -> list[Answer]:
        start = address + LANGUAGES[language]
        page = browser.new_page()
        page.goto(start)
        config = json.loads(page.locator("#__config").text_content() or "")
        given = {
            "worker": urljoin(start, config["search"]),
            "index": start + "search/search_index.json",
            "questions": list(questions),
        }
        found = [Answer(**answer) for answer in page.evaluate(ASK, given)]
        page.close()
        return found

    def asked(language: str, questions: list[str]) -> list[Answer]:
        return in_language(language, tuple(questions))

    return asked


def listed(site: Site, language: str) -> dict[str, str]:
    """The messages of the page of errors, by anchor."""
    rows = site.pages[f"{LANGUAGES[language]}errors/"].select("article tr[id]")
    return {str(row["id"]): row.td.get_text().removesuffix("#").strip() for row in rows}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_as_the_page_lists_it_finds_its_row_first(answers, site, language):
    messages = listed(site, language)
    assert len(messages) > 30
    found = answers(language, [*messages.values()])
    first = {anchor: answer.found[0] for anchor, answer in zip(messages, found, strict=True)}
    assert first == {anchor: f"errors/#{anchor}" for anchor in messages}


def letters(message: str) -> str:
    """A message without its numbers, which are the reader's own."""
    return re.sub(r"[^a-z]+", " ", message.lower())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_as_pytorch_prints_it_finds_its_row_first(answers, site, language):
    messages = listed(site, language)
    rows = [next(row for row in messages.values() if row.startswith(start)) for start in CAUSES]
    pasted = [printed(start) for start in CAUSES]
    # a row without code here: at least with what Python writes before each message
    rest = [row for row in messages.values() if row not in rows]
    pasted += [f"RuntimeError: {row}" for row in rest]
    wrong = {
        text: answer.found[:3]
        for text, row, answer in zip(pasted, rows + rest, answers(language, pasted), strict=True)
        if letters(messages.get(answer.found[0].partition("#")[2], "")) != letters(row)
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_finds_the_section_that_answers_it_among_the_first_three(answers, language):
    questions = QUESTIONS[language]
    found = answers(language, [*questions])
    first = {q: answer.found[:3] for q, answer in zip(questions, found, strict=True)}
    lost = {q: first[q] for q, places in questions.items() if not {*places.split()} & {*first[q]}}
    assert lost == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_misspelt_word_finds_what_was_meant_and_says_so(answers, language):
    words = MISSPELT[language]
    found = answers(language, [*words])
    read = {word: dict(answer.instead) for word, answer in zip(words, found, strict=True)}
    assert all(answer.found for answer in found)
    for word, meant in words.items():
        assert [*read[word].values()] == ([meant] if meant else []), word


def test_little_words_ask_nothing_while_another_is_left(answers):
    with_them, without, alone = answers("fr", ["le nombre de la perte", "nombre perte", "de la"])
    assert with_them == without
    assert alone.found


def test_a_hyphen_may_be_typed_or_not(answers):
    joined, divided = answers("fr", ["rétropropagation", "rétro-propagation"])
    assert joined.found[0] == divided.found[0] == "backpropagation/"


def test_chapters_stand_above_labs_and_glossary(answers):
    for answer in answers("en", ["softmax", "perplexity", "gradient vanish", "activation"]):
        kinds = [place.startswith("glossary/") for place in answer.found]
        assert not kinds[0]
        assert any(kinds)


def test_the_index_has_neither_labels_of_figures_nor_the_code_that_draws_them(site):
    index = json.loads((site.folder / "en/search/search_index.json").read_text(encoding="utf-8"))
    texts = {entry["location"]: entry["text"] for entry in index["docs"]}
    assert site.pages["en/autograd/"].select("figure svg text")
    assert "gradient 1" not in texts["autograd/#graph-figure"]
    assert "plt.subplots" not in "".join(texts.values())


@pytest.fixture(scope="module")
def search(browser: Browser, address: str):
    """Type a question on a page: the page with its answer, and what went wrong."""
    context = browser.new_context()

    def asked(path: str, question: str) -> tuple[Page, list[str]]:
        page, wrong = context.new_page(), []
        page.on("console", lambda message: wrong.append(message.text))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.goto(address + path)
        page.keyboard.press("/")
        page.keyboard.insert_text(question)  # at once: one question, one answer
        page.keyboard.press("Shift")  # the search looks at its field when a key comes up
        expect(page.locator(".md-search-result__meta")).to_have_text(ANSWER, timeout=30_000)
        return page, wrong

    yield asked
    context.close()


def hits(page: Page) -> list[str]:
    expect(page.locator(".md-search-result__link").first).to_be_attached()
    links = page.locator(".md-search-result__link").all()
    return [urlsplit(link.get_attribute("href") or "").path for link in links]


@pytest.mark.parametrize(
    ("start", "question"),
    [("", "gradient"), ("tensors/", "tensor"), ("en/", "gradient"), ("en/tensors/", "tensor")],
)
def test_hits_are_in_the_page_s_language(search, start, question):
    page, wrong = search(start, question)
    paths = hits(page)
    assert {path.startswith("/en/") for path in paths} == {start.startswith("en/")}
    assert not wrong


@pytest.mark.parametrize(("typed", "read"), [("dérivée", "derivee"), ("Élément", "element")])
def test_accents_may_be_typed_or_not(answers, typed, read):
    with_accents, without = answers("fr", [typed, read])
    assert with_accents.found
    assert without == with_accents


def test_an_elided_article_hides_no_word(answers):
    (answer,) = answers("fr", ["l’entropie"])
    assert any(place.startswith("pretraining/") for place in answer.found)


def test_numbers_are_no_error(search):
    """Lunr fails on `0*` in an index of as many numbers as ours."""
    page, wrong = search("", "0")
    assert hits(page)
    assert not wrong


def test_what_was_read_otherwise_is_said_above_the_hits(search):
    page, wrong = search("en/tensors/", "gradiant")
    expect(page.locator(".precis-instead")).to_have_text(
        "Nothing for “gradiant”; showing “gradient”. "
    )
    assert hits(page)
    assert not wrong


@pytest.mark.parametrize("start", ["", "en/"])
def test_where_else_to_look_is_said_when_nothing_is_found(search, address, start):
    page, _ = search(f"{start}tensors/", "zzzz")
    links = page.locator(".precis-instead a")
    expect(links).to_have_count(2)
    there = [link.evaluate("link => link.href") for link in links.all()]
    assert there == [f"{address}{start}glossary/", f"{address}{start}errors/"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_has_an_address_of_its_own(site, language):
    anchors = {name: [*listed(site, name)] for name in LANGUAGES}
    assert anchors["fr"] == anchors["en"]
    for row in site.pages[f"{LANGUAGES[language]}errors/"].select("article tr[id]"):
        assert row.select_one("td a.headerlink")["href"] == f"#{row['id']}"
