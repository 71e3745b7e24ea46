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

    prepare: Callable[[Lab, str], object] | None = None
    settle: float = 2.0
    """Seconds to wait for whatever follows the move."""

    patience: float = 2.0
    """Seconds to wait for a move that may never come."""

    silent: bool = False
    """The holder says no word: to be compared with the protocol's own limit."""


class Subject(Protocol):
    """Deployed on the lab, and whole."""

    name: str
    interval: float

    def faults(self) -> list[Fault]:
        """What can be done to it."""
        ...

    def troubles(self) -> list[str]:
        """What is missing until every host can take over again."""
        ...
