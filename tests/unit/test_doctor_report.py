"""The doctor's lines, data and exit code, and the document that lists its findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from float.doctor import catalogue
from float.doctor.catalogue import COMPLAINTS, as_markdown
from float.doctor.finding import Check, Finding, Verdict, as_data, as_lines, exit_code, fine, in_order, note, unknown

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
FINE = fine(Check.VRID, "nobody else")
WARNED = catalogue.NETWORKD.found("systemd-networkd runs on this host")
FAILED = catalogue.VIP_TAKEN.found("192.0.2.100 is taken")


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ((FINE,), 0),
        ((FINE, note(Check.FIREWALL, "not known")), 0),
        ((FINE, unknown(Check.VRID, "no socket")), 1),
        ((FINE, WARNED), 1),
        ((WARNED, FAILED, FINE), 2),
        ((), 1),
    ],
)
def test_the_worst_finding_is_the_exit_code(findings: tuple[Finding, ...], code: int) -> None:
    assert exit_code(findings) == code


def test_every_finding_is_one_line_with_verdict_and_remedy() -> None:
    *lines, summary = as_lines((FINE, FAILED, unknown(Check.SWARM, "no /proc"))).splitlines()
    assert lines[0] == "ok      vrid: nobody else"
    assert lines[1].startswith("FAIL    virtual-ip: 192.0.2.100 is taken. Remedy: find that host by its MAC")
    assert lines[2] == "?       swarm: not checked: no /proc"
    assert summary == "This host cannot carry the virtual IPs as it is: failures 1, not checked 1."


def test_the_data_says_the_same_as_the_lines() -> None:
    data = json.loads(json.dumps(as_data((FINE, FAILED))))
    assert data["exit_code"] == 2
    assert [(f["check"], f["verdict"]) for f in data["findings"]] == [("vrid", "ok"), ("virtual-ip", "failure")]
    assert data["findings"][1]["remedy"] == catalogue.VIP_TAKEN.remedy


def test_findings_come_in_the_order_of_the_checks() -> None:
    assert in_order((FINE, FAILED, WARNED)) == (FAILED, FINE, WARNED)


def test_no_two_complaints_are_alike_and_each_has_a_remedy() -> None:
    assert len({(c.check, c.meaning) for c in COMPLAINTS}) == len(COMPLAINTS)
    assert all(c.remedy and not c.remedy.endswith(".") for c in COMPLAINTS)
    assert {c.verdict for c in COMPLAINTS} == {Verdict.FAILURE, Verdict.WARNING, Verdict.NOTE}


def test_the_operations_guide_lists_every_finding_and_remedy() -> None:
    assert as_markdown() in OPERATIONS.read_text()
