"""The float's loop: spec, verdict and adverts in; keepalived kept right; status out.

Everything that happens (a message, a notify line, an advert, a signal, a dead child, the timer) only wakes the loop;
each turn then looks at all that is known and does what is missing. The order inside a turn is a safety property: the
track files, which forbid and demote, are written before anything else; addresses are swept before keepalived starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from float.advert import Advert
from float.adverts import AdvertListener
from float.custody import Custody
from float.departure import Leaving
from float.engine import Engine
from float.examine import Examiner
from float.history import History
from float.keepalived import Keepalived
from float.lease import LeaseKeeper
from float.lifecycle import ChildState
from float.link_client import LinkClient
from float.notice import Notice
from float.report import Picture, Reporter
from float.resolve import ResolvedSpec, UnresolvableError
from float.routers import RouterBook, Transition
from float.situation import Situation
from float.stats import DumpError
from shared.clock import Clock
from shared.link_protocol import FloatHello, Goodbye, Message, SpecAnswer, SpecMessage, VerdictMessage
from shared.models import Transport

logger = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two turns when nothing happens."""

STATS_PERIOD = 5.0
"""Seconds between two looks at keepalived's counters."""

ALL_VRRP6_ROUTERS = "ff02::12"
"""RFC 9568, section 5.1.2.2."""


@dataclass(frozen=True)
class Doors:
    """The supervisor's collaborators."""

    keepalived: Keepalived
    engine: Engine
    examiner: Examiner
    custody: Custody
    adverts: AdvertListener
    lease: LeaseKeeper
    reporter: Reporter
    history: History
    clock: Clock


