"""One trial: a client asks every 2 ms, the kernels tell who had the address, and the holder meets a fault."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable

from tests.bench.figures import Trial
from tests.bench.subject import Fault, Subject
from tests.campaign.audit import until_none
from tests.lab.address_watch import AddressWatch, spans
from tests.lab.cluster import Lab
from tests.lab.gaps import GapReport
from tests.lab.shell import LabError, wait_until

MENDING = 90.0


def run(lab: Lab, subject: Subject, fault: Fault) -> Trial:
    """Raises LabError or FailedAuditError where the subject is not whole again in time."""
    holder = lab.wait_holder()
    if fault.prepare is not None:
        fault.prepare(lab, holder)
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        time.sleep(0.5)
        struck = fault.strike(lab, holder)
        moved = _moved(lab, watch, struck, holder, fault.patience)
        time.sleep(fault.settle)
        undone = time.monotonic()
        if fault.undo is not None:
            fault.undo(lab, holder)
        until_none(subject.troubles, within=MENDING, calm=0.0, when=f"after {fault.name}")
        whole = time.monotonic()
        time.sleep(0.3)
        report = client.report()
        changes = [change for change in watch.changes(lab.vip) if change.when >= struck or change.present]
    overlaps = [
        begin + length - max(begin, struck)
        for begin, length in spans(changes, lambda holders: holders > 1, until=whole)
        if begin + length > struck
    ]
    return Trial(
        subject=subject.name,
        interval=subject.interval,
        fault=fault.name,
        gap=_longest(report, struck - 0.1, undone),
        lost=_lost(report, struck - 0.1, undone),
        moved=moved,
        overlap=max(overlaps, default=0.0),
        returned=_longest(report, undone, report.ended),
        whole=whole - (struck if fault.undo is None else undone),
    )


def _moved(lab: Lab, watch: AddressWatch, struck: float, holder: str, patience: float) -> float | None:
    def arrivals() -> list[float]:
        return [c.when - struck for c in watch.changes(lab.vip) if c.present and c.when >= struck and c.host != holder]

    with contextlib.suppress(LabError):
        return wait_until(arrivals, patience, "the address to move", interval=0.02)[0]
    return None


def _longest(report: GapReport, start: float, end: float) -> float:
    return max(_lengths(report, start, end), default=0.0)


def _lost(report: GapReport, start: float, end: float) -> int:
    return round(sum(_lengths(report, start, end)) / 0.002)


def _lengths(report: GapReport, start: float, end: float) -> Iterable[float]:
    """Gaps that begin in that time."""
    return [gap.length for gap in report.gaps if start <= gap.start < end]
