"""A process's life around its work: signals, the limit of the end, and the error that says why."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from shared.errors import FatalError

logger = logging.getLogger(__name__)

T = TypeVar("T")

END_LIMIT = 19.0
"""Seconds for the whole end, the float's handover included; Swarm kills after 30."""

BEGIN_LIMIT = 8.0
"""Seconds that what has to be known for an end may still take once told to stop; with END_LIMIT less than those 30."""


class Work(Protocol):
    """What is served until the process is told to stop."""

    async def serve(self) -> None:
        """Begin, and go on until cancelled. Raises FatalError."""
        ...

    async def end(self) -> None:
        """Told to stop."""
        ...

    async def fail(self, sentence: str) -> None:
        """A fatal error came up."""
        ...


def stop_signal() -> asyncio.Event:
    """Set by SIGTERM or SIGINT; a second SIGINT ends the process at once.

    A second SIGTERM does not: Swarm's agent repeats it when the node's role changes, in the middle of our handover.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupted() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    return stop


async def or_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """What the work gives; None where the process is told to stop, and then it fails or takes much longer."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return await working
    with contextlib.suppress(FatalError, TimeoutError):
        return await asyncio.wait_for(working, BEGIN_LIMIT)
    return None


async def live(work: Work, stop: asyncio.Event) -> None:
    """Serve until told to stop, or until something fatal. Raises FatalError."""
    serving = asyncio.create_task(work.serve(), name="serve")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    try:
        await (in_time(work.end()) if stop.is_set() else serving)
    except* FatalError as fatal:
        error = _first(fatal)
        await work.fail(str(error))
        raise error from None
    finally:
        serving.cancel()
        stopping.cancel()


async def in_time(ending: Coroutine[Any, Any, None]) -> None:
    """The end, but no longer than Swarm waits for it."""
    try:
        await asyncio.wait_for(ending, END_LIMIT)
    except TimeoutError:
        logger.error("The end took longer than %g s; the float has been told, and ends by itself.", END_LIMIT)


def _first(group: BaseExceptionGroup[FatalError]) -> FatalError:
    """The error that says why, out of the task group's wrapping."""
    found = group.exceptions[0]
    return found if isinstance(found, FatalError) else _first(found)
