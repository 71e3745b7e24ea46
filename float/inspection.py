"""keepalived asked for its own word: its counters, its states where a notice was lost, and whether it still answers.

A keepalived that hangs is worse than a dead one: its kernel serves on, its peers take over, and nobody steps back. No
exit tells of it. It is asked for its dump now and then, and at once where a master hears another one, or is forbidden
and stays; what does not answer twice in a row is killed, and that is a death like any other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from float.keepalived import Keepalived
from float.notice import Notice
from float.routers import RouterBook
from float.stats import DumpError, InstanceDump
from shared.clock import Clock
from shared.models import VrrpState

logger = logging.getLogger(__name__)

PERIOD = 5
"""Looks, one a second, from one dump to the next while nothing is suspected."""

ANSWER_LIMIT = 0.5
"""Seconds for a dump; keepalived needs some milliseconds, and is scheduled before everything else."""


class Inspection:
    """What was found until now."""

    def __init__(
        self, keepalived: Keepalived, book: RouterBook, clock: Clock, noticed: Callable[[Notice], None]
    ) -> None:
        self._keepalived = keepalived
        self._book = book
        self._clock = clock
        self._noticed = noticed
        self._doubts: Mapping[str, float] = {}
        self._silences = 0
        self._trouble = ""

    async def run(self) -> None:
        """Look for ever."""
        looks = 0
        while True:
            await asyncio.sleep(1.0)
            looks += 1
            suspected = self._book.suspects(self._clock.monotonic())
            if not self._may_be_asked():
                self._silences = 0
            elif suspected or self._silences or looks >= PERIOD:
                looks = 0
                await self.ask()

    def _may_be_asked(self) -> bool:
        """Not before its first notice: the signal would end it."""
        return self._keepalived.running and any(e.state is not VrrpState.INIT for e in self._book.entries.values())

    async def ask(self) -> None:
        """Ask it once, and act on what it says, or on its second silence."""
        try:
            dump = await self._keepalived.dump(ANSWER_LIMIT)
        except OSError as error:  # no room for its word, which says nothing of keepalived
            self._say(str(error))
            return
        except DumpError as error:
            self._silences += 1
            logger.debug("no dump this time: %s", error)
            if self._silences >= 2 and self._keepalived.running:
                logger.error("keepalived does not answer: it hangs, and is killed")
                self._keepalived.kill()
                self._silences = 0
            return
        self._silences, self._trouble = 0, ""
        self._book.count({name: instance.counters for name, instance in dump.items()})
        self._doubts, notices = missed(dump, self._book, self._doubts)
        for notice in notices:
            logger.warning("keepalived's notice was lost: %s is %s", notice.router, notice.state.name)
            self._noticed(notice)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            logger.warning("keepalived cannot be asked how it does: %s", trouble)
        self._trouble = trouble


def missed(
    dump: Mapping[str, InstanceDump], book: RouterBook, doubts: Mapping[str, float]
) -> tuple[dict[str, float], list[Notice]]:
    """Where the dump stands against the book: what to look at again, and what has stood so since the last look.

    Doubts are the moments at which those virtual routers came into the state that the book has: a notice that is under
    way is no lost one.
    """
    against = {
        name: entry.state_at
        for name, entry in book.entries.items()
        if name in dump and dump[name].state is not entry.state
    }
    lost = [name for name, since in against.items() if doubts.get(name) == since]
    return against, [Notice(name, dump[name].state, dump[name].effective_priority) for name in lost]
