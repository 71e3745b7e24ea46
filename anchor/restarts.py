"""How long to wait before a float that died is created again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

QUICK = 30.0
"""A float that lived for less than these seconds died quickly."""

FREE = 2
"""Quick deaths in a row that are answered at once."""

LONGEST = 30.0
DOUBLINGS = 5
"""After which the wait is the longest; a power of the deaths of a whole night would overflow."""


@dataclass(frozen=True)
class Restarts:
    """The deaths so far."""

    total: int = 0
    quick: int = 0
    """Quick deaths in a row."""

    def after_death(self, lived: float) -> Restarts:
        """One more, of a float that lived for that many seconds."""
        return Restarts(self.total + 1, self.quick + 1 if lived < QUICK else 0)

    @property
    def delay(self) -> float:
        """Seconds to wait now: none at first, then 1, 2, 4 and so on up to 30."""
        if self.quick <= FREE:
            return 0.0
        return min(LONGEST, 2.0 ** min(DOUBLINGS, self.quick - FREE - 1))
