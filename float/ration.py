"""PURE: so much of something in each window of time, and no more."""

from __future__ import annotations


class Ration:
    """Counts in windows that begin with the first that is taken; times are monotonic seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self._seconds = seconds
        self._taken = 0
        self._until = 0.0

    def take(self, now: float) -> bool:
        """One more; returns whether the ration allows it."""
        if now >= self._until:
            self._taken, self._until = 0, now + self._seconds
        self._taken += 1
        return self._taken <= self.most

    def exhausted(self, now: float) -> bool:
        """Whether this window allows no more."""
        return now < self._until and self._taken >= self.most

    def wait(self, now: float) -> float:
        """Seconds until the next window."""
        return max(0.0, self._until - now)
