"""The user's notify script, told of every transition: one after the other, beside the loop, whatever it does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from float.scripts import Scripts, UnrunnableError
from shared.additions import Script
from shared.models import VrrpState

logger = logging.getLogger(__name__)

LIMIT = 10.0
"""Seconds after which the script is cut, with its children; the next transition waits for it."""

LAST_LIMIT = 2.0
"""Seconds that a float which ends gives its last words: Docker kills it 10 s after the order."""

_MOST_LINES = 20
"""The last lines of what it printed that are logged."""

MOST_WAITING = 1000
"""Transitions that may wait for a script that hangs; more are lost, with an error."""

STATES = {VrrpState.INIT: "STOP"}
"""keepalived's own word where it is not ours (keepalived.conf(5), notify)."""


@dataclass(frozen=True)
class Word:
    """One transition, in keepalived's words."""

    router: str
    state: str
    priority: int

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the script is called with."""
        return ("INSTANCE", self.router, self.state, str(self.priority))


class Notifier:
    """Calls the script of the spec that runs, if it has one."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._script: Script | None = None
        self._words: asyncio.Queue[Word] = asyncio.Queue(MOST_WAITING)

    def use(self, script: Script | None) -> None:
        """Call that one from now on, or none."""
        self._script = script

    def tell(self, router: str, state: VrrpState, priority: int) -> None:
        """Queue a transition; never waits."""
        if self._script is None:
            return
        try:
            self._words.put_nowait(Word(router, STATES.get(state, state.name), priority))
        except asyncio.QueueFull:
            logger.error("the notify script hangs; it is not told that %s is %s", router, state.name)

    async def run(self) -> None:
        """Work through the queue; ends only when cancelled."""
        while True:
            word = await self._words.get()
            try:
                if self._script:
                    await self._call(self._script, word)
            finally:
                self._words.task_done()

    async def finish(self) -> None:
        """Wait for the last words, but not for long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._words.join(), LAST_LIMIT)

    async def _call(self, script: Script, word: Word) -> None:
        try:
            ended = await self._scripts.run(script, *word.arguments, limit=LIMIT)
        except (UnrunnableError, OSError) as error:
            logger.error("the notify script failed, which changes nothing: %s", error)
            return
        for line in ended.output[-_MOST_LINES:]:
            logger.info("notify: %s", line, extra={"state": word.state})
        if len(ended.output) > _MOST_LINES:
            logger.info("notify: %d lines before these are left out", len(ended.output) - _MOST_LINES)
        if ended.code is None:
            logger.error("the notify script was cut after %g s", LIMIT, extra={"state": word.state})
        elif ended.code != 0:
            logger.error("the notify script ended with %d", ended.code, extra={"state": word.state})
