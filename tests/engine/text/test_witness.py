"""The claims of a page need a witness."""

from __future__ import annotations

import markdown
import pytest
from project import Project, site_in

from precis.base.finding import Finding
from precis.page.extension import PrecisExtension
from precis.page.page import Page
from precis.text.pages import PageReader
from precis.text.prose import PageText
from precis.text.witness import Verdict

SNIPPET = """
    # %% backward
    import math
    eta = 0.01
    print(-0.08976, 124412160)
    #> -0.08976 124412160

    # %% shapes
    print("torch.Size([2, 3]) torch.float32 tensor([[0.2993, 0.5987]])")
    #> torch.Size([2, 3]) torch.float32 tensor([[0.2993, 0.5987]])
    """

OTHER = """
    # %% loss
    print(0.8290)
    #> 0.829
    """

EMBEDS = """
```snippet
a.py:backward
```

```snippet
a.py:shapes
```
"""


def check(project: Project, text: str, language: str = "en") -> Verdict:
    project.write(mkdocs_yml=site_in(language), snippets__a_py=SNIPPET, snippets__b_py=OTHER)
    folder = project.folder / "docs" / language
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "b.md").write_text("```snippet\nb.py:loss\n```\n", encoding="utf-8")
    page = folder / "a.md"
    page.write_text(EMBEDS + "\n" + text + "\n", encoding="utf-8")
    reader = PageReader(project.book())
    return reader.check_page(reader.read_page(page))


def messages(project: Project, text: str, language: str = "en") -> list[str]:
    return [finding.message for finding in check(project, text, language).findings]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It is `-0.08976`.", "en"),
        ("It is $-0.0898$.", "en"),
        ("It is −0.09.", "en"),
        ("Elle vaut −0,0898, soit $-0{,}09$.", "fr"),
        ("A step of 0.01, 1 %.", "en"),
        ("In all, 124,412,160 and `124412160`.", "en"),
        ("En tout, 124\u202f412\u202f160.", "fr"),
        ("The shape `[2, 3]`, or `(2, 3)`, a `float32` or `torch.float32`.", "en"),
        ("The row `[0.2993, 0.5987]`, nearly $0.3$.", "en"),
        (r"As $2^{10} = 1024$, and $2 \times 3 = 6$.", "en"),
        (r"A formula $\frac{1}{2}(a - y)^2$ and $x_{12}$.", "en"),
        ("The loss of [the other page](b.md#x) is 0.829.", "en"),
        ("GPT-3 has 175.2 billion.[^gpt3]\n\n[^gpt3]: T. Brown, 2020, section 2.1.", "en"),
        ("Section 3.2, PyTorch 2.13, 2026, the 3 of them, 1st.", "en"),
        ("Nothing at all.", "en"),
    ],
)
def test_witnessed_claims_cited_claims_and_other_text_pass(
    project: Project, text: str, language: str
) -> None:
    assert messages(project, text, language) == []


@pytest.mark.parametrize(
    ("text", "language", "claim"),
    [
        ("It is `-0.0897`.", "en", "-0.0897"),
        ("It is `0.08976`.", "en", "0.08976"),  # the sign
        ("It is $-0.0899$.", "en", "-0.0899"),
        ("Elle vaut −0,0899.", "fr", "−0,0899"),
        ("Elle vaut $-0{,}0899$.", "fr", "-0{,}0899"),
        ("In all, 124,412,161.", "en", "124,412,161"),
        ("The shape `[3, 2]`.", "en", "[3, 2]"),
        ("The row `[0.2993, 0.5988]`.", "en", "[0.2993, 0.5988]"),
        ("A `float16`.", "en", "float16"),
        ("The loss of the other page is 0.829.", "en", "0.829"),
        ("GPT-3 has 175.2 billion. It is old.[^gpt3]\n\n[^gpt3]: T. Brown, 2020.", "en", "175.2"),
        ("| a | 0.77 |\n|---|---|\n| b | 0.01 |", "en", "0.77"),
        ('!!! note "A title with 0.77"\n\n    Text.', "en", "0.77"),
    ],
)
def test_a_claim_without_witness_is_reported(
    project: Project, text: str, language: str, claim: str
) -> None:
    (message,) = messages(project, text, language)

    assert message.startswith(f"{claim} has no witness on this page")


def test_a_finding_has_the_place_of_the_claim_and_the_nearest_value(project: Project) -> None:
    (finding,) = check(project, "- A list.\n- Elle vaut −0,0899.", "fr").findings

    assert str(finding).startswith(
        "docs/fr/a.md:11:13: −0,0899 has no witness on this page; "
        "nearest: -0.08976 (a.py, cell backward)\n"
    )


def test_a_wrong_calculation_is_reported(project: Project) -> None:
    assert messages(project, r"So $2 \times 3 = 3$.") == [r"2 \times 3 is 6, not 3"]


def test_a_witness_of_one_side_proves_the_calculation(project: Project) -> None:
    assert messages(project, "$27 - 25 = 1 + 1$") != []
    assert messages(project, "$27 - 25 = 2$") == []  # 2 is printed


def test_an_excused_claim_passes_and_is_listed(project: Project) -> None:
    verdict = check(project, "<!-- no witness for 0.77; 0.78: made up -->\nIt is 0.77 or 0.78.")

    assert verdict.findings == ()
    assert [(claim.text, excuse.reason) for claim, excuse in verdict.excused] == [
        ("0.77", "made up"),
        ("0.78", "made up"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- no witness for 0.77: made up -->\nIt is 0.01.",
        "<!-- no witness for 0.01: made up -->\nIt is 0.01.",
        "<!-- no witness for 0.77: made up -->\nText.\n\nIt is 0.77.[^x]\n\n[^x]: Y, 2020.",
    ],
)
def test_an_unused_excuse_is_reported(project: Project, text: str) -> None:
    (message,) = messages(project, text)

    assert message.startswith("unused excuse for 0.")


def test_a_line_in_a_fence_is_shown_and_excuses_nothing(project: Project) -> None:
    example = "```text\n<!-- no witness for 0.77: made up -->\n```\n"

    assert messages(project, f"{example}\nNo claim.") == []
    (message,) = messages(project, f"{example}\nIt is 0.77.")
    assert message.startswith("0.77 has no witness on this page")


def test_the_page_shows_an_excuse_that_is_in_a_fence(project: Project) -> None:
    project.write(mkdocs_yml=site_in("en"), snippets__a_py=SNIPPET, docs__en__a_md="")
    extension = PrecisExtension(project.book()).for_page(Page(PageText("docs/en/a.md")))
    md = markdown.Markdown(extensions=["pymdownx.superfences", extension])

    html = md.convert("Write:\n\n```text\n<!-- no witness for 0.77: made up -->\n```\n")

    assert "no witness for 0.77: made up" in html


def test_the_page_shows_the_finding_and_hides_the_excuse(project: Project) -> None:
    project.write(mkdocs_yml=site_in("en"), snippets__a_py=SNIPPET, docs__en__a_md="")
    extension = PrecisExtension(project.book()).for_page(Page(PageText("docs/en/a.md")))
    md = markdown.Markdown(extensions=["pymdownx.superfences", extension])
    text = "Before.\n\n<!-- no witness for 0.77: made up -->\nIt is 0.77, not 0.78.\n"

    html = md.convert(text)

    assert "no witness for" not in html.replace("no witness for 0.78", "")
    assert html.index("Before") < html.index("0.78 has no witness") < html.index("It is 0.77")
    assert [finding.line for finding in extension.page.findings] == [4]
    assert isinstance(extension.page.findings[0], Finding)
