"""The end of the anchor on SIGTERM: finds out why, and takes the float along where it has to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from anchor import departure
from anchor.departure import Departure, Known
from anchor.engine import Engine
from anchor.facts import EngineError, NotFoundError
from anchor.hands import Hands

logger = logging.getLogger(__name__)

T = TypeVar("T")

ASK_LIMIT = 2.0
"""Seconds for Docker to say why; its API may be gone before we are."""


class Farewell:
    """Ends what this anchor is to its float."""

    def __init__(self, engine: Engine, hands: Hands, *, service_id: str) -> None:
        self._engine = engine
        self._hands = hands
        self._service_id = service_id

    async def why(self, known: Known, node_id: str) -> Departure:
        """The reason, from what was seen before and what Docker answers now."""
        exists, manages, listed = await asyncio.gather(self._service_exists(), self._manages(), self._listed(node_id))
        decided = departure.decide(known.updated(listed).updated(Known(exists, manages)))
        logger.info("Stopping: %s.", decided.detail)
        return decided

    async def take_along(self) -> None:
        """Let the float hand over, and remove it; where Docker does not do that, the float ends by itself."""
        try:
            await self._hands.clear()
            logger.info("The float is removed.")
        except EngineError as error:
            logger.error("The float cannot be removed, and ends by itself: %s", error)

    async def _service_exists(self) -> bool | None:
        try:
            await self._engine.service(self._service_id, limit=ASK_LIMIT)
        except NotFoundError:
            return False
        except EngineError:
            return None
        return True

    async def _manages(self) -> bool | None:
        """False or nothing: the engine of a node that was just demoted calls itself a manager until it has followed."""
        facts = await _or_none(self._engine.describe(limit=ASK_LIMIT))
        return None if facts is None or facts.starting or facts.managing else False

    async def _listed(self, node_id: str) -> Known:
        nodes = await _or_none(self._engine.nodes(limit=ASK_LIMIT))
        me = next((node for node in nodes or () if node.id == node_id), None)
        return Known(managing=me.manager, availability=me.availability) if me else Known()


async def _or_none(call: Awaitable[T]) -> T | None:
    try:
        return await call
    except EngineError:
        return None
