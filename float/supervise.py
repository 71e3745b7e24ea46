"""The float's loop: spec, verdict and adverts in; keepalived kept right; status out.

Everything that happens (a message, a notify line, an advert, a signal, a dead child, the timer) is booked and wakes the
loop; each turn (see `turn`) then looks at all that is known and does what is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

from float.advert import Advert
from float.alertness import Alertness
from float.departure import Leaving
from float.doors import Doors
from float.inspection import Inspection
from float.notice import Notice
from float.resolve import ResolvedSpec
from float.routers import RouterBook, Transition
from float.situation import Situation
from float.turn import TICK, Turn
from shared.link_protocol import AnchorHello, FloatHello, Goodbye, Message, SpecMessage, VerdictMessage

logger = logging.getLogger(__name__)


class Supervisor:
    """One keepalived, kept as the anchor's spec and verdict say."""

    def __init__(self, doors: Doors, *, hello: FloatHello, alone: bool = False) -> None:
        self._doors = doors
        self._hello = hello
        self._wake = asyncio.Event()
        self._book = RouterBook()
        self._situation = Situation(doors.clock.monotonic(), alone=alone)
        self._turn = Turn(doors, self._book, self._situation, on_exit=self.keepalived_exited)
        self._failed = False
        self._alertness = Alertness(doors.clock.monotonic())

    # What wakes the loop.

    def terminate(self) -> None:
        """SIGTERM: hand over and end."""
        self._situation.leave(Leaving("this float was told to stop", self._now()))
        self._rouse()

    def give_up(self, reason: str, exit_code: int) -> None:
        """End without success: what this float is for cannot be had."""
        self._situation.leave(Leaving(reason, self._now(), exit_code=exit_code))
        self._rouse()

    def handover(self) -> None:
        """SIGUSR1: let a healthy peer take over."""
        self._situation.hand_over(self._now())
        self._rouse()

    def hello(self) -> FloatHello:
        """Who we are, and which spec runs already."""
        offers = self._doors.offers
        running = {"spec_digest": offers.digest, "spec": offers.adopted.spec if offers.adopted else None}
        return self._hello.model_copy(update=running)

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
            case AnchorHello():
                self._doors.log_style.told(message)
                self._rouse()
            case SpecMessage():
                self._doors.offers.put(message)
            case VerdictMessage():
                self._situation.judged(message.conditions, outdated=message.outdated)
                self._rouse()
            case Goodbye():
                self._situation.said_goodbye(message.reason, self._now(), engine=self._doors.swarm_listens())
                self._rouse()
            case _ if is_back:
                self._rouse()

    def keepalived_exited(self) -> None:
        """The child ended, asked for or not."""
        self._doors.engine.exited(self._book.masters())
        if not self._doors.engine.lifecycle.stays:
            self._doors.offers.doubt()
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
        self._doors.advert_log.note(advert, self._now())
        self._doors.strangers.heard(advert, member=True)
        now = self._now()
        if self._alertness.seen(now):
            self._doors.adverts.drop()  # they would count as fresh: a frozen container has just thawed
        elif self._book.advert(advert, now) and self._alertness.wakes(now):
            self._rouse()

    def foreign_advert(self, advert: Advert) -> None:
        """An advert came on which no keepalived of ours acts."""
        self._doors.advert_log.note(advert, self._now())
        self._doors.strangers.heard(advert, member=False)

    def checked(self) -> None:
        """A check of ours turned."""
        self._situation.observed("checks", self._doors.additions.conditions())
        self._rouse()

    # The loop.

    async def run(self, **beside: Coroutine[Any, Any, None]) -> int:
        """Serve until told to end, with these tasks beside; returns the exit code."""
        beside["offers"] = self._doors.offers.run(self._adopt, self._rouse)
        beside["additions"] = self._doors.additions.run(self.checked)
        beside["newcomers"] = self._doors.newcomers.run(lambda: self._book.entries, self._rouse)
        beside["keepalived"] = self._doors.keepalived.failing()
        beside["strangers"] = self._doors.strangers.run()
        self._doors.custody.watch(self._rouse)
        inspection = Inspection(self._doors.keepalived, self._book, self._doors.clock, self.noticed)
        beside["inspection"] = inspection.run()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._for_ever(name, work), name=name) for name, work in beside.items()]
                await self._serve()
                for task in tasks:
                    task.cancel()
        except* Exception as failures:
            logger.error("a part of this float failed; it releases its virtual IPs and ends", exc_info=failures)
            self._failed = True
            await self._shut_down()
        code = self._situation.leaving.exit_code if self._situation.leaving else 0
        return code or (1 if self._failed else 0)

    async def _serve(self) -> None:
        """Turn after turn until it is time to go, and what has to be done then; the link still hears it."""
        while not self._situation.over(self._book.masters(), self._now()):
            await self._sleep()
            await self._turn.take()
        await self._shut_down()

    async def _for_ever(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """What runs beside the loop. Raises RuntimeError if it ends before this float is to end."""
        await work
        if self._situation.leaving is None:
            raise RuntimeError(f"{name} ended by itself")

    async def _sleep(self) -> None:
        now = self._now()
        self._alertness.seen(now)
        moments = [
            self._alertness.owed_at,
            self._situation.next_change(now),
            self._doors.newcomers.next_change(),
            self._doors.engine.next_change(now),
            *(entry.decision.look_again_at for entry in self._book.entries.values()),
        ]
        until = min((m for m in moments if m is not None and m >= now), default=now + TICK)
        with contextlib.suppress(TimeoutError):
            # A millisecond more than asked for, so that the moment has surely come.
            async with asyncio.timeout(min(until, now + TICK) - now + 0.001):
                await self._wake.wait()
        self._alertness.pay(self._now())
        self._wake.clear()

    async def _shut_down(self) -> None:
        """Release the virtual IPs before anything else; what fails here keeps nothing else from being done."""
        logger.info("ending: %s", self._situation.leaving.reason if self._situation.leaving else "a part of it failed")
        for step in (self._release, self._doors.additions.finish, self._say_last):
            try:
                await step()
            except Exception:  # the end's boundary: no step that fails keeps the next from being done
                logger.exception("this step of the end failed; the next ones follow")
                self._failed = True

    async def _release(self) -> None:
        await self._doors.engine.stop(self._doors.offers.adopted)

    async def _say_last(self) -> None:
        self._turn.news = True
        self._turn.report(self._now())

    # Beside the loop.

    def _adopt(self, resolved: ResolvedSpec) -> None:
        self._doors.additions.adopt(resolved.spec, serving=bool(self._book.entries))
        self._situation.observed("checks", self._doors.additions.conditions())
        self._book.load(resolved)
        self._doors.newcomers.look_at(self._book.entries)
        self._doors.strangers.look_at(self._book.entries)
        self._situation.take_timing(resolved.spec)
        self._doors.adverts.hear(resolved)

    def _tell(self, transition: Transition) -> None:
        logger.info(
            "%s: %s to %s, %s",
            transition.router,
            transition.before.name,
            transition.after.name,
            transition.reason,
            extra={"vrid": transition.vrid},
        )
        for told in self._doors.told:
            told(transition)

    def _rouse(self) -> None:
        self._turn.news = True
        self._wake.set()

    def _now(self) -> float:
        return self._doors.clock.monotonic()
