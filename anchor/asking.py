"""The reconcile loop's calls to Docker: how long the loop may be inside one, and how well Docker answers."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from anchor.conditions import Steadied
from anchor.facts import ConflictError, EngineError, NotFoundError, PullError
from shared.clock import Clock

T = TypeVar("T")

TURN = 8.0
"""Seconds within which the loop comes round when it is not inside a call: its timer, and some."""


class Asking:
    """Knows until when the loop counts as alive, and the condition of the engine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alive_until = clock.monotonic() + TURN
        self.engine = Steadied()

    @property
    def alive(self) -> bool:
        """Whether the loop turned within its limit, or is inside a call that is younger than the call's own."""
        return self._clock.monotonic() < self._alive_until

    def turned(self) -> None:
        """The loop came round."""
        self._alive_until = self._clock.monotonic() + TURN

    async def __call__(self, call: Awaitable[T], limit: float) -> T:
        """Await the call, which raises EngineError by itself at its limit."""
        asked = self._clock.monotonic()
        self._alive_until = asked + limit + 1
        try:
            result = await call
        except (NotFoundError, ConflictError, PullError):
            self.engine = self.engine.good(self._clock.monotonic())
            raise
        except EngineError as error:
            self.engine = self.engine.bad(self._clock.monotonic(), str(error), asked=asked)
            raise
        finally:
            self.turned()
        self.engine = self.engine.good(self._clock.monotonic())
        return result
