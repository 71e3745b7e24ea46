"""docs/operations.md explains every sentence that the dashboard may have on top."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.log_lines import GAP, text_of
from tests.lab.plan import REPOSITORY

PAGE = (REPOSITORY / "docs" / "operations.md").read_text()
PIECES = {
    f"it says {GAP}",
    f"VRRPv{GAP}, priority {GAP}",
    f"{GAP} holds {GAP}",
}
"""Parts of other sentences, and what is said of a holder when all is well."""


def sentences(module: str) -> set[str]:
    """The f-strings of a module that are more than names and numbers."""
    tree = ast.parse((REPOSITORY / module).read_text())
    texts = {text_of(node) or "" for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
    return {text for text in texts if re.search(r"[a-z]{3,}", text)} - PIECES


def explained() -> list[str]:
    """What the dashboard's table has in its first column."""
    table = PAGE.partition("| it begins like |")[2].partition("\n\n")[0]
    cells = re.findall(r"^ *\| (`.+?) \|", table, re.MULTILINE)
    return [row for cell in cells for row in re.findall(r"`([^`]+)`", cell) if row != "NODE: "]


def begins_like(sentence: str, row: str) -> bool:
    """Whether one is the beginning of the other, gaps being anything."""
    row = row.replace("NODE", GAP)
    return bool(re.match(_pattern(row), sentence) or re.fullmatch(_pattern(sentence), row))


def _pattern(text: str) -> str:
    return ".+?".join(map(re.escape, text.split(GAP)))


@pytest.mark.parametrize("module", ["buoy/findings.py", "buoy/cluster_view.py"])
def test_every_sentence_has_a_row(module: str) -> None:
    rows = explained()

    assert [s for s in sentences(module) if not any(begins_like(s, row) for row in rows)] == []


def test_every_row_is_of_a_sentence() -> None:
    said = sentences("buoy/findings.py") | sentences("buoy/cluster_view.py") | sentences("buoy/health.py")
    said.add("…: no status of the float has been read yet")  # a literal

    assert [row for row in explained() if not any(begins_like(s, row) for s in said)] == []
