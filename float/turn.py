"""One turn of the loop: decide, keep keepalived right, look, report.

The order is a safety property: the track files, which forbid and demote, are written before anything but a look at a
host that the kernel says has changed, since what is missing there forbids, too; addresses are swept before keepalived
starts. So is it that no step which fails (a full disk, a kernel that refuses) keeps the rest of the turn from being
done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from float import adrift
from float.beside import Steps
from float.departure import Leaving
from float.doors import Doors
from float.host import HostAddress
from float.lifecycle import ChildState
from float.report import Picture
from float.resolve import ResolvedSpec
from float.routers import RouterBook
from float.situation import Situation
from shared.models import Condition

logger = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two turns when nothing happens."""


class Turn:
    """Takes a turn whenever it is asked to; what happened meanwhile is in book and situation."""

    def __init__(self, doors: Doors, book: RouterBook, situation: Situation, *, on_exit: Callable[[], None]) -> None:
        self._doors = doors
        self._book = book
        self._situation = situation
        self._on_exit = on_exit
        self._steps = Steps()
        self._configured = False
        """Whether keepalived has a configuration of this float's to run."""

        self._indexes: Mapping[str, int] = {}
        """Of the interfaces that we listen on, and of all others."""

        self._doubted_on: tuple[HostAddress, ...] = ()
        """What the host had when the addresses of our adverts were looked for anew."""

        self._look_at = 0.0
        self.news = True
        """Whether something happened that the last report does not tell."""

    async def take(self) -> None:
        """Look at all that is known, do what is missing, and tell of it."""
        now = self._doors.clock.monotonic()
        if self._situation.asks_for_the_engine(now):
            self._situation.engine_looked_at(now, listens=self._doors.swarm_listens())
        with self._steps.step("looking at the addresses"):
            await self._doors.custody.look_if_told()
        with self._steps.step("deciding"):
            self._decide(now)
        resolved = self._doors.offers.adopted
        if resolved and self._may_begin():
            await self._keep(resolved, now)
        if self.news or now >= self._look_at:
            await self._look(now)
        self.report(now)

    async def _keep(self, resolved: ResolvedSpec, now: float) -> None:
        """keepalived as it should be; what cannot be configured leaves the running one its leases and its keeper."""
        engine = self._doors.engine
        with self._steps.step("the configuration"):
            engine.configure(resolved, self._book.entries.values())
            self._configured = True
        if not self._configured:
            return
        with self._steps.step("keepalived"):
            if why := self._unsteered(resolved, now):
                await engine.rest(resolved, why)
            else:
                await engine.keep_running(resolved, on_exit=self._on_exit)
        self._situation.consider_giving_up(engine.lifecycle, now)
        with self._steps.step("the leases"):
            engine.hold_leases(self._book.masters())

    def _unsteered(self, resolved: ResolvedSpec, now: float) -> str:
        """Why keepalived must rest: something stands against this node, and a virtual router of a user's own file
        has no track file of ours, so that stopping is the only way to demote it. Empty while all is well.
        """
        against = next((c for c in self._situation.conditions(now) if not c.ok), None)
        if resolved.own_text is None or against is None or not self._book.strangers:
            return ""
        names = ", ".join(sorted(self._book.strangers))
        return (
            f"{against.name}: {against.reason}; and {names}, which the template includes, cannot be demoted otherwise"
        )

    def _may_begin(self) -> bool:
        """Not before a node that is new knows whether its VIPs are served, which takes half a second at most."""
        return self._doors.engine.lifecycle.state is not ChildState.STOPPED or not self._doors.newcomers.undecided()

    def _decide(self, now: float) -> None:
        self._situation.say_link_changes(now)
        self._situation.consider_orphanhood(tuple(self._book.entries.values()), now)
        self._situation.observed("newcomers", self._doors.newcomers.conditions(self._book.entries))
        self._situation.observed("addresses", self._adrift())
        self._book.decide(self._situation.conditions(now), now, outdated=self._situation.outdated)
        self._doors.engine.tell(self._book.entries.values())

    def _adrift(self) -> tuple[Condition, ...]:
        """Where a user's own file says whence adverts come, our guess forbids nothing.

        The address may have gone to another interface; by multicast adverts may come from any that the interface has.
        """
        resolved, host = self._doors.offers.adopted, self._doors.custody.host
        if resolved is None or resolved.own_text is not None:
            return ()
        found = adrift.conditions(self._book.entries, host)
        if found and host.addresses != self._doubted_on:
            self._doubted_on = host.addresses
            self._doors.offers.doubt()
        return found

    async def _look(self, now: float) -> None:
        self._look_at = now + TICK
        self._doors.record.catch_up()
        with self._steps.step("listening on interfaces that came"):
            self._listen_anew()
        with self._steps.step("looking at the addresses"):
            await self._doors.custody.look_if_changed()
            if self._doors.engine.lifecycle.state is ChildState.RUNNING:
                await self._doors.custody.remove_strays(self._book.entries.values(), now)
        if not self._doors.lease.alive():
            logger.error("the lease keeper died; this float ends so that its VIPs do not lapse unseen")
            self._situation.leave(Leaving("its lease keeper died", now, exit_code=1))

    def _listen_anew(self) -> None:
        """A socket stays deaf on an interface that was removed and made anew, which has the old one's name."""
        resolved, indexes = self._doors.offers.adopted, self._doors.custody.host.indexes
        if resolved is None or indexes == self._indexes:
            return
        self._indexes, before = indexes, self._indexes
        if any(indexes.get(device) != before.get(device) for device in resolved.devices):
            self._doors.adverts.listen(resolved)
            self._doors.strangers.look_at(self._book.entries)

    def report(self, now: float) -> None:
        """Publish what is known, if there is news or the last word is old."""
        picture = Picture(
            resolved=self._doors.offers.adopted,
            digest=self._doors.offers.digest,
            refused=self._doors.offers.refused,
            lifecycle=self._doors.engine.lifecycle,
            conditions=self._situation.conditions(now),
            alone=self._situation.alone,
            link_reason=self._situation.link_reason(now),
            link_up=self._situation.link_up(now),
            in_grace=self._situation.in_grace(now),
            entries=tuple(self._book.entries.values()),
            host=self._doors.custody.host,
            strangers=self._doors.strangers.seen(),
            flood=self._doors.adverts.flood(now),
        )
        self._doors.reporter.report(picture, news=self.news)
        self.news = False
