"""What a site says was verified, and what an audit finds where that is not so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from bs4 import BeautifulSoup
from project import Project, site_in

from precis.book.attest import SCHEMA

SNIPPET = """
    # %% one
    x = 0.5
    print(x)
    #> 0.5

    # %% two
    print(x + 1, "<b>")
    #> 1.5 <b>
    print(x + 2)
    #> 2.5
    """

PAGE = "# T\n\n```snippet\na.py:one\n```\n\n```snippet\na.py:two\n```\n"

SITE = """
    site_name: Test
    plugins: [precis]
    markdown_extensions: [attr_list, pymdownx.highlight, pymdownx.superfences]
    """


@pytest.fixture
def made(project: Project) -> Project:
    return project.write(
        mkdocs_yml=SITE,
        snippets__a_py=SNIPPET,
        docs__index_md="# Home\n",
        docs__a_md=PAGE,
        docs__verification_md="# How\n",
    )


def build(project: Project) -> None:
    built = project.run("mkdocs", "build")
    assert built.returncode == 0, built.stderr


def line(project: Project, page: str = "a") -> str | None:
    html = BeautifulSoup(project.read(f"site/{page}/index.html"), "html.parser")
    found = html.select_one("p.precis-verified")
    return found.get_text().replace("\u00a0·", " ·") if found else None


def attest(project: Project, **changes: str) -> Path:
    """An attestation as a machine with CUDA would have handed it over."""
    folder = project.folder / "attestations"
    folder.mkdir(exist_ok=True)
    path = folder / "cuda.json"
    run = project.run("precis", "verify", "--attest", str(path))
    assert run.returncode == 0, run.stderr
    told = json.loads(path.read_text(encoding="utf-8"))
    told |= {"device": "cuda", "name": "Test GPU", "torch": "2.13.0", **changes}
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def test_the_site_says_what_was_verified_and_validates(made: Project) -> None:
    build(made)

    told = json.loads(made.read("site/verified.json"))
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert told["outputs"] == 3
    assert list(told["cells"]) == ["a.py:one", "a.py:two"]
    (own,) = told["verifications"]
    assert (own["device"], own["stale"], own["cells"]) == ("cpu", False, told["cells"])
    assert made.read("site/verified.schema.json") == SCHEMA.read_text(encoding="utf-8")


def test_a_page_says_what_of_it_was_verified(made: Project) -> None:
    build(made)

    assert line(made) == "3 values · CPU · CUDA: not verified for this version · check it yourself"
    assert line(made, "verification") is None


def test_a_page_says_it_in_its_language(project: Project) -> None:
    project.write(mkdocs_yml=site_in("fr"), snippets__a_py=SNIPPET)
    project.write(docs__fr__a_md=PAGE, docs__fr__index_md="# Accueil\n")
    build(project)

    assert line(project, "a") == "3 valeurs · CPU · CUDA\u00a0: non vérifié pour cette version"


def test_the_attestation_of_another_machine_is_published(made: Project) -> None:
    attest(made)
    build(made)

    assert "· CUDA (Test GPU), torch 2.13.0 ·" in (line(made) or "")
    told = json.loads(made.read("site/verified.json"))
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [(v["device"], v["stale"]) for v in told["verifications"]] == [
        ("cpu", False),
        ("cuda", False),
    ]


def test_a_stale_attestation_is_called_stale(made: Project) -> None:
    attest(made)
    made.write(snippets__a_py=SNIPPET.replace("x + 2", "x + 3").replace("2.5", "3.5"))
    build(made)

    assert "· CUDA: verified for another version ·" in (line(made) or "")
    told = json.loads(made.read("site/verified.json"))
    assert [v["stale"] for v in told["verifications"]] == [False, True]


@pytest.mark.parametrize("text", ["{", "[]", '{"device": "cuda"}'])
def test_a_file_that_is_no_attestation_stops_the_build(made: Project, text: str) -> None:
    made.path("attestations").mkdir()
    made.path("attestations/cuda.json").write_text(text, encoding="utf-8")

    built = made.run("mkdocs", "build")

    assert built.returncode == 1
    assert "attestations/cuda.json:1:1: not an attestation" in built.stderr
    assert not made.path("site").exists()


def test_a_failed_verification_attests_nothing(made: Project) -> None:
    made.write(snippets__a_py=SNIPPET.replace("#> 0.5", "#> 0.6"))

    run = made.run("precis", "verify", "--attest", "cpu.json")

    assert run.returncode == 1
    assert not made.path("cpu.json").exists()


def test_an_audit_of_a_site_as_it_was_built_passes(made: Project) -> None:
    build(made)

    audited = made.run("precis", "audit", "site")

    assert (audited.returncode, audited.stderr) == (0, "")
    assert audited.stdout == "2 cells on the pages of site: as their snippets print\n"


def test_an_audit_knows_what_the_code_says_from_what_it_prints(made: Project) -> None:
    quoting = '    said = """\n    #> 1\n    """\n'
    made.write(snippets__a_py=SNIPPET.replace("# %% two\n", f"# %% two\n{quoting}"))
    build(made)

    audited = made.run("precis", "audit", "site")

    assert (audited.returncode, audited.stderr) == (0, "")


TAMPER: dict[str, tuple[Callable[[str], str], str]] = {
    "digit": (
        lambda html: html.replace("#&gt; 1.5", "#&gt; 1.4"),
        "the cell two of a.py shows '1.4 <b>' and prints '1.5 <b>'",
    ),
    "output taken away": (
        lambda html: html.replace('<span class="go">#&gt; 2.5</span>', ""),
        "the cell two of a.py shows 1 lines of output and prints 2",
    ),
    "code": (
        lambda html: html.replace(">0.5</span>", ">0.7</span>", 1),
        "the cell one of a.py shows other code than the snippet",
    ),
    "cell renamed": (
        lambda html: html.replace('data-cell="one"', 'data-cell="other"'),
        "the cell other of a.py is not in the snippets",
    ),
}


@pytest.mark.parametrize(("change", "message"), TAMPER.values(), ids=TAMPER.keys())
def test_an_audit_finds_a_page_that_was_changed(
    made: Project, change: Callable[[str], str], message: str
) -> None:
    build(made)
    page = made.path("site/a/index.html")
    before = page.read_text(encoding="utf-8")
    page.write_text(change(before), encoding="utf-8")
    assert page.read_text(encoding="utf-8") != before

    audited = made.run("precis", "audit", "site")

    assert audited.returncode == 1
    assert "site/a/index.html:" in audited.stderr
    assert message in audited.stderr


def test_an_audit_names_what_no_page_has(made: Project) -> None:
    build(made)
    for path in made.path("site").rglob("*.html"):
        path.write_text(path.read_text("utf-8").replace("data-source", "data-other"), "utf-8")

    audited = made.run("precis", "audit", "site")

    assert audited.returncode == 1
    assert "no page has a block of code with data-source and data-cell" in audited.stderr
    assert "is on no page" not in audited.stderr


def test_an_audit_finds_a_record_that_was_changed(made: Project) -> None:
    attest(made)
    made.write(snippets__a_py=SNIPPET.replace("x + 2", "x + 3").replace("2.5", "3.5"))
    build(made)
    path = made.path("site/verified.json")
    told = path.read_text(encoding="utf-8")
    path.write_text(told.replace('"stale": true', '"stale": false'), encoding="utf-8")

    audited = made.run("precis", "audit", "site")

    assert audited.returncode == 1
    assert "calls a verification on cuda valid that is stale" in audited.stderr
