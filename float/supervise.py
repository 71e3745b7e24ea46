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
from pathlib import Path

from float.adverts import Advert, AdvertListener
from float.custody import Custody
from float.demotion import demoted_content
from float.departure import Leaving, after_goodbye, orphaned
from float.examine import Examiner
from float.history import History
from float.keepalived import Keepalived
from float.lease import LeaseKeeper
from float.lifecycle import ChildState, Lifecycle
from float.link_client import LinkClient
from float.link_state import LinkState
from float.notify_fifo import Notice
from float.render import Renderer
from float.report import Picture, Reporter
from float.resolve import ResolvedSpec, UnresolvableError
from float.routers import RouterBook, RouterEntry, Transition
from float.stats import DumpError
from shared.clock import Clock
from shared.link_protocol import FloatHello, Goodbye, GoodbyeReason, Message, SpecAnswer, SpecMessage, VerdictMessage
from shared.models import Condition, FloatSpec, Transport

logger = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two turns when nothing happens."""

STATS_PERIOD = 5.0
"""Seconds between two looks at keepalived's counters."""

HANDOVER = 5.0
"""Seconds for which the `handover` command demotes this node."""

ALL_VRRP6_ROUTERS = "ff02::12"
"""RFC 9568, section 5.1.2.2."""


@dataclass(frozen=True)
class Doors:
    """The supervisor's collaborators."""

    keepalived: Keepalived
    renderer: Renderer
    examiner: Examiner
    custody: Custody
    adverts: AdvertListener
    lease: LeaseKeeper
    reporter: Reporter
    history: History
    clock: Clock


