"""What wakes the loops: Docker's events, and whoever rings. Many rings are one wake."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from anchor.container_spec import FLOAT_STACK_LABEL
from anchor.engine import Engine
from anchor.facts import EngineError, Event
from anchor.threads import in_thread
from shared.clock import Clock

logger = logging.getLogger(__name__)

RENEW_AFTER = 600.0
"""Seconds after which a stream of events is replaced: one that died without a word looks just like a quiet one."""

FIRST_RETRY, LAST_RETRY = 0.2, 5.0
"""Seconds before subscribing again, doubling."""

LASTING = 10.0
"""Seconds after which a stream counts as one that works: one that ends at once must not keep everybody awake."""


class Bell:
    """Rung by many, heard once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or who waits next."""
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """Whether it was rung within that time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # up to Python 3.11 `wait_for` loses a cancellation that meets a ring
                await self._rung.wait()
        rung = self._rung.is_set()
        self._rung.clear()
        return rung


class TaskWatch(Protocol):
    """Who cares for the tasks of some services."""

    def concerned(self, event: Event) -> bool:
        """Whether the event's container is one of them; asked in another thread."""
        ...

    def happened(self, event: Event) -> None:
        """Something happened to it."""
        ...

    def distrust(self) -> None:
        """Events may have been lost."""
        ...


class EventStream:
    """Docker's events, each of them only a ring: what happened is for the next look to say."""

    def __init__(self, engine: Engine, clock: Clock, *, containers: Bell, swarm: Bell, tasks: TaskWatch) -> None:
        self._engine = engine
        self._clock = clock
        self._tasks = tasks
        self._containers = containers
        self._swarm = swarm
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        """Since when this subscription stands."""

        self._delay = FIRST_RETRY
        self._quiet = False
        """Whether the trouble was said, and no stream has lasted since."""

    async def run(self) -> None:
        """Follow the events for ever; the end of a stream is a fault, said once."""
        while True:
            self._since = None
            try:
                async with asyncio.timeout(RENEW_AFTER):
                    await in_thread(self._follow, name="docker events")
            except TimeoutError:
                self._engine.end_events()
                continue
            except EngineError as error:
                self._cut_off(error)
            self._ring_all()
            await asyncio.sleep(self._delay)

    def _cut_off(self, error: EngineError) -> None:
        lasted = self._since is not None and self._clock.monotonic() - self._since >= LASTING
        self._quiet = self._quiet and not lasted
        self._delay = FIRST_RETRY if not self._quiet else min(LAST_RETRY, self._delay * 2)
        level = logging.DEBUG if self._quiet else logging.WARNING
        logger.log(level, "Docker's events are cut off; subscribing again: %s", error)
        self._quiet = True

    def _follow(self) -> None:
        """Runs in a thread until the stream ends."""
        for event in self._engine.events():
            if event is None:  # subscribed: only now is a look sure to miss nothing that comes after it
                self._since = self._clock.monotonic()
                self._ring_all()
            elif event.kind != "container":
                self._soon(self._swarm.ring)
            elif concerns_float(event):
                self._soon(self._containers.ring)
            elif self._tasks.concerned(event):
                self._soon(self._tasks.happened, event)

    def _ring_all(self) -> None:
        self._soon(self._containers.ring)
        self._soon(self._swarm.ring)
        self._soon(self._tasks.distrust)

    def _soon(self, call: Callable[..., None], *arguments: Event) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            self._loop.call_soon_threadsafe(call, *arguments)


def concerns_float(event: Event) -> bool:
    """Whether the container of the event is a float, ours or not: the others' come and go without us."""
    return FLOAT_STACK_LABEL in event.labels
