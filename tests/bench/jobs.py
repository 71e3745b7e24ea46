"""PURE: how long is left, from what jobs of the same kind took so far."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Job:
    """One thing to do, with a first guess of its seconds; `run` returns a sentence about what was found."""

    kind: str
    label: str
    seconds: float
    run: Callable[[], str]


@dataclass
class Pace:
    """What each kind of job took, in seconds."""

    taken: dict[str, list[float]] = field(default_factory=dict)

    def note(self, kind: str, seconds: float) -> None:
        """One more."""
        self.taken.setdefault(kind, []).append(seconds)

    def left(self, jobs: Iterable[Job]) -> float:
        """Seconds for all of them: by their like where one was made, else by the first guess."""
        return sum(statistics.mean(self.taken[job.kind]) if job.kind in self.taken else job.seconds for job in jobs)


def wanted(*, first: bool, silent: bool, slow: bool, rare: bool, trials: int, few: int, rest: int) -> int:
    """How many trials of a fault: all at the first interval, half of those dear to undo, few roll-outs.

    Elsewhere all of a silent death that is cheap to undo, and few or none of the rest.
    """
    if first:
        return min(trials, few) if rare else max(trials // 2, min(trials, few)) if slow else trials
    if silent:
        return min(trials, few) if slow else trials
    return 0 if slow or rare else min(trials, rest)


def in_turn(columns: Sequence[Sequence[Job]]) -> list[Job]:
    """The first of each, then the second of each, and so on: a run that is cut short has some of everything."""
    longest = max((len(column) for column in columns), default=0)
    return [column[row] for row in range(longest) for column in columns if row < len(column)]
