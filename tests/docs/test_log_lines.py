"""docs/operations.md has a row for every warning and error that the product can print, and for nothing else."""

from __future__ import annotations

import re

import pytest

from tests.docs.log_lines import GAP, Line, logged, raised, told
from tests.lab.plan import REPOSITORY

PAGE = (REPOSITORY / "docs" / "operations.md").read_text()
PASSED_ON = "Sentences that are passed on"
ROW = re.compile(r"^\| `([^`]+)` \| (WARNING|ERROR)", re.MULTILINE)

BARE = {
    "anchor/__main__.py": 3,  # settings, and errors that end the anchor
    "anchor/conversation.py": 1,  # services that a node refuses
    "anchor/life.py": 1,  # what is waited for at the start
    "anchor/spec_keeper.py": 2,  # roster, service labels, addresses; other VRIDs
    "float/alone_source.py": 1,  # what the host cannot carry
    "float/doctor/command.py": 1,
    "float/examine.py": 1,  # the user's template
    "float/link_client.py": 1,
    "float/offers.py": 1,  # services that this node refuses
    "float/report.py": 1,
    "float/serve.py": 2,  # settings and arguments, and errors that end the float
    "buoy/__main__.py": 1,
}
"""How many calls log a sentence that was made elsewhere; a new one wants its sentences below and on the page."""

MADE_ELSEWHERE = (
    *told("anchor/conditions.py", "quorum_warning"),
    *told("anchor/life.py", "_prepare", "_in_spite_of_the_disk"),
    *told("anchor/node_labels.py", "read"),
    *told("anchor/roster.py", "_peers", "_duplicate_warnings", "_namesake_warnings"),
    *told("anchor/service_labels.py", "refusal"),
    *told("anchor/spec_keeper.py", "_ignored", "_held_up_by"),
    *told("anchor/virtual_routers.py", "_address_clashes", "renumbered"),
    *told("float/arguments.py", "read_arguments"),
    *told("float/capabilities.py", "missing"),
    *told("float/examine.py", "_mend"),
    *told("float/own_template.py", "read"),
    *told("float/resolve.py", "_problems", "vip_problems"),
    *told("shared/clashes.py", "warnings", "_edge_of_subnet"),
)

SETTINGS = re.compile(rf"KEEPALIVED_|{GAP}: |{GAP}=")
"""The beginning of a setting's line, NAME=VALUE: rule, whose row is the first of the table."""


def rows(title: str) -> dict[str, str]:
    """The lines of that section's table with their levels."""
    section = re.split(r"^###? ", PAGE.partition(f"### {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(ROW.findall(section))


def row_of(sentence: str, table: dict[str, str]) -> str | None:
    """The row whose words the sentence begins with."""
    return next((row for row in table if sentence.startswith(row.removesuffix(GAP).rstrip())), None)


def test_the_code_is_found() -> None:
    assert len(logged()) > 60
    assert len(raised()) > 12


@pytest.mark.parametrize("part", ["anchor", "float", "buoy"])
def test_every_line_of_a_part_has_a_row_of_its_level_and_every_row_a_line(part: str) -> None:
    table = rows(f"The {part}'s")
    lines = {line.text: line.level for line in logged() if line.part == part and line.text != GAP}

    assert table == lines


def test_no_ground_floor_module_logs() -> None:
    assert [line.where for line in logged() if line.part == "shared"] == []


def test_every_call_that_passes_a_sentence_on_is_known() -> None:
    found = [line.where.partition(":")[0] for line in logged() if line.text == GAP]

    assert {where: found.count(where) for where in found} == BARE


@pytest.mark.parametrize("line", [*MADE_ELSEWHERE, *raised()], ids=lambda line: f"{line.where} {line.text[:40]}")
def test_every_sentence_that_is_passed_on_has_a_row(line: Line) -> None:
    assert row_of(line.text, rows(PASSED_ON)) or SETTINGS.match(line.text)


def test_every_row_of_a_sentence_that_is_passed_on_is_one() -> None:
    sentences = [line.text for line in (*MADE_ELSEWHERE, *raised())]
    told_in_pieces = {
        "NAME=VALUE: rule",
        "the status cannot be written: …",  # float/report.py
        "a line of the link is not a message: …",  # shared/link_protocol.py
        "keepalived says of the template: …",  # float/examine.py
        "… log lines are lost: nobody read those before them",  # shared/log_queue.py
    }
    table = rows(PASSED_ON)

    assert {row for row in table if not any(row_of(sentence, {row: ""}) for sentence in sentences)} == told_in_pieces
