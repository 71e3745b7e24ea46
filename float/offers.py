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


LOOK_AGAIN = 15.0
"""Seconds after which a spec of which services were left out is examined again."""


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
        """Examine what comes, for ever: `adopt` hears of each new spec, `rouse` of each answer.

        A spec that was adopted without some services is examined again from time to time: what stood against them may
        be gone.
        """
        while True:
            offer = await self._next()
            if self._begins_with_the_own(offer):
                await self._examine(_without_claims(offer), adopt)
                rouse()
            digest, problems = offer.called, await self._examine(offer, adopt)
            self.refused = (digest, "\n".join(problems)) if problems else (None, "")
            refusals = self.adopted.refusals if self.adopted and self.digest == digest else ()
            self._answer(
                SpecAnswer(
                    digest=digest, trial=offer.trial, accepted=not problems, problems=problems, refusals=refusals
                )
            )
            rouse()

    async def _next(self) -> SpecMessage:
        if self.adopted is None or not self.adopted.refusals:
            return await self._queue.get()
        try:
            return await asyncio.wait_for(self._queue.get(), LOOK_AGAIN)
        except TimeoutError:
            return SpecMessage(spec=self.adopted.spec, digest=self.digest or "")

    def _begins_with_the_own(self, offer: SpecMessage) -> bool:
        """Whether it is a first spec: the own virtual IPs do not wait until those of services are found free."""
        return self.adopted is None and not offer.trial and any(r.claims for r in offer.spec.virtual_routers)

    async def _examine(self, offer: SpecMessage, adopt: Callable[[ResolvedSpec], None]) -> tuple[str, ...]:
        before = self.adopted
        if before and offer.called == self.digest and not before.refusals:
            return ()
        try:
            resolved = await self._examiner.examine(offer.spec)
        except UnresolvableError as error:
            logger.error("the spec is refused%s: %s", ", what runs goes on" if self.adopted else "", error)
            return error.problems
        except OSError as error:
            return (f"this host cannot be looked at: {error}",)
        same = before and offer.called == self.digest and before.refusals == resolved.refusals
        if not offer.trial and not same:
            self.adopted, self.digest = resolved, offer.called
            adopt(resolved)
            logger.info("new spec %s", self.digest, extra={"virtual_routers": len(resolved.routers)})
            for sentence in set(resolved.refusals) - set(before.refusals if before else ()):
                logger.warning("%s", sentence)
        return ()


def _without_claims(offer: SpecMessage) -> SpecMessage:
    own = tuple(router for router in offer.spec.virtual_routers if not router.claims)
    return SpecMessage(spec=offer.spec.model_copy(update={"virtual_routers": own}))
