"""PURE: one finding after another -> does the check hold. A check turns only after `rise` or `fall` equal findings.

A fresh float starts with every check failing: it must not take a virtual IP for a service that it never saw. A check
that is new to a float that serves already holds until it fails, so that changing the settings moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.additions import Check, Pace, PortCheck, UrlCheck
from shared.models import Condition, Strength

FIRST_INTERVAL = 1.0
"""Longest pause in seconds between the findings of a check that has not turned yet: a start must not take long."""


@dataclass(frozen=True)
class Finding:
    """What one look gave."""

    ok: bool
    reason: str
    """The sentence that says why it fails, or what was seen."""

    broken: bool = False
    """The check itself could not be made: a mistake of the operator's rather than of the service's."""


@dataclass(frozen=True)
class CheckState:
    """Where a check stands; every finding gives a new value."""

    ok: bool
    reason: str
    contrary: int = 0
    """Findings in a row that speak against `ok`."""

    settled: bool = False
    """Whether it was ever confirmed or turned; until then it is looked at more often."""

    broken: bool = False

    def after(self, finding: Finding, pace: Pace) -> CheckState:
        """The state once that was found."""
        if finding.ok is self.ok:
            return CheckState(self.ok, finding.reason, settled=True, broken=finding.broken)
        contrary, needed = self.contrary + 1, pace.rise if finding.ok else pace.fall
        if contrary >= needed:
            return CheckState(finding.ok, finding.reason, settled=True, broken=finding.broken)
        return CheckState(self.ok, self.reason, contrary, self.settled, self.broken)

    def pause(self, pace: Pace) -> float:
        """Seconds from the beginning of one look to that of the next."""
        return pace.interval if self.settled else min(pace.interval, FIRST_INTERVAL)


def first(*, serving: bool, before: CheckState | None = None) -> CheckState:
    """The state before any finding; `before` is that of the check of the same kind in the spec before."""
    if before:
        return CheckState(ok=before.ok, reason=before.reason)
    return CheckState(ok=serving, reason="not looked at yet")


def condition(check: Check, state: CheckState) -> Condition:
    """The check as the rest of the float knows it."""
    return Condition(
        name=f"check:{check.kind}",
        ok=state.ok,
        strength=Strength.REQUIRE,
        reason=state.reason,
        pending=not (state.ok or state.settled),
    )


def describe(check: Check) -> str:
    """What is looked at, in words."""
    if isinstance(check, PortCheck):
        return f"TCP port {check.port} on {check.address or 'any address'}"
    return check.url if isinstance(check, UrlCheck) else check.script.name
