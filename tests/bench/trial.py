"""One trial: a client asks every 2 ms, the kernels tell who had the address, and the holder meets a fault."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Sequence

from tests.bench.figures import Trial
from tests.bench.subject import Fault, Subject
from tests.campaign.audit import until_none
from tests.lab.address_watch import AddressWatch, Change, spans
from tests.lab.cluster import Lab
from tests.lab.gaps import GapReport
from tests.lab.shell import LabError, wait_until

MENDING = 60.0
CALM = 0.3
"""Seconds for which nothing must be amiss before a subject counts as whole."""


def run(lab: Lab, subject: Subject, fault: Fault) -> Trial:
    """Raises LabError or FailedAuditError where the subject is not whole again in time."""
    holder = lab.wait_holder()
    load = os.getloadavg()[0]
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        time.sleep(0.3)
        to_wall = time.time() - time.monotonic()
        struck = fault.strike(lab, holder)
        moved = _moved(lab, watch, struck, holder, fault.patience)
        if fault.ended is not None:
            ended = fault.ended
            wait_until(lambda: ended(lab, holder), MENDING, f"{fault.name} to be over", interval=0.1)
        time.sleep(fault.settle)
        undone = time.monotonic()
        if fault.undo is not None:
            fault.undo(lab, holder)
        until_none(subject.troubles, within=MENDING, calm=CALM, when=f"after {fault.name}")
        whole = time.monotonic() - CALM
        since = subject.runs_since(holder)
        report = client.report()
        changes = watch.changes(lab.vip)
    if fault.dies:
        changes = without_the_dead(changes, holder, struck, undone)
    middle = report.ended if fault.undo is None else undone
    back = None if since is None or since - to_wall < struck else since - to_wall
    return Trial(
        subject=subject.name,
        interval=subject.interval,
        fault=fault.name,
        gap=_longest(report, struck - 0.1, middle),
        lost=sum(struck <= when < middle for when in report.unanswered),
        moved=moved,
        overlap=_overlap(changes, struck, middle),
        returned=_longest(report, middle, report.ended),
        whole=whole - (struck if fault.undo is None else undone),
        moves=sum(change.present and change.when >= struck for change in changes),
        met_again=_overlap(changes, middle, whole),
        gone=next((c.when - struck for c in changes if not c.present and c.when >= struck and c.host == holder), None),
        back=None if back is None else back - struck,
        second=_last_overlap(changes, struck, middle),
        load=load,
    )


def without_the_dead(changes: Sequence[Change], host: str, struck: float, undone: float) -> list[Change]:
    """PURE: the same, with that host's address gone when it was struck."""
    rest = [c for c in changes if c.host != host or not struck <= c.when < undone]
    address = next((c.address for c in changes), "")
    return sorted([*rest, Change(struck, host, address, present=False)], key=lambda change: change.when)


def _moved(lab: Lab, watch: AddressWatch, struck: float, holder: str, patience: float) -> float | None:
    def arrivals() -> list[float]:
        return [c.when - struck for c in watch.changes(lab.vip) if c.present and c.when >= struck and c.host != holder]

    with contextlib.suppress(LabError):
        return wait_until(arrivals, patience, "the address to move", interval=0.02)[0]
    return None


def _overlap(changes: Sequence[Change], start: float, end: float) -> float:
    """The longest stretch with two holders, or rather its part in that time."""
    found = spans(changes, lambda holders: holders > 1, until=end)
    parts = (min(begin + length, end) - max(begin, start) for begin, length in found)
    return max((part for part in parts if part > 0), default=0.0)


def _last_overlap(changes: Sequence[Change], struck: float, end: float) -> float:
    found = spans(changes, lambda holders: holders > 1, until=end)
    return max((min(begin + length, end) - struck for begin, length in found if begin + length > struck), default=0.0)


def _longest(report: GapReport, start: float, end: float) -> float:
    return max(_lengths(report, start, end), default=0.0)


def _lengths(report: GapReport, start: float, end: float) -> Iterable[float]:
    """Gaps that begin in that time."""
    return [gap.length for gap in report.gaps if start <= gap.start < end]
