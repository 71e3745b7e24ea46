"""The version comes from one place, and the changelog keeps the form that it names."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.lab.plan import REPOSITORY

CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text()
VERSION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
PROGRAM = REPOSITORY / ".ci" / "version"
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""Keep a Changelog 1.1.0, "Types of changes"."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository of this version's tree, as far as `.ci/version` reads it."""
    folder = tmp_path / "clone"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(PROGRAM, folder / ".ci")
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(REPOSITORY / name, folder)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def git(folder: Path, *words: str) -> None:
    people = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **dict.fromkeys(people, "somebody@example.com")}
    subprocess.run(["git", *words], cwd=folder, env=environment, check=True)


def ask(folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of that clone's `.ci/version`."""
    finished = subprocess.run([folder / ".ci" / "version", *words], capture_output=True, text=True, check=False)
    return finished.returncode, finished.stdout, finished.stderr


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """`.ci/version`, as a module."""
    loader = importlib.machinery.SourceFileLoader("ci_version", str(PROGRAM))
    spec = importlib.util.spec_from_loader("ci_version", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_ci_prints_the_version_of_pyproject() -> None:
    finished = subprocess.run([PROGRAM], capture_output=True, text=True, check=True)

    assert finished.stdout == f"{VERSION}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)


def test_the_newest_section_is_unreleased_or_of_this_version() -> None:
    newest = re.findall(r"^## \[([^]]+)\]", CHANGELOG, re.MULTILINE)[0]

    assert newest in ("Unreleased", VERSION)


def test_every_section_has_a_date_and_every_part_a_known_name() -> None:
    sections = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    parts = re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE)

    assert [s for s in sections if not re.fullmatch(r"\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", s)] == []
    assert set(parts) <= set(KINDS)


def test_a_tag_of_another_version_is_not_released(program: ModuleType) -> None:
    problems = program.release_problems("1.2.3", "v1.2.4", "## [1.2.3] - 2026-01-31\n")

    assert problems == ["the tag v1.2.4 is not v1.2.3, which pyproject.toml says"]


def test_a_version_without_a_dated_section_is_not_released(program: ModuleType) -> None:
    problems = program.release_problems("1.2.3", "v1.2.3", "## [Unreleased]\n## [1.2.3]\n")

    assert problems == ["CHANGELOG.md has no section `## [1.2.3] - YYYY-MM-DD`"]


def test_a_version_with_its_section_is_released(program: ModuleType) -> None:
    assert program.release_problems("1.2.3", "v1.2.3", "## [1.2.3] - 2026-01-31\n") == []


def test_a_version_that_has_no_tag_may_be_pushed_by_hand(clone: Path) -> None:
    git(clone, "tag", "v0.0.1")

    assert ask(clone, "--unreleased") == (0, f"{VERSION}\n", "")


def test_a_version_that_has_a_tag_is_not_pushed_by_hand(clone: Path) -> None:
    git(clone, "tag", f"v{VERSION}")
    code, _, said = ask(clone, "--unreleased")

    assert code == 1
    assert said == f"{VERSION} is released, as the tag v{VERSION} says, and its images are not overwritten by hand\n"


def test_the_highest_release_is_found_by_number_and_among_tags_of_its_form_alone(clone: Path) -> None:
    for tag in ("v0.9.10", "v0.10.0", "v0.9.9", "v1.0.0-rc1", "nightly"):
        git(clone, "tag", tag)

    assert ask(clone, "--highest") == (0, "v0.10.0\n", "")


@pytest.mark.parametrize("question", ["--unreleased", "--highest"])
def test_a_clone_without_all_tags_gives_no_answer(question: str, clone: Path, tmp_path: Path) -> None:
    git(clone, "tag", f"v{VERSION}")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "second")
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", clone.as_uri(), "shallow")

    code, _, said = ask(tmp_path / "shallow", question)

    assert code == 1
    assert said == "this clone is shallow, so it cannot tell which versions are released\n"