class Supervisor:
    """One keepalived, kept as the anchor's spec and verdict say."""

    def __init__(self, doors: Doors, *, hello: FloatHello) -> None:
        self._doors = doors
        self._hello = hello
        self._wake = asyncio.Event()
        self._book = RouterBook()
        self._situation = Situation(doors.clock.monotonic())
        self._offers: asyncio.Queue[SpecMessage] = asyncio.Queue()
        self._resolved: ResolvedSpec | None = None
        self._refused: tuple[str | None, str] = (None, "")
        self._look_at = 0.0
        self._news = True

    # What wakes the loop.

    def terminate(self) -> None:
        """SIGTERM: hand over and end."""
        self._situation.leave(Leaving("this float was told to stop", self._now()))
        self._rouse()

    def handover(self) -> None:
        """SIGUSR1: let a healthy peer take over."""
        self._situation.hand_over(self._now())
        self._rouse()

    def hello(self) -> FloatHello:
        """Who we are, and which spec runs already."""
        digest = self._resolved.spec.digest if self._resolved else None
        return self._hello.model_copy(update={"spec_digest": digest})

    def link_connected(self) -> None:
        """An anchor accepted the connection."""
        self._situation.connected(self._now())
        self._rouse()

    def link_ended(self) -> None:
        """The connection is gone."""
        self._situation.ended(self._now())
        self._rouse()

    def link_message(self, message: Message) -> None:
        """The anchor said something."""
        is_back = self._situation.heard(self._now())
        match message:
            case SpecMessage():
                self._offers.put_nowait(message)
            case VerdictMessage():
                self._situation.judged(message.conditions)
                self._rouse()
            case Goodbye():
                self._situation.said_goodbye(message.reason, self._now())
                self._rouse()
            case _ if is_back:
                self._rouse()

    def keepalived_exited(self) -> None:
        """The child ended, asked for or not."""
        self._doors.engine.exited(self._book.masters())
        for transition in self._book.keepalived_died(now=self._now(), wall=self._doors.clock.wall()):
            self._tell(transition)
        self._rouse()

    def noticed(self, notice: Notice) -> None:
        """keepalived told of a transition."""
        transition = self._book.notice(notice, now=self._now(), wall=self._doors.clock.wall())
        if transition:
            self._tell(transition)
        self._rouse()

    def advert(self, advert: Advert) -> None:
        """Another node's advert came."""
        if self._book.advert(advert, self._now()):
            self._rouse()

    # The loop.

    async def run(self, link: LinkClient) -> int:
        """Serve until told to end; returns the exit code."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(link.run(self), name="link"),
                group.create_task(self._examine_offers(link), name="examine"),
                group.create_task(self._gather_stats(), name="stats"),
            ]
            while not self._situation.over(self._book.masters(), self._now()):
                await self._sleep()
                try:
                    await self._turn()
                except OSError:
                    logger.exception("this turn failed; what runs goes on")
            await self._shut_down()
            for task in tasks:
                task.cancel()
        return 0

    async def _sleep(self) -> None:
        now = self._now()
        moments = [
            self._situation.next_change(now),
            self._doors.engine.next_change(now),
            *(entry.decision.look_again_at for entry in self._book.entries.values()),
        ]
        until = min((m for m in moments if m is not None and m >= now), default=now + TICK)
        with contextlib.suppress(TimeoutError):
            # A millisecond more than asked for, so that the moment has surely come.
            await asyncio.wait_for(self._wake.wait(), min(until, now + TICK) - now + 0.001)
        self._wake.clear()

    async def _turn(self) -> None:
        now = self._now()
        self._decide(now)
        if self._resolved:
            self._doors.engine.configure(self._resolved, self._book.entries.values())
            await self._doors.engine.keep_running(self._resolved, on_exit=self.keepalived_exited)
        if self._news or now >= self._look_at:
            await self._look(now)
        self._doors.engine.hold_leases(self._book.masters())
        self._report(now)

    def _decide(self, now: float) -> None:
        self._situation.say_link_changes(now)
        self._situation.consider_orphanhood(tuple(self._book.entries.values()), now)
        self._book.decide(self._situation.conditions(now), now)
        self._doors.engine.tell(self._book.entries.values())

    async def _look(self, now: float) -> None:
        self._look_at = now + TICK
        await self._doors.custody.look()
        if self._doors.engine.lifecycle.state is ChildState.RUNNING:
            await self._doors.custody.remove_strays(self._book.entries.values(), now)
        if not self._doors.lease.alive():
            logger.error("the lease keeper died; this float ends so that its VIPs do not lapse unseen")
            self._situation.leave(Leaving("its lease keeper died", now))

    def _report(self, now: float) -> None:
        picture = Picture(
            resolved=self._resolved,
            refused=self._refused,
            lifecycle=self._doors.engine.lifecycle,
            conditions=self._situation.conditions(now),
            link_up=self._situation.link_up(now),
            in_grace=self._situation.in_grace(now),
            entries=tuple(self._book.entries.values()),
            host=self._doors.custody.host,
        )
        self._doors.reporter.report(picture, news=self._news)
        self._news = False

    async def _shut_down(self) -> None:
        logger.info("ending: %s", self._situation.leaving.reason if self._situation.leaving else "asked to")
        await self._doors.engine.stop(self._resolved)
        self._news = True
        self._report(self._now())

    # Beside the loop.

    async def _examine_offers(self, link: LinkClient) -> None:
        while True:
            offer = await self._offers.get()
            digest = offer.spec.digest
            problems: tuple[str, ...] = ()
            if self._resolved is None or self._resolved.spec.digest != digest:
                problems = await self._examine(offer)
            self._refused = (digest, "\n".join(problems)) if problems else (None, "")
            link.send(SpecAnswer(digest=digest, trial=offer.trial, accepted=not problems, problems=problems))
            self._rouse()

    async def _examine(self, offer: SpecMessage) -> tuple[str, ...]:
        try:
            resolved = await self._doors.examiner.examine(offer.spec)
        except UnresolvableError as error:
            logger.error("the spec is refused, what runs goes on: %s", error)
            return error.problems
        except OSError as error:
            return (f"this host cannot be looked at: {error}",)
        if not offer.trial:
            self._adopt(resolved)
            self._listen(resolved)
        return ()

    def _adopt(self, resolved: ResolvedSpec) -> None:
        self._resolved = resolved
        self._book.load(resolved)
        self._situation.take_timing(resolved.spec)
        logger.info("new spec %s", resolved.spec.digest, extra={"virtual_routers": len(resolved.routers)})

    def _listen(self, resolved: ResolvedSpec) -> None:
        """Hear multicast adverts too; where that cannot be, keepalived still does, and nothing is preempted."""
        for router in resolved.routers:
            if router.transport is not Transport.MULTICAST:
                continue
            group = ALL_VRRP6_ROUTERS if router.advertised.address.version == 6 else resolved.spec.multicast_group
            try:
                self._doors.adverts.join(router.interface, group)
            except OSError as error:
                logger.warning("the adverts to %s on %s cannot be heard: %s", group, router.interface, error)

    async def _gather_stats(self) -> None:
        while True:
            await asyncio.sleep(STATS_PERIOD)
            if self._doors.engine.lifecycle.state is not ChildState.RUNNING:
                continue
            try:
                dump = await self._doors.keepalived.dump()
            except (DumpError, OSError) as error:
                logger.debug("no counters this time: %s", error)
                continue
            for name, instance in dump.items():
                if name in self._book.entries:
                    self._book.entries[name].counters = instance.counters

    def _tell(self, transition: Transition) -> None:
        logger.info(
            "%s: %s to %s, %s",
            transition.router,
            transition.before.name,
            transition.after.name,
            transition.reason,
            extra={"vrid": transition.vrid},
        )
        self._doors.history.append(transition)

    def _rouse(self) -> None:
        self._news = True
        self._wake.set()

    def _now(self) -> float:
        return self._doors.clock.monotonic()
