"""Waiting for something to become true, on the clock that the rest goes by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.clock import Clock

LOOK_EVERY = 0.05

Sleep = Callable[[float], Awaitable[None]]
"""How time is let pass: asyncio.sleep, or a test's."""


class Patience:
    """Waits by looking again and again."""

    def __init__(self, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self.sleep = sleep

    async def until(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Whether it happened within that time."""
        deadline = self._clock.monotonic() + seconds
        while not happened():
            if self._clock.monotonic() >= deadline:
                return False
            await self.sleep(LOOK_EVERY)
        return True
