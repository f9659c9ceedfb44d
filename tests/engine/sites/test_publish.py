"""A site is published whole, whenever the build is killed and however many run at once."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from project import Project

from precis.sites import publish
from precis.sites.publish import aside, clear

SITE = """
    site_name: Test
    plugins: [precis]
    markdown_extensions: [attr_list, pymdownx.highlight, pymdownx.superfences]
    """

PAGES = 30


def state(project: Project, number: int) -> Project:
    """A site of many pages that all show the same number."""
    page = f"# Page\n\n```snippet\na.py:a\n```\n\nIt is `{number}`.\n"
    project.write(mkdocs_yml=SITE, snippets__a_py=f"# %% a\nprint({number})\n#> {number}\n")
    for n in range(PAGES):
        project.write(**{f"docs__{'index' if not n else f'p{n}'}_md": page})
    return project


def start(project: Project) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "build"],
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


def numbers(project: Project) -> set[str]:
    """The numbers that the published pages show; an unfinished page shows none."""
    pages = list(project.folder.glob("site/**/index.html"))
    assert len(pages) == PAGES
    texts = [path.read_text(encoding="utf-8") for path in pages]
    assert all("</html>" in text for text in texts)
    return {text.split("It is <code>")[1].split("<")[0] for text in texts}


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.exhaustive
def test_a_build_killed_at_any_moment_leaves_the_old_site_or_the_new(project: Project) -> None:
    began = time.monotonic()
    assert start(state(project, 100)).wait() == 0
    took = time.monotonic() - began
    published = {"100"}
    moments = random.Random(0)

    for number in range(101, 121):
        build = start(state(project, number))
        time.sleep(moments.uniform(0.3, 1.1) * took)
        build.send_signal(signal.SIGKILL)
        build.wait()
        now = numbers(project)
        assert now in (published, {str(number)})
        published = now

    assert start(state(project, 200)).wait() == 0
    assert numbers(project) == {"200"}
    assert [path.name for path in project.folder.glob(".site*")] == []


def test_two_builds_at_once_do_not_harm_each_other(project: Project) -> None:
    state(project, 100)

    builds = [start(project) for _ in range(3)]

    assert [build.wait() for build in builds] == [0, 0, 0]
    assert numbers(project) == {"100"}
    assert [path.name for path in project.folder.glob(".site*")] == []


SMALL = {
    "mkdocs_yml": SITE,
    "snippets__a_py": "# %% a\nprint(1)\n#> 1\n",
    "docs__index_md": "# Home\n\n```snippet\na.py:a\n```\n",
}


def test_a_site_that_is_a_link_stays_one_and_the_folder_behind_it_gets_the_new_site(
    project: Project,
) -> None:
    project.write(**SMALL, served__www__index_txt="old")
    project.path("site").symlink_to("served/www")

    for _ in range(2):
        built = project.run("mkdocs", "build")

        assert built.returncode == 0, built.stderr
        assert os.readlink(project.path("site")) == "served/www"
        assert "index.html" in project.site()
        assert "index.txt" not in project.site()
        assert [path.name for path in project.path("served").iterdir()] == ["www"]


def test_a_link_to_a_folder_that_is_not_there_yet_gets_one(project: Project) -> None:
    project.write(**SMALL).path("site").symlink_to("www")

    built = project.run("mkdocs", "build")

    assert built.returncode == 0, built.stderr
    assert project.path("site").is_symlink()
    assert project.path("www/index.html").is_file()


def test_a_site_that_is_a_file_is_refused(project: Project) -> None:
    project.write(**SMALL).path("site").write_text("mine")

    built = project.run("mkdocs", "build")

    assert built.returncode == 1
    assert "precis: site (option site_dir) is not a folder" in built.stderr
    assert "Traceback" not in built.stderr
    assert project.read("site") == "mine"


MAY_MOUNT = (
    shutil.which("unshare") is not None
    and not subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", tempfile.gettempdir()],
        capture_output=True,
    ).returncode
)
"""Whether this user may mount folders, in a namespace of their own."""


def in_mounts(project: Project, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script of sh in the project where it may mount; `$BUILD` builds the site."""
    build = shlex.join([sys.executable, "-m", "mkdocs", "build"])
    return subprocess.run(
        ["unshare", "-rm", "sh", "-e", "-c", f"BUILD={shlex.quote(build)}\n{script}"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


@pytest.mark.skipif(not MAY_MOUNT, reason="unshare -rm mount: not permitted on this machine")
def test_a_site_that_is_a_mount_point_is_filled(project: Project) -> None:
    project.write(**SMALL, site__below_txt="")

    built = in_mounts(
        project,
        """
        mount -t tmpfs none site
        $BUILD
        mkdir -p site/gone site/.well-known
        touch site/gone/index.html site/.well-known/mine
        $BUILD
        cp -a site out
        """,
    )

    assert built.returncode == 0, built.stderr
    assert built.stderr.count("site cannot be replaced: published file by file") == 2
    assert "Traceback" not in built.stderr
    assert {path.name for path in project.path("out").iterdir()} >= {"index.html", ".well-known"}
    assert not project.path("out/gone").exists()
    assert not list(project.folder.rglob(".site*")) + list(project.path("out").glob(".precis*"))


@pytest.mark.skipif(not MAY_MOUNT, reason="unshare -rm mount: not permitted on this machine")
def test_a_site_in_a_folder_that_is_not_writable_is_made_elsewhere(project: Project) -> None:
    project.write(**SMALL, served__site__index_txt="old", tmp__a_txt="")

    built = in_mounts(
        project,
        """
        mount --bind served/site served/site
        mount --bind served served
        mount --rbind served/site served/site
        mount -o remount,bind,ro served
        TMPDIR=$PWD/tmp $BUILD -d served/site
        """,
    )

    assert built.returncode == 0, built.stderr
    assert "served/site cannot be replaced: published file by file" in built.stderr
    assert project.path("served/site/index.html").is_file()
    assert not project.path("served/site/index.txt").exists()
    assert [path.name for path in project.path("tmp").iterdir()] == ["a.txt"]


@pytest.mark.skipif(not MAY_MOUNT, reason="unshare -rm mount: not permitted on this machine")
def test_a_disk_that_is_full_leaves_the_old_site(project: Project) -> None:
    project.write(**SMALL, docs__large_txt="x" * 3_000_000, site__below_txt="")

    built = in_mounts(
        project,
        """
        mount -t tmpfs -o size=2m none site
        echo old > site/index.html
        $BUILD && exit 3
        cp -a site out
        """,
    )

    assert built.returncode == 0, built.stderr
    assert "precis: cannot publish to site: " in built.stderr
    assert "No space left" in built.stderr
    assert "Traceback" not in built.stderr
    assert [path.name for path in project.path("out").iterdir()] == ["index.html"]
    assert project.read("out/index.html") == "old\n"


def fill(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that renames no folder, as at a mount point or below a parent of someone else."""

    def refuse(*paths: object) -> None:
        raise PermissionError(13, "Permission denied", *paths)

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(publish, "_exchanged", lambda made, site: False)


@pytest.mark.usefixtures("refusing")
def test_files_are_put_pages_last_and_what_is_no_longer_there_goes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {"old.txt": "", "gone/index.html": "", "a.txt": "", "folder/x.txt": "", "file.txt": ""}
    new = {
        "index.html": "new",
        "a.txt": "new",
        "folder": "now a file",
        "file.txt/x.txt": "now a folder",
        "z/index.html": "new",
        "zz.txt": "new",
    }
    site, made = fill(project.path("site"), old), fill(project.path("made"), new)
    elsewhere = fill(project.path("elsewhere"), {"x.txt": "mine"})
    project.path("site/z").symlink_to(elsewhere)
    project.path("site/.git").mkdir()
    put: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (put.append(Path(b).name), replace(a, b)))

    assert not publish.publish(made, site)

    assert tree(site) == new
    assert put[-2:] == ["index.html", "index.html"]
    assert sorted(path.name for path in site.iterdir()) == [
        *(".git", "a.txt", "file.txt", "folder", "index.html", "z", "zz.txt"),
    ]
    assert not made.exists()
    assert tree(elsewhere) == {"x.txt": "mine"}


@pytest.mark.usefixtures("refusing")
def test_where_a_file_cannot_be_copied_the_old_site_stays(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(project.path("site"), {"index.html": "old"})
    fill(project.path("made"), {"index.html": "new", "a.txt": "new"})

    def full(*names: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)

    with pytest.raises(OSError, match="No space left"):
        publish.publish(project.path("made"), project.path("site"))

    assert tree(project.folder) == {"site/index.html": "old"}
    assert [path.name for path in project.path("site").iterdir()] == ["index.html"]


def test_a_site_is_made_elsewhere_if_its_parent_is_not_writable(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(temporary__a_txt="")
    monkeypatch.setattr(tempfile, "tempdir", str(project.path("temporary")))
    monkeypatch.setattr(os, "access", lambda path, mode: path != project.folder)

    assert aside(project.path("site")).parent == project.path("temporary")
    assert aside(project.path("temporary/new/site")).parent == project.path("temporary/new")


def test_without_an_exchange_the_old_site_is_put_aside_for_an_instant(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "_exchanged", lambda made, site: False)
    project.write(site__old_txt="old", made__new_txt="new")

    assert publish.publish(project.path("made"), project.path("site"))

    assert tree(project.folder) == {"site/new.txt": "new"}


def test_what_killed_builds_have_left_is_removed_and_an_old_site_is_put_back(
    project: Project,
) -> None:
    killed = subprocess.Popen(["true"])
    killed.wait()
    names = [
        f".my [site].{killed.pid}",
        f".my [site].{killed.pid}.old",
        f".my [site].{os.getpid()}",
    ]
    for name in names:
        project.path(name).mkdir()
        project.path(name).joinpath("index.html").write_text(name)
    project.path(".my [site].notes").mkdir()
    site = project.path("my [site]")

    clear(site)

    assert tree(site) == {"index.html": names[1]}
    project.path(f"my [site]/.precis.{killed.pid}").mkdir()
    clear(site)
    assert tree(site) == {"index.html": names[1]}
    assert sorted(path.name for path in project.folder.iterdir()) == [
        names[2], ".my [site].notes", "my [site]",
    ]  # fmt: skip
    assert [path.name for path in site.iterdir()] == ["index.html"]
