"""PURE: what the doctor says: findings with a verdict and a remedy, as lines, as data and as an exit code."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Check(enum.StrEnum):
    """What is looked at, in the order in which it is told."""

    SETTINGS = "settings"
    CAPABILITIES = "capabilities"
    KEEPALIVED = "keepalived"
    KERNEL = "kernel"
    CONFINEMENT = "confinement"
    INTERFACE = "interface"
    VIRTUAL_IP = "virtual-ip"
    VRID = "vrid"
    FIREWALL = "firewall"
    NONLOCAL_BIND = "nonlocal-bind"
    NETWORK_MANAGER = "network-manager"
    DUPLICATE = "duplicate"
    SWARM = "swarm"


class Verdict(enum.StrEnum):
    """How much a finding counts."""

    OK = "ok"
    NOTE = "note"
    """Nothing wrong was seen, but this much cannot be known from here, or is good to know."""

    UNKNOWN = "unknown"
    """The check could not be made; counts as a warning."""

    WARNING = "warning"
    """It works, and will not always."""

    FAILURE = "failure"
    """It cannot work."""

    @property
    def exit_code(self) -> int:
        """0 fine, 1 a warning, 2 cannot work."""
        return {Verdict.FAILURE: 2, Verdict.WARNING: 1, Verdict.UNKNOWN: 1}.get(self, 0)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's."""

    check: Check
    verdict: Verdict
    text: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """What was found and what helps, for logs and the buoy."""
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


@dataclass(frozen=True)
class Complaint:
    """One thing that can be wrong, as the documents list it."""

    check: Check
    verdict: Verdict
    meaning: str
    remedy: str

    def found(self, text: str) -> Finding:
        """This complaint about this host."""
        return Finding(self.check, self.verdict, text, self.remedy)


def fine(check: Check, text: str) -> Finding:
    """The check was made, and nothing is wrong."""
    return Finding(check, Verdict.OK, text)


def note(check: Check, text: str) -> Finding:
    """Nothing wrong was seen; the text says what cannot be known."""
    return Finding(check, Verdict.NOTE, text)


def unknown(check: Check, why: str) -> Finding:
    """The check could not be made."""
    return Finding(check, Verdict.UNKNOWN, f"not checked: {why}")


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In the order of the checks."""
    order = list(Check)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.check)))


def exit_code(findings: Iterable[Finding]) -> int:
    """The worst finding's."""
    return max((finding.verdict.exit_code for finding in findings), default=1)


def summary(findings: Iterable[Finding]) -> str:
    """All of it in one sentence."""
    verdicts = [finding.verdict for finding in findings]
    failures, warnings = verdicts.count(Verdict.FAILURE), verdicts.count(Verdict.WARNING)
    unchecked = verdicts.count(Verdict.UNKNOWN)
    kinds = (("failures", failures), ("warnings", warnings), ("not checked", unchecked))
    counted = ", ".join(f"{kind} {count}" for kind, count in kinds if count)
    if failures:
        return f"This host cannot carry the virtual IPs as it is: {counted}."
    if warnings or unchecked:
        return f"This host can carry the virtual IPs, with reservations: {counted}."
    return "This host can carry the virtual IPs."


def as_lines(findings: Iterable[Finding]) -> str:
    """One line each, for people."""
    told = tuple(findings)
    lines = [f"{_LABELS[f.verdict]:<8}{f.check}: {f.text}{_remedy(f)}" for f in told]
    return "\n".join([*lines, summary(told)])


def as_data(findings: Iterable[Finding]) -> dict[str, object]:
    """The same for programs."""
    told = tuple(findings)
    return {
        "exit_code": exit_code(told),
        "summary": summary(told),
        "findings": [
            {"check": f.check.value, "verdict": f.verdict.value, "text": f.text, "remedy": f.remedy} for f in told
        ],
    }


def _remedy(finding: Finding) -> str:
    return f". Remedy: {finding.remedy}." if finding.remedy else ""


_LABELS = {
    Verdict.OK: "ok",
    Verdict.NOTE: "note",
    Verdict.UNKNOWN: "?",
    Verdict.WARNING: "WARN",
    Verdict.FAILURE: "FAIL",
}
