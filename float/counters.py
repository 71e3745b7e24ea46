"""keepalived asked for its counters now and then, and for its word on every state: a lost notice is made good."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from float.keepalived import Keepalived
from float.notice import Notice
from float.routers import RouterBook
from float.stats import DumpError, InstanceDump

logger = logging.getLogger(__name__)

PERIOD = 5.0
"""Seconds between two looks."""


async def gather(keepalived: Keepalived, book: RouterBook, noticed: Callable[[Notice], None]) -> None:
    """Look for ever; a dump that does not come is left out."""
    doubts: Mapping[str, float] = {}
    while True:
        await asyncio.sleep(PERIOD)
        if not keepalived.running:
            continue
        try:
            dump = await keepalived.dump()
        except (DumpError, OSError) as error:
            logger.debug("no counters this time: %s", error)
            continue
        book.count({name: instance.counters for name, instance in dump.items()})
        doubts, notices = missed(dump, book, doubts)
        for notice in notices:
            logger.warning("keepalived's notice was lost: %s is %s", notice.router, notice.state.name)
            noticed(notice)


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
