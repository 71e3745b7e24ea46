"""keepalived's counters, asked for now and then while it runs."""

from __future__ import annotations

import asyncio
import logging

from float.keepalived import Keepalived
from float.routers import RouterBook
from float.stats import DumpError

logger = logging.getLogger(__name__)

PERIOD = 5.0
"""Seconds between two looks at keepalived's counters."""


async def gather(keepalived: Keepalived, book: RouterBook) -> None:
    """Book the counters of every virtual router, for ever; a dump that does not come is left out."""
    while True:
        await asyncio.sleep(PERIOD)
        if not keepalived.running:
            continue
        try:
            book.count({name: instance.counters for name, instance in (await keepalived.dump()).items()})
        except (DumpError, OSError) as error:
            logger.debug("no counters this time: %s", error)
