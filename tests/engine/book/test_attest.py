"""Badges, attestations and `verified.json` of a site, and the audit of a site."""

from __future__ import annotations

import importlib.metadata
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
def site(project: Project) -> Project:
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


def badge(project: Project, page: str = "a") -> str | None:
    html = BeautifulSoup(project.read(f"site/{page}/index.html"), "html.parser")
    paragraph = html.select_one("p.precis-verified")
    return paragraph.get_text().replace("\u00a0·", " ·") if paragraph else None


def attest(project: Project, **changes: str) -> Path:
    """Write the attestation of a machine with CUDA."""
    folder = project.folder / "attestations"
    folder.mkdir(exist_ok=True)
    path = folder / "cuda.json"
    run = project.run("precis", "verify", "--attest", str(path))
    assert run.returncode == 0, run.stderr
    document = json.loads(path.read_text(encoding="utf-8"))
    document |= {"device": "cuda", "name": "Test GPU", "torch": "2.13.0", **changes}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_verified_json_lists_the_cells_and_matches_its_schema(site: Project) -> None:
    build(site)

    document = json.loads(site.read("site/verified.json"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert document["outputs"] == 3
    assert list(document["cells"]) == ["a.py:one", "a.py:two"]
    (own,) = document["verifications"]
    assert (own["device"], own["stale"], own["cells"]) == ("cpu", False, document["cells"])
    assert own["torch"] is None
    assert site.read("site/verified.schema.json") == SCHEMA.read_text(encoding="utf-8")


def test_a_page_with_outputs_has_a_badge(site: Project) -> None:
    build(site)

    assert badge(site) == "3 values · CPU · check it yourself"
    assert badge(site, "verification") is None


def test_a_badge_of_cells_with_torch_names_its_version_and_the_other_device(site: Project) -> None:
    code = site.read("snippets/a.py")
    torch = code.replace("# %% one\n", "# %% one\nimport torch\n", 1)
    assert torch != code
    site.path("snippets/a.py").write_text(torch, encoding="utf-8")
    build(site)

    version = importlib.metadata.version("torch")
    assert (badge(site) or "").startswith(
        f"3 values · CPU, torch {version} · CUDA: not verified for this version"
    )
    (own,) = json.loads(site.read("site/verified.json"))["verifications"]
    assert own["torch"] == version


def test_a_badge_is_in_the_language_of_its_page(project: Project) -> None:
    project.write(mkdocs_yml=site_in("fr"), snippets__a_py=SNIPPET)
    project.write(docs__fr__a_md=PAGE, docs__fr__index_md="# Accueil\n")
    build(project)

    assert badge(project, "a") == "3 valeurs · CPU"


def test_the_attestation_of_another_machine_is_published(site: Project) -> None:
    attest(site)
    build(site)

    assert "· CUDA (Test GPU), torch 2.13.0 ·" in (badge(site) or "")
    document = json.loads(site.read("site/verified.json"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [(v["device"], v["stale"]) for v in document["verifications"]] == [
        ("cpu", False),
        ("cuda", False),
    ]


def test_a_stale_attestation_is_called_stale(site: Project) -> None:
    attest(site)
    site.write(snippets__a_py=SNIPPET.replace("x + 2", "x + 3").replace("2.5", "3.5"))
    build(site)

    assert "· CUDA: verified for another version ·" in (badge(site) or "")
    document = json.loads(site.read("site/verified.json"))
    assert [v["stale"] for v in document["verifications"]] == [False, True]


@pytest.mark.parametrize("text", ["{", "[]", '{"device": "cuda"}'])
def test_an_invalid_attestation_stops_the_build(site: Project, text: str) -> None:
    site.path("attestations").mkdir()
    site.path("attestations/cuda.json").write_text(text, encoding="utf-8")

    built = site.run("mkdocs", "build")

    assert built.returncode == 1
    assert "attestations/cuda.json:1:1: not an attestation" in built.stderr
    assert not site.path("site").exists()


def test_a_failed_verification_writes_no_attestation(site: Project) -> None:
    site.write(snippets__a_py=SNIPPET.replace("#> 0.5", "#> 0.6"))

    run = site.run("precis", "verify", "--attest", "cpu.json")

    assert run.returncode == 1
    assert not site.path("cpu.json").exists()


def test_an_unchanged_site_passes_its_audit(site: Project) -> None:
    build(site)

    audited = site.run("precis", "audit", "site")

    assert (audited.returncode, audited.stderr) == (0, "")
    assert audited.stdout == "2 cells on the pages of site: as their snippets print\n"


def test_an_audit_distinguishes_output_from_strings_in_code(site: Project) -> None:
    quoting = '    said = """\n    #> 1\n    """\n'
    site.write(snippets__a_py=SNIPPET.replace("# %% two\n", f"# %% two\n{quoting}"))
    build(site)

    audited = site.run("precis", "audit", "site")

    assert (audited.returncode, audited.stderr) == (0, "")


def test_an_audit_takes_no_title_of_a_block_for_code(site: Project) -> None:
    page = site.read("docs/a.md")
    site.write(docs__a_md=page.replace("```snippet\n", '```snippet title="Once"\n', 1))
    build(site)
    assert "Once" in site.read("site/a/index.html")

    audited = site.run("precis", "audit", "site")

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
def test_an_audit_reports_a_changed_page(
    site: Project, change: Callable[[str], str], message: str
) -> None:
    build(site)
    page = site.path("site/a/index.html")
    before = page.read_text(encoding="utf-8")
    page.write_text(change(before), encoding="utf-8")
    assert page.read_text(encoding="utf-8") != before

    audited = site.run("precis", "audit", "site")

    assert audited.returncode == 1
    assert "site/a/index.html:" in audited.stderr
    assert message in audited.stderr


def test_an_audit_reports_a_site_without_cells(site: Project) -> None:
    build(site)
    for path in site.path("site").rglob("*.html"):
        path.write_text(path.read_text("utf-8").replace("data-source", "data-other"), "utf-8")

    audited = site.run("precis", "audit", "site")

    assert audited.returncode == 1
    assert "no page has a block of code with data-source and data-cell" in audited.stderr
    assert "is on no page" not in audited.stderr


def test_an_audit_reports_a_changed_verified_json(site: Project) -> None:
    attest(site)
    site.write(snippets__a_py=SNIPPET.replace("x + 2", "x + 3").replace("2.5", "3.5"))
    build(site)
    path = site.path("site/verified.json")
    document = path.read_text(encoding="utf-8")
    path.write_text(document.replace('"stale": true', '"stale": false'), encoding="utf-8")

    audited = site.run("precis", "audit", "site")

    assert audited.returncode == 1
    assert "calls a verification on cuda valid that is stale" in audited.stderr


def test_an_audit_reports_a_hash_that_is_not_of_the_snippet(site: Project) -> None:
    site.run("mkdocs", "build")
    path = site.path("site/verified.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    name = next(iter(document["cells"]))
    document["cells"][name]["outputs"] = "0" * 64
    path.write_text(json.dumps(document), encoding="utf-8")

    audited = site.run("precis", "audit", "site")

    assert audited.returncode == 1
    assert f"says something else of {name} than its snippet does" in audited.stderr
