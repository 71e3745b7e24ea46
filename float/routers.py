"""What the float knows of each virtual router now: state, adverts heard, and the decision that follows."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from float.advert import Advert
from float.demotion import UNDECIDED, Decision, Heard, decide
from float.notice import Notice
from float.resolve import ResolvedRouter, ResolvedSpec
from shared.models import Condition, IpAddress, Transport, VirtualRouter, VrrpState

logger = logging.getLogger(__name__)

SETTLED = 0.5
"""Seconds after which of two masters that hear each other one has stepped back."""


@dataclass
class RouterEntry:
    """One virtual router of this node."""

    resolved: ResolvedRouter
    state: VrrpState = VrrpState.INIT
    state_at: float = 0.0
    """Monotonic seconds of the last transition."""

    since: float = 0.0
    """Wall clock of the last transition."""

    reason: str = ""
    priority: int = 0
    """Effective, as keepalived last told it."""

    heard: Heard | None = None
    decision: Decision = UNDECIDED
    counters: dict[str, int] = field(default_factory=dict)

    @property
    def router(self) -> VirtualRouter:
        """Its part of the spec."""
        return self.resolved.router

    def hears(self, now: float) -> Heard | None:
        """The advert of another master that is not older than a master-down interval."""
        return self.heard if self.heard is not None and self.heard.is_fresh(self.router, now) else None


@dataclass(frozen=True)
class Transition:
    """One change of state, for log and history."""

    router: str
    vrid: int
    before: VrrpState
    after: VrrpState
    reason: str
    wall: float
    priority: int = 0
    """Effective, as keepalived last told it."""


class RouterBook:
    """All virtual routers of the spec that runs."""

    def __init__(self) -> None:
        self.entries: dict[str, RouterEntry] = {}
        self.strangers: set[str] = set()
        """Virtual routers that keepalived told of, and that are in no spec: we have no track file in them."""

        self._by_vrid: dict[int, RouterEntry] = {}

    def load(self, spec: ResolvedSpec) -> None:
        """Take the spec over; what is known of routers that stay is kept."""
        kept, by_vrid, self.strangers = self.entries, self._by_vrid, set()
        self.entries = {}
        for resolved in spec.routers:
            entry = kept.get(resolved.router.name)
            if entry is None or entry.router.vrid != resolved.router.vrid:
                entry = _successor(by_vrid.get(resolved.router.vrid), resolved)
            entry.resolved = resolved
            self.entries[resolved.router.name] = entry
        self._by_vrid = {entry.router.vrid: entry for entry in self.entries.values()}

    def decide(self, conditions: Sequence[Condition], now: float, *, outdated: bool = False) -> None:
        """Answer anew for every router."""
        of_all = tuple(condition for condition in conditions if condition.routers is None)
        of_one: dict[str, list[Condition]] = defaultdict(list)
        for condition in conditions:
            for name in condition.routers or ():
                of_one[name].append(condition)
        for name, entry in self.entries.items():
            entry.decision = decide(
                entry.router,
                state=entry.state,
                conditions=(*of_all, *of_one.get(name, ())),
                heard=entry.heard,
                before=entry.decision,
                now=now,
                outdated=outdated,
            )

    def notice(self, notice: Notice, *, now: float, wall: float) -> Transition | None:
        """Book keepalived's word; returns the transition when it is one."""
        entry = self.entries.get(notice.router)
        if entry is None:
            if notice.state in (VrrpState.BACKUP, VrrpState.MASTER):  # FAULT is the last word on a deleted one
                self.strangers.add(notice.router)
            return None
        entry.priority = notice.priority
        return self._move(entry, notice.state, now=now, wall=wall)

    def keepalived_died(self, *, now: float, wall: float) -> list[Transition]:
        """Without keepalived no router has a state; who advertises what we held is news, heard before or not."""
        for entry in self.masters():
            entry.heard = None
        moved = (
            self._move(e, VrrpState.INIT, now=now, wall=wall, reason="keepalived is not running")
            for e in self.entries.values()
        )
        return [transition for transition in moved if transition]

    def advert(self, advert: Advert, now: float) -> bool:
        """Book an advert of another node; returns whether it tells something new."""
        entry = self._by_vrid.get(advert.vrid)
        if entry is None or not _trusted(entry.resolved, advert.source):
            return False
        before, silent = entry.heard, entry.hears(now) is None
        since = now if silent or before is None else before.since
        entry.heard = Heard(advert.source, advert.priority, now, since, advert.interval)
        return silent or before is None or (before.source, before.priority) != (advert.source, advert.priority)

    def count(self, counters: Mapping[str, dict[str, int]]) -> None:
        """Book keepalived's counters of the routers that are ours."""
        for name, entry in self.entries.items():
            entry.counters = counters.get(name, entry.counters)

    def suspects(self, now: float) -> bool:
        """Whether a master hears another one for longer than two settle it, or is forbidden and has not stepped back.

        keepalived obeys within milliseconds, unless it hangs.
        """
        return any(_rivalled(e, now) or not e.decision.allowed for e in self.masters() if now - e.state_at > SETTLED)

    def masters(self) -> list[RouterEntry]:
        """The routers whose VIPs this node carries."""
        return [e for e in self.entries.values() if e.state is VrrpState.MASTER]

    def _move(
        self, entry: RouterEntry, state: VrrpState, *, now: float, wall: float, reason: str = ""
    ) -> Transition | None:
        before = entry.state
        if state is before:
            return None
        entry.reason = reason or _why(entry, state, now)
        entry.state, entry.state_at, entry.since = state, now, wall
        return Transition(entry.router.name, entry.router.vrid, before, state, entry.reason, wall, entry.priority)


