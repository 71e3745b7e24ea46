"""The files that only GitHub and the users' Docker read are such as they read."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.lab.plan import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
COMPOSE_FILES = sorted([*REPOSITORY.glob("docker-compose*.yml"), *(REPOSITORY / "docs" / "examples").glob("*.yml")])


def complaints(schema: str, files: list[str]) -> str:
    """What check-jsonschema finds, by the schema that it brings along; empty when all is well."""
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    finished = subprocess.run([*checker, *files], capture_output=True, text=True, check=False)
    return "" if finished.returncode == 0 else finished.stdout + finished.stderr


def test_the_workflow_has_the_form_that_github_reads() -> None:
    assert complaints("github-workflows", [str(path) for path in WORKFLOWS]) == ""


def test_the_compose_files_have_the_form_that_compose_v2_reads() -> None:
    assert complaints("compose-spec", [str(path) for path in COMPOSE_FILES]) == ""


def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it() -> None:
    used = [line.strip(" -") for path in WORKFLOWS for line in path.read_text().splitlines() if "uses: " in line]

    assert used
    assert [use for use in used if not re.fullmatch(r"uses: [\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", use)] == []
