"""Links into the glossary get definitions as tooltips."""

from __future__ import annotations

import markdown
from bs4 import BeautifulSoup
from project import Project

from precis.page.extension import PrecisExtension
from precis.page.page import Page
from precis.text.prose import PageText


def test_a_link_into_the_glossary_gets_the_definition_of_its_term(project: Project) -> None:
    project.write(
        docs__glossary_md="""
        # Glossary

        ### Tensor {#tensor}

        A *multidimensional* array of `numbers`
        of [one type](tensors.md#dtype).

        French: tenseur.
        """
    )
    extension = PrecisExtension().for_page(Page(PageText("docs/tensors.md")))

    md = markdown.Markdown(extensions=["pymdownx.superfences", extension])
    text = md.convert("A [**tensor**](glossary.md#tensor), [other](glossary.md#no).")
    html = BeautifulSoup(text, "html.parser")

    term, other = html.select("a")
    assert term["title"] == "A multidimensional array of numbers of one type."
    assert term["class"] == ["precis-term"]
    assert not other.has_attr("title")
