"""Specs that were offered: examined one after the other, adopted or refused, and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from float.resolve import ResolvedSpec, UnresolvableError
from shared.link_protocol import SpecAnswer, SpecMessage
from shared.models import FloatSpec

logger = logging.getLogger(__name__)


LOOK_AGAIN = 15.0
"""Seconds after which a spec is examined again of which services were left out, or for which nobody could look."""

BACK_OFF = (0.2, 0.4, 0.8, 1.6)
"""Seconds before each further look, when one failed; only after the last one it counts as a refusal."""


class SpecExaminer(Protocol):
    """Who knows whether this host can carry a spec."""

    async def examine(self, spec: FloatSpec) -> ResolvedSpec:
        """The spec made ready for this host. Raises UnresolvableError or OSError."""
        ...


class Offers:
    """Where specs come from does not matter here: an anchor's over the link, or one's own."""

    def __init__(
        self,
        *,
        examiner: SpecExaminer,
        answer: Callable[[SpecAnswer], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._examiner = examiner
        self._answer = answer
        self._sleep = sleep
        self._unseen: SpecMessage | None = None
        """The last offer for which this host could not be looked at."""

        self._doubted = False
        """Whether keepalived does not stay with what runs."""

        self._waiting: list[SpecMessage] = []
        """At most one that is to run, and a trial after it."""

        self._offered = asyncio.Event()
        self.adopted: ResolvedSpec | None = None
        """The spec that runs."""

        self.digest: str | None = None
        """What its anchor calls it."""

        self.refused: tuple[str | None, str] = (None, "")
        """Digest of the last spec if it was refused, and why."""

    def put(self, offer: SpecMessage) -> None:
        """Have it examined, instead of those before it that still wait: nobody wants an answer to them any more."""
        kept = [waiting for waiting in self._waiting if offer.trial and not waiting.trial]
        self._waiting = [*kept, offer]
        self._offered.set()

    def doubt(self) -> None:
        """What runs seems not to fit this host any more: have that examined again, after all that waits already.

        A service whose interface is gone is left out then, and adverts come from the address that the interface has
        now, or from the interface that has the address now. What does not help is no refusal: nobody offered anything.
        """
        if self.adopted:
            self._doubted = True
            self._offered.set()

    async def run(self, adopt: Callable[[ResolvedSpec], None], rouse: Callable[[], None]) -> None:
        """Examine what comes, for ever: `adopt` hears of each new spec, `rouse` of each answer.

        A spec that was adopted without some services is examined again from time to time: what stood against them may
        be gone. So is one for which this host could not be looked at, which is nobody's fault but the host's.
        """
        while True:
            offer = await self._next()
            if offer is None:
                await self._reconsider(adopt, rouse)
                continue
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

    async def _next(self) -> SpecMessage | None:
        """What is to be examined; None is what runs, in doubt."""
        again = self._again()
        while not self._waiting:
            if self._doubted:
                self._doubted = False
                return None
            if again is None:
                self._offered.clear()
                await self._offered.wait()
            elif not await self._offered_within(LOOK_AGAIN):
                return again
        return self._waiting.pop(0)

    async def _offered_within(self, seconds: float) -> bool:
        """Wait for an offer or a doubt, but not for ever; whether one came."""
        self._offered.clear()
        tasks = [asyncio.ensure_future(wait) for wait in (self._offered.wait(), self._sleep(seconds))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        return self._offered.is_set()

    def _again(self) -> SpecMessage | None:
        """What is worth another look though nobody offers anything."""
        if self._unseen is not None:
            return self._unseen
        if self.adopted is None or not self.adopted.refusals:
            return None
        return SpecMessage(spec=self.adopted.spec, digest=self.digest or "")

    def _begins_with_the_own(self, offer: SpecMessage) -> bool:
        """Whether it is a first spec: the own virtual IPs do not wait until those of services are found free."""
        return self.adopted is None and not offer.trial and any(r.claims for r in offer.spec.virtual_routers)

    async def _examine(self, offer: SpecMessage, adopt: Callable[[ResolvedSpec], None]) -> tuple[str, ...]:
        before = self.adopted
        if before and offer.called == self.digest and not before.refusals:
            return ()
        try:
            resolved = await self._patiently(offer.spec)
        except UnresolvableError as error:
            logger.error("the spec is refused%s: %s", ", what runs goes on" if self.adopted else "", error)
            self._seen(offer)
            return error.problems
        except OSError as error:
            self._unseen = offer if self._unseen is None or not offer.trial else self._unseen
            logger.error("this host cannot be looked at%s: %s", ", what runs goes on" if self.adopted else "", error)
            return (f"this host cannot be looked at: {error}",)
        self._seen(offer)
        same = before and offer.called == self.digest and before.refusals == resolved.refusals
        if not offer.trial and not same:
            self._take(resolved, offer.called, adopt)
        return ()

    async def _reconsider(self, adopt: Callable[[ResolvedSpec], None], rouse: Callable[[], None]) -> None:
        """Examine what runs; only services that have to be left out (or not any more) and other places change it."""
        before, digest = self.adopted, self.digest
        if before is None or digest is None:
            return
        try:
            resolved = await self._examiner.examine(before.spec)
        except (UnresolvableError, OSError) as error:
            logger.error("what runs does not fit this host any more, and cannot be mended here: %s", error)
            return
        if (resolved.refusals, resolved.places) == (before.refusals, before.places) or _loses(before, resolved):
            return
        self._take(resolved, digest, adopt)
        self._answer(SpecAnswer(digest=digest, accepted=True, refusals=resolved.refusals))
        rouse()

    def _take(self, resolved: ResolvedSpec, digest: str, adopt: Callable[[ResolvedSpec], None]) -> None:
        """From now on this runs."""
        before = self.adopted
        self.adopted, self.digest = resolved, digest
        adopt(resolved)
        logger.info("new spec %s", digest, extra={"virtual_routers": len(resolved.routers)})
        for sentence in set(resolved.refusals) - set(before.refusals if before else ()):
            logger.warning("%s", sentence)

    async def _patiently(self, spec: FloatSpec) -> ResolvedSpec:
        """Examine; where this host cannot be looked at, look again a few times. Raises UnresolvableError, OSError."""
        for pause in BACK_OFF:
            try:
                return await self._examiner.examine(spec)
            except OSError as error:
                logger.warning("this host cannot be looked at, trying again: %s", error)
            await self._sleep(pause)
        return await self._examiner.examine(spec)

    def _seen(self, offer: SpecMessage) -> None:
        """That offer, or a later one that is to run, was looked at: nothing waits for another try."""
        if self._unseen is not None and (not offer.trial or self._unseen == offer):
            self._unseen = None


def _without_claims(offer: SpecMessage) -> SpecMessage:
    own = tuple(router for router in offer.spec.virtual_routers if not router.claims)
    return SpecMessage(spec=offer.spec.model_copy(update={"virtual_routers": own}))


def _loses(before: ResolvedSpec, now: ResolvedSpec) -> bool:
    """Whether an interface has no address for adverts any more: the node is forbidden until there is another one."""
    sources = {router.router.name: router.source for router in now.routers}
    return any(router.source and sources.get(router.router.name, router.source) is None for router in before.routers)
