"""PURE: trials -> the figures of a table; and the protocol's own limit."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

PRODUCT = "this project"
ANCESTOR = "plain keepalived"


@dataclass(frozen=True)
class Trial:
    """One fault as client and kernels saw it; seconds."""

    subject: str
    """Whose trial it is: PRODUCT or ANCESTOR."""

    interval: float
    fault: str
    gap: float
    """The longest silence from the fault until it was undone or, where nobody undoes it, until all was whole."""

    lost: int
    """Requests in that time that were never answered; one every 2 ms is sent."""

    moved: float | None
    """From the fault until another host had the address; None where it stayed."""

    overlap: float
    """The longest time with two holders until the fault was undone."""

    returned: float
    """The longest silence from the undoing on until all was redundant again: power back, cable in, node active."""

    whole: float
    """Until every host could take over again: from the fault, or from the moment when the operator undid it."""

    moves: int = 0
    """How often the address came to a host."""

    met_again: float = 0.0
    """The time with two holders after the undoing."""

    gone: float | None = None
    """From the fault until the struck host had lost the address; None where it kept it."""

    back: float | None = None
    """From the fault until a new container ran in the place of the one that had ended; None where none ended."""

    second: float = 0.0
    """From the fault until there was no second holder for good; 0 where there never was one."""

    load: float = 0.0
    """The machine's load average (1 minute) just before."""


@dataclass(frozen=True)
class Failure:
    """A trial that could not be made, or whose subject did not become whole again."""

    subject: str
    interval: float
    fault: str
    reason: str


@dataclass(frozen=True)
class Row:
    """The trials of one fault with one subject at one interval."""

    subject: str
    interval: float
    fault: str
    trials: int
    gap_median: float
    gap_p95: float
    gap_max: float
    lost_median: float
    lost_max: int
    moved_median: float | None
    moved_max: float | None
    moves_max: int
    overlap_median: float
    overlap_max: float
    met_again_max: float
    returned_max: float
    whole_median: float
    gone_max: float | None
    back_max: float | None
    second_max: float


def p95(values: Sequence[float]) -> float:
    """The value that 95 % do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(0.95 * len(ordered)) - 1)]


def limit(interval: float, priority: int) -> float:
    """Seconds until a BACKUP of that priority may take a silent master's place: RFC 9568, section 6.1."""
    return 3 * interval + (256 - priority) / 256 * interval


def rows(trials: Iterable[Trial]) -> list[Row]:
    """One row a fault, in the order in which they came."""
    groups: dict[tuple[str, float, str], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.subject, trial.interval, trial.fault), []).append(trial)
    return [_row(group) for group in groups.values()]


def as_json(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """What `from_json` reads."""
    return [asdict(trial) for trial in trials]


def from_json(entries: Iterable[dict[str, Any]]) -> list[Trial]:
    """What `as_json` wrote."""
    return [Trial(**entry) for entry in entries]


def _row(group: Sequence[Trial]) -> Row:
    first = group[0]
    gaps = [trial.gap for trial in group]
    moves = [trial.moved for trial in group if trial.moved is not None]
    return Row(
        subject=first.subject,
        interval=first.interval,
        fault=first.fault,
        trials=len(group),
        gap_median=statistics.median(gaps),
        gap_p95=p95(gaps),
        gap_max=max(gaps),
        lost_median=statistics.median(trial.lost for trial in group),
        lost_max=max(trial.lost for trial in group),
        moved_median=statistics.median(moves) if moves else None,
        moved_max=max(moves, default=None),
        moves_max=max(trial.moves for trial in group),
        overlap_median=statistics.median(trial.overlap for trial in group),
        overlap_max=max(trial.overlap for trial in group),
        met_again_max=max(trial.met_again for trial in group),
        returned_max=max(trial.returned for trial in group),
        whole_median=statistics.median(trial.whole for trial in group),
        gone_max=_longest(trial.gone for trial in group),
        back_max=_longest(trial.back for trial in group),
        second_max=max(trial.second for trial in group),
    )


def _longest(values: Iterable[float | None]) -> float | None:
    """None where one never came."""
    known = list(values)
    return None if None in known else max(value for value in known if value is not None)