class Supervisor:
    """One keepalived, kept as the anchor's spec and verdict say."""

    def __init__(self, doors: Doors, *, hello: FloatHello, track_folder: Path) -> None:
        self._doors = doors
        self._hello = hello
        self._track_folder = track_folder
        self._wake = asyncio.Event()
        self._book = RouterBook()
        self._link = LinkState(severed_at=doors.clock.monotonic())
        self._verdict: tuple[Condition, ...] = ()
        self._offers: asyncio.Queue[SpecMessage] = asyncio.Queue()
        self._resolved: ResolvedSpec | None = None
        self._refused: tuple[str | None, str] = (None, "")
        self._installed: tuple[str, ...] = ()
        self._written: dict[Path, int] = {}
        self._lifecycle = Lifecycle()
        self._leaving: Leaving | None = None
        self._handover_until = 0.0
        self._bereaved: tuple[float, list[RouterEntry]] | None = None
        self._look_at = 0.0
        self._news = True
        self._link_said = True
        self._orphan_said_at = 0.0

    # -- what wakes the loop -------------------------------------------------------------------------------------

    def terminate(self) -> None:
        """SIGTERM: hand over and end."""
        self._leave(Leaving("this float was told to stop", self._now()))

    def handover(self) -> None:
        """SIGUSR1: step back for a while, so that a healthy peer takes over."""
        self._handover_until = self._now() + HANDOVER
        self._rouse()

    def hello(self) -> FloatHello:
        """Who we are, and which spec runs already."""
        digest = self._resolved.spec.digest if self._resolved else None
        return self._hello.model_copy(update={"spec_digest": digest})

    def link_connected(self) -> None:
        """An anchor accepted the connection."""
        self._link = self._link.connected(self._now())
        self._rouse()

    def link_ended(self) -> None:
        """The connection is gone."""
        self._link = self._link.ended(self._now())
        self._rouse()

    def link_message(self, message: Message) -> None:
        """The anchor said something; any word counts as a beat."""
        was_up = self._link.up(self._now(), self._timing.link_timeout)
        self._link = self._link.heard(self._now())
        if isinstance(message, SpecMessage):
            self._offers.put_nowait(message)
        elif isinstance(message, VerdictMessage):
            self._verdict = message.conditions
            self._rouse()
        elif isinstance(message, Goodbye):
            self._goodbye(message.reason)
        elif not was_up:
            self._rouse()

    def keepalived_exited(self) -> None:
        """The child ended, asked for or not."""
        now = self._now()
        expected = self._lifecycle.state is ChildState.STOPPING
        masters = self._book.masters()
        self._lifecycle = self._lifecycle.exited(now)
        if not expected:
            logger.error("keepalived died; it is started again", extra={"restarts": self._lifecycle.restarts})
            self._bereaved = (now, masters)
        for transition in self._book.keepalived_died(now=now, wall=self._doors.clock.wall()):
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

    # -- the loop ------------------------------------------------------------------------------------------------

    async def run(self, link: LinkClient) -> int:
        """Serve until told to end; returns the exit code."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(link.run(self), name="link"),
                group.create_task(self._examine_offers(link), name="examine"),
                group.create_task(self._gather_stats(), name="stats"),
            ]
            while not self._over():
                await self._sleep()
                await self._turn()
            await self._shut_down()
            for task in tasks:
                task.cancel()
        return 0

    async def _sleep(self) -> None:
        now = self._now()
        moments = [now + TICK, self._look_at]
        moments += [e.decision.look_again_at for e in self._book.entries.values() if e.decision.look_again_at]
        moments += [m for m in (self._link.next_change(now, **self._link_timing),) if m]
        if self._leaving:
            moments.append(self._leaving.since + self._leaving.limit)
        if self._bereaved:
            moments.append(now + 0.02)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, min(m for m in moments if m >= now) - now) + 0.001)
        self._wake.clear()

    async def _turn(self) -> None:
        now = self._now()
        self._decide(now)
        if self._resolved:
            await self._configure(self._resolved)
            await self._keep_running(self._resolved, now)
        if self._news or now >= self._look_at:
            await self._look(now)
        self._doors.custody.hold(self._bereaved[1] if self._bereaved else self._book.masters())
        self._report(now)

    def _decide(self, now: float) -> None:
        conditions = self._conditions(now)
        if conditions[0].ok is not self._link_said:
            self._link_said = conditions[0].ok
            logger.log(logging.INFO if self._link_said else logging.WARNING, "link: %s", conditions[0].reason)
        self._book.decide(conditions, now)
        for entry in self._book.entries.values():
            self._write(f"allowed_{entry.router.name}", 1 if entry.decision.allowed else 0)
            self._write(f"demoted_{entry.router.name}", demoted_content(entry.router) * entry.decision.demoted)
        self._consider_orphanhood(now)

    def _conditions(self, now: float) -> tuple[Condition, ...]:
        own = [self._link.condition(now, **self._link_timing)]
        if self._leaving:
            own.append(self._leaving.condition)
        if now < self._handover_until:
            own.append(Condition(name="handover", ok=False, reason="asked to hand over"))
        return (*own, *self._verdict)

    async def _configure(self, resolved: ResolvedSpec) -> None:
        preempting = [e.router.name for e in self._book.entries.values() if e.decision.preempt]
        wanted = (resolved.spec.digest, *preempting)
        if wanted == self._installed:
            return
        self._doors.custody.claim(resolved)
        self._doors.keepalived.install(self._doors.renderer.render(resolved, preempting=preempting))
        self._installed = wanted
        if self._doors.keepalived.running:
            self._doors.keepalived.reload()
        logger.info("keepalived's configuration changed", extra={"preempting": ",".join(preempting) or "-"})

    async def _keep_running(self, resolved: ResolvedSpec, now: float) -> None:
        if not self._lifecycle.due(now) or (self._bereaved and not self._relieved(now)):
            return
        await self._doors.custody.sweep(resolved.addresses)
        self._bereaved = None
        try:
            await self._doors.keepalived.start(self.keepalived_exited)
        except OSError as error:
            logger.error("keepalived cannot be started: %s", error)
            self._lifecycle = self._lifecycle.started(now).exited(now)
            return
        self._lifecycle = self._lifecycle.started(self._now())

    def _relieved(self, now: float) -> bool:
        """After a death: the VIPs that the kernel still serves stay until a peer has them, or had time to."""
        if self._bereaved is None:
            return True
        died, masters = self._bereaved
        return all(
            (e.heard is not None and e.heard.at > died and e.heard.priority > 0)
            or now - died > 4 * e.router.advert_interval
            for e in masters
        )

    async def _look(self, now: float) -> None:
        self._look_at = now + TICK
        await self._doors.custody.look()
        if self._lifecycle.state is ChildState.RUNNING:
            await self._doors.custody.remove_strays(self._book.entries.values(), now)
        if not self._doors.lease.alive():
            logger.error("the lease keeper died; this float ends so that its VIPs do not lapse unseen")
            self._leave(Leaving("its lease keeper died", now))

    def _report(self, now: float) -> None:
        picture = Picture(
            resolved=self._resolved,
            refused=self._refused,
            lifecycle=self._lifecycle,
            conditions=self._conditions(now),
            link_up=self._link.up(now, self._timing.link_timeout),
            in_grace=self._link.in_grace(now, self._timing.update_grace),
            entries=tuple(self._book.entries.values()),
            host=self._doors.custody.host,
        )
        self._doors.reporter.report(picture, news=self._news)
        self._news = False

    # -- beside the loop -----------------------------------------------------------------------------------------

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
        return ()

    def _adopt(self, resolved: ResolvedSpec) -> None:
        self._resolved = resolved
        self._book.load(resolved)
        for router in resolved.routers:
            if router.transport is Transport.MULTICAST:
                group = resolved.spec.multicast_group if router.source else ALL_VRRP6_ROUTERS
                self._doors.adverts.join(router.interface, group)
        logger.info("new spec %s", resolved.spec.digest, extra={"virtual_routers": len(resolved.routers)})

    async def _gather_stats(self) -> None:
        while True:
            await asyncio.sleep(STATS_PERIOD)
            if self._lifecycle.state is not ChildState.RUNNING:
                continue
            try:
                dump = await self._doors.keepalived.dump()
            except (DumpError, OSError) as error:
                logger.debug("no counters this time: %s", error)
                continue
            for name, instance in dump.items():
                if name in self._book.entries:
                    self._book.entries[name].counters = instance.counters

    async def _shut_down(self) -> None:
        logger.info("ending: %s", self._leaving.reason if self._leaving else "")
        self._lifecycle = self._lifecycle.stopping(self._now())
        await self._doors.keepalived.stop()
        self._doors.custody.hold(())
        if self._resolved:
            await self._doors.custody.sweep(self._resolved.addresses)
        self._news = True
        self._report(self._now())

    # -- small words ---------------------------------------------------------------------------------------------

    def _goodbye(self, reason: GoodbyeReason) -> None:
        logger.info("the anchor says goodbye: %s", reason)
        self._link = self._link.said_goodbye(reason, self._now())
        leaving = after_goodbye(reason, self._now())
        if leaving:
            self._leave(leaving)

    def _leave(self, leaving: Leaving) -> None:
        if self._leaving is None or leaving.limit < self._leaving.limit:
            self._leaving = leaving
        self._rouse()

    def _over(self) -> bool:
        return self._leaving is not None and self._leaving.over(self._book.masters(), self._now())

    def _consider_orphanhood(self, now: float) -> None:
        down_for = now - self._link.down_since(self._timing.link_timeout)
        if self._link.up(now, self._timing.link_timeout) or down_for < self._timing.orphan_after:
            return
        entries = tuple(self._book.entries.values())
        if orphaned(self._link, entries, timeout=self._timing.link_timeout, after=self._timing.orphan_after, now=now):
            self._leave(Leaving(f"no anchor for {down_for:.0f} s, and another node serves", now))
        elif now - self._orphan_said_at >= 60:
            self._orphan_said_at = now
            logger.warning("no anchor for %.0f s; nobody else advertises, so this float serves on", down_for)

    def _write(self, name: str, value: int) -> None:
        path = self._track_folder / name
        if self._written.get(path) == value:
            return
        scratch = path.with_name(f".{name}")
        scratch.write_text(f"{value}\n")
        scratch.replace(path)
        self._written[path] = value

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
        self._news = True

    def _rouse(self) -> None:
        self._news = True
        self._wake.set()

    def _now(self) -> float:
        return self._doors.clock.monotonic()

    @property
    def _timing(self) -> FloatSpec:
        return self._resolved.spec if self._resolved else _NO_SPEC

    @property
    def _link_timing(self) -> dict[str, float]:
        return {"timeout": self._timing.link_timeout, "grace": self._timing.update_grace}


_NO_SPEC = FloatSpec(router_name="", hostname="", virtual_routers=())
