"""The version comes from one place, and the changelog keeps the form that it names."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import subprocess
import tomllib
from types import ModuleType

import pytest

from tests.lab.plan import REPOSITORY

CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text()
VERSION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""Keep a Changelog 1.1.0, "Types of changes"."""


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """`.ci/version`, as a module."""
    loader = importlib.machinery.SourceFileLoader("ci_version", str(REPOSITORY / ".ci" / "version"))
    spec = importlib.util.spec_from_loader("ci_version", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_ci_prints_the_version_of_pyproject() -> None:
    finished = subprocess.run([REPOSITORY / ".ci" / "version"], capture_output=True, text=True, check=True)

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
