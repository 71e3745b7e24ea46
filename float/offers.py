"""Specs that were offered: examined one after the other, adopted or refused, and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from float.resolve import ResolvedSpec, UnresolvableError
from shared.link_protocol import SpecAnswer, SpecMessage
from shared.models import FloatSpec

logger = logging.getLogger(__name__)


class SpecExaminer(Protocol):
    """Who knows whether this host can carry a spec."""

    async def examine(self, spec: FloatSpec) -> ResolvedSpec:
        """The spec made ready for this host. Raises UnresolvableError or OSError."""
        ...


class Offers:
    """Where specs come from does not matter here: an anchor's over the link, or one's own."""

    def __init__(self, *, examiner: SpecExaminer, answer: Callable[[SpecAnswer], None]) -> None:
        self._examiner = examiner
        self._answer = answer
        self._queue: asyncio.Queue[SpecMessage] = asyncio.Queue()
        self.adopted: ResolvedSpec | None = None
        """The spec that runs."""

        self.digest: str | None = None
        """What its anchor calls it."""

        self.refused: tuple[str | None, str] = (None, "")
        """Digest of the last spec if it was refused, and why."""

    def put(self, offer: SpecMessage) -> None:
        """Have it examined."""
        self._queue.put_nowait(offer)

    async def run(self, adopt: Callable[[ResolvedSpec], None], rouse: Callable[[], None]) -> None:
        """Examine what comes, for ever: `adopt` hears of each new spec, `rouse` of each answer."""
        while True:
            offer = await self._queue.get()
            digest, problems = offer.called, await self._examine(offer, adopt)
            self.refused = (digest, "\n".join(problems)) if problems else (None, "")
            self._answer(SpecAnswer(digest=digest, trial=offer.trial, accepted=not problems, problems=problems))
            rouse()

    async def _examine(self, offer: SpecMessage, adopt: Callable[[ResolvedSpec], None]) -> tuple[str, ...]:
        if offer.called == self.digest:
            return ()
        try:
            resolved = await self._examiner.examine(offer.spec)
        except UnresolvableError as error:
            logger.error("the spec is refused%s: %s", ", what runs goes on" if self.adopted else "", error)
            return error.problems
        except OSError as error:
            return (f"this host cannot be looked at: {error}",)
        if not offer.trial:
            self.adopted, self.digest = resolved, offer.called
            adopt(resolved)
            logger.info("new spec %s", self.digest, extra={"virtual_routers": len(resolved.routers)})
        return ()