def _successor(before: RouterEntry | None, resolved: ResolvedRouter) -> RouterEntry:
    """What is known of a virtual router that has that name from now on.

    keepalived tells its instances by VRID, interface and source, not by name: one that agrees in these goes on as it is
    at a reload, and no notice tells of it (vrrp.c, `vrrp_exist`; measured with 2.3.3).
    """
    if before is None or _identity(before.resolved) != _identity(resolved):
        return RouterEntry(resolved)
    return replace(before, resolved=resolved, decision=UNDECIDED, counters={})


def _identity(resolved: ResolvedRouter) -> tuple[object, ...]:
    return resolved.router.vrid, resolved.interface, resolved.source, resolved.transport


def _rivalled(entry: RouterEntry, now: float) -> bool:
    heard, long = entry.hears(now), max(SETTLED, entry.router.master_down_interval)
    return heard is not None and heard.priority > 0 and now - heard.since > long


def _trusted(resolved: ResolvedRouter, source: IpAddress) -> bool:
    """In unicast mode only peers are listened to, as keepalived does."""
    return resolved.transport is Transport.MULTICAST or source in resolved.peers


def _why(entry: RouterEntry, state: VrrpState, now: float) -> str:
    if state is VrrpState.MASTER:
        return _why_master(entry, now)
    if state is VrrpState.BACKUP:
        fresh = entry.hears(now)
        return f"{fresh.source} advertises priority {fresh.priority}" if fresh else "ready to take over"
    if state is VrrpState.FAULT:
        return entry.decision.reason or f"keepalived reports a fault; {_is_up(entry)}?"
    return "keepalived stopped the virtual router"


def _is_up(entry: RouterEntry) -> str:
    nics = dict.fromkeys([entry.resolved.interface, *(vip.device for vip in entry.resolved.addresses if vip.device)])
    return f"{'is' if len(nics) == 1 else 'are'} {' and '.join(nics)} up"


def _why_master(entry: RouterEntry, now: float) -> str:
    heard = entry.heard
    if entry.decision.preempt and entry.decision.reason:
        return entry.decision.reason
    if heard is None:
        return "no other node advertises"
    if heard.priority == 0:
        return f"{heard.source} said that it leaves (priority 0)"
    if entry.router.preempt and entry.hears(now) and heard.priority < entry.priority:
        return f"{heard.source} advertises priority {heard.priority}, less than ours of {entry.priority}"
    return f"{heard.source} was silent for {now - heard.at:.2f} s"
