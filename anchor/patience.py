"""Waiting for something to become true, on the clock that the rest goes by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.clock import Clock

LOOK_EVERY = 0.05


class Patience:
    """Waits by looking again and again."""

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep

    async def until(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Whether it happened within that time."""
        deadline = self._clock.monotonic() + seconds
        while not happened():
            if self._clock.monotonic() >= deadline:
                return False
            await self._sleep(LOOK_EVERY)
        return True
