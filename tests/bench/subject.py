"""What a trial needs of whoever is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.lab.cluster import Lab


@dataclass(frozen=True)
class Fault:
    """One way in which a holder leaves: the strike returns when it struck (CLOCK_MONOTONIC)."""

    name: str
    strike: Callable[[Lab, str], float]
    undo: Callable[[Lab, str], object] | None = None
    """What an operator does afterwards; None where the subject has to mend itself."""

    ended: Callable[[Lab, str], bool] | None = None
    """Whether what the strike began is over; None where that is at once."""

    patience: float = 2.0
    """Seconds to wait for a move that may never come; 0 where none is expected, and any is counted."""

    settle: float = 0.5
    """Seconds to wait for whatever follows the move."""

    seconds: float = 6.0
    """What a trial takes on a quiet machine, for the first guess at the end."""

    silent: bool = False
    """The holder says no word: to be compared with the protocol's own limit, at every interval."""

    dies: bool = False
    """The host is cut off and then ended, which takes the lab a moment: what it holds meanwhile nobody can reach."""

    slow: bool = False
    """Dear to undo: half as many trials at the first interval, `--few` or none at the others."""

    rare: bool = False
    """A roll-out over all nodes: `--few` trials at the first interval too."""


class Subject(Protocol):
    """Deployed on the lab, and whole."""

    name: str
    interval: float

    def deploy(self) -> None:
        """Put it there; raises LabError or AssertionError where it does not get whole."""
        ...

    def mend(self) -> None:
        """After a trial that failed: everything as it should be. Raises LabError or AssertionError."""
        ...

    def faults(self, managers: int) -> list[Fault]:
        """What can be done to it in a Swarm of that many."""
        ...

    def troubles(self) -> list[str]:
        """What is missing until every host can take over again."""
        ...

    def runs_since(self, host: str) -> float | None:
        """Since when (wall clock) the host's keepalived container runs; None where that is not told."""
        ...
