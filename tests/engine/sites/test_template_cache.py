"""Templates are compiled again when anything that compiles them may have changed."""

from __future__ import annotations

import pytest
from project import Project

SITE = """
    site_name: test
    theme: {name: mkdocs, custom_dir: theme}
    plugins: [precis]
    hooks: [hooks/stamp.py]
    markdown_extensions: [attr_list, pymdownx.superfences]
    """

TEMPLATE = """
    {% extends "base.html" %}
    {% block footer %}{{ "site" | stamp }}{{ "at" if 1 is stamped }}{% endblock %}
    """

HOOK = """
    from mkdocs.plugins import event_priority


    @event_priority(-1000)  # after all plugins
    def on_env(env, **_):
        env.filters["stamp"] = lambda text: f"{text} version one"
        env.tests["stamped"] = lambda number: True
    """


@pytest.fixture
def site(project: Project) -> Project:
    return project.write(
        mkdocs_yml=SITE,
        theme__main_html=TEMPLATE,
        hooks__stamp_py=HOOK,
        snippets__a_txt="",
        docs__index_md="# Home\n",
    )


def page(project: Project) -> str:
    built = project.run("mkdocs", "build")
    assert built.returncode == 0, built.stderr
    return project.read("site/index.html")


def kept(project: Project) -> dict[str, int]:
    """The compiled templates, and when they were written."""
    files = project.path(".precis").glob("*.jinja")
    return {path.name: path.stat().st_mtime_ns for path in files}


def test_a_filter_of_a_hook_that_changes_changes_the_page(site: Project) -> None:
    assert "site version oneat" in page(site)

    site.write(hooks__stamp_py=HOOK.replace("one", "three"))
    assert "site version threeat" in page(site)

    site.write(hooks__stamp_py=HOOK.replace("one", "three").replace("True", "False"))
    assert "site version three<" in page(site).replace("\n", "<")
    assert not kept(site)


def test_a_filter_that_is_made_in_a_hook_by_a_function_of_a_package_is_the_hook_s(
    site: Project,
) -> None:
    wrapped = HOOK.replace(
        "lambda text:", "functools.wraps(env.filters['upper'])(lambda text:"
    ).replace('one"', 'one")')
    site.write(hooks__stamp_py="import functools\n" + wrapped.replace("\n    ", "\n"))
    assert "site version one" in page(site)

    site.write(hooks__stamp_py=site.read("hooks/stamp.py").replace("one", "three"))
    assert "site version three" in page(site)


def test_with_filters_of_packages_alone_compiled_templates_are_kept(site: Project) -> None:
    site.write(
        theme__main_html=TEMPLATE.replace("stamped", "defined").replace("stamp", "title"),
        hooks__stamp_py="def on_env(env, **_): pass\n",
    )
    assert "Siteat" in page(site)
    assert kept(site)

    before = kept(site)
    assert "Siteat" in page(site)
    assert kept(site) == before
    site.write(theme__main_html=site.read("theme/main.html").replace('"at"', '"then"'))
    assert "Sitethen" in page(site)
