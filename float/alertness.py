"""PURE: which adverts the loop heeds: none that waited while it stood still, and not each of a flood at once."""

from __future__ import annotations

from float.ration import Ration

STILL = 2.0
"""Seconds after which a process of which nothing was seen has stood still; the loop turns once a second."""

AT_ONCE = 10
"""Adverts that wake the loop in a second; those that say something else every time shall not keep it turning."""


class Alertness:
    """Times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._seen_at = now
        self._wakes = Ration(AT_ONCE, 1.0)
        self.owed_at: float | None = None
        """When the loop is to look at the news for which it was not woken."""

    def seen(self, now: float) -> bool:
        """A sign of life of this process; returns whether it was the first for so long that it stood still."""
        still, self._seen_at = now - self._seen_at > STILL, now
        return still

    def wakes(self, now: float) -> bool:
        """Whether an advert that tells something new wakes the loop at once; else it is owed."""
        taken = self._wakes.take(now)
        if not taken:
            self.owed_at = now + self._wakes.wait(now)
        return taken

    def pay(self, now: float) -> None:
        """The loop is awake, and looks at all that is known."""
        if self.owed_at is not None and now >= self.owed_at:
            self.owed_at = None
