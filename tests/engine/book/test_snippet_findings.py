"""What is wrong with a snippet, said once."""

from __future__ import annotations

from project import Project

from precis.book.checks import snippet_findings


def test_a_print_without_expectation_is_one_finding_with_its_hint(project: Project) -> None:
    project.write(snippets__a_py="# %% one\nprint(1)\n", docs__a_md="```snippet\na.py:one\n```\n")

    (finding,) = snippet_findings(project.book(), project.path("snippets/a.py"))

    assert (finding.line, finding.message) == (2, "a print without expectation")
    assert "precis update snippets/a.py" in finding.hint
    assert finding.hint.endswith("On the pages: docs/a.md:2")


def test_what_precedes_a_fault_is_reported_with_it(project: Project) -> None:
    project.write(snippets__a_py="# %% one\nprint(1)\n#> 2\n1 / 0\n\n# %% two\nprint(3)\n#> 3\n")

    findings = snippet_findings(project.book(), project.path("snippets/a.py"))

    assert [finding.line for finding in findings] == [2, 4]
