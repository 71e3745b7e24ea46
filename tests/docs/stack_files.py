"""The stack files that the documents deploy."""

from __future__ import annotations

from tests.lab.plan import REPOSITORY

STACK_FILES = [
    *sorted(REPOSITORY.glob("docker-compose*.yml")),
    *sorted((REPOSITORY / "docs" / "examples").glob("*.yml")),
]
