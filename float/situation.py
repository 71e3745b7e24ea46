"""What stands for and against this node: the anchor's verdict, the link, a departure, a handover -> conditions.

It holds what was told and when; it decides nothing about VRRP and touches nothing. Times are monotonic seconds.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from dataclasses import replace

from float.departure import Leaving, advertised_elsewhere, after_goodbye, hopeless, missed
from float.lifecycle import Lifecycle
from float.link_state import LinkState, NoLink
from float.routers import RouterEntry
from shared.link_protocol import GoodbyeReason
from shared.models import Condition, FloatSpec, Strength

logger = logging.getLogger(__name__)

HANDOVER = 5.0
"""Seconds for which the `handover` command demotes this node, at least."""

QUORUM_KNOWN = 10.0
"""Seconds for which the anchor's last word on a quorum that is required stands without it, as long as the anchor itself
bears a Docker that does not answer."""

_SAY_ORPHANED_EVERY = 60.0
_NO_SPEC = FloatSpec(router_name="none", hostname="", virtual_routers=())


class Situation:
    """The node's situation as the float was told it."""

    def __init__(self, now: float, *, alone: bool = False) -> None:
        self.alone = alone
        self.leaving: Leaving | None = None
        self._link = NoLink() if alone else LinkState(severed_at=now)
        self._timing = _NO_SPEC
        self._verdict: tuple[Condition, ...] = ()
        self.outdated = False
        """Whether an update is still to replace this node's anchor, and perhaps this float."""

        self._own: dict[str, tuple[Condition, ...]] = {}
        self._handover_until = 0.0
        self._link_was_ok = True
        self._orphan_said_at = 0.0
        self._yielded = frozenset[str]()
        """Virtual routers that others served when no anchor came back: the managers may forget this node, and a float
        to which nobody writes any more would take them."""

    def take_timing(self, spec: FloatSpec) -> None:
        """Use the link's limits of that spec from now on."""
        self._timing = spec

    def connected(self, now: float) -> None:
        """An anchor accepted us."""
        self._link = self._link.connected(now)

    def ended(self, now: float) -> None:
        """The connection is gone."""
        self._link = self._link.ended(now)

    def heard(self, now: float) -> bool:
        """The anchor said something, which counts as a beat; returns whether that brings the link back."""
        was_up = self.link_up(now)
        self._link = self._link.heard(now)
        return not was_up

    def judged(self, verdict: tuple[Condition, ...], *, outdated: bool = False) -> None:
        """The anchor's conditions, each time whole, and whether a roll-out is still to come to this node."""
        self._verdict, self.outdated = verdict, outdated

    def observed(self, source: str, conditions: tuple[Condition, ...]) -> None:
        """What a source of this float's own (checks, say) has found, each time whole; it stands beside the verdict."""
        self._own[source] = conditions

    def said_goodbye(self, reason: GoodbyeReason, now: float, *, engine: bool) -> None:
        """The anchor said why it goes; some reasons take us along. `engine`: whether Docker listens for its Swarm."""
        logger.info("the anchor says goodbye: %s", reason)
        self._link = self._link.said_goodbye(reason, now, engine=engine)
        leaving = after_goodbye(reason, now)
        if leaving:
            self.leave(leaving)

    def asks_for_the_engine(self, now: float) -> bool:
        """Whether it is time to look again if Docker's engine listens for its Swarm."""
        return self._link.asks_for_the_engine(now)

    def engine_looked_at(self, now: float, *, listens: bool) -> None:
        """Docker's engine listens for its Swarm, or not."""
        self._link = self._link.engine_looked_at(now, listens=listens)

    def hand_over(self, now: float) -> None:
        """Step back for a while, so that a healthy peer takes over."""
        self._handover_until = now + handover_time(self._timing)

    def leave(self, leaving: Leaving) -> None:
        """Hand over and end; the shorter wait wins."""
        wanted = replace(leaving, limit=min(leaving.limit, self._link.taker_limit))
        if self.leaving is None or wanted.limit < self.leaving.limit:
            self.leaving = wanted

    def consider_giving_up(self, lifecycle: Lifecycle, now: float) -> None:
        """Leave where keepalived does not stay up, if nobody but Docker could start us anew elsewhere or better."""
        leaving = hopeless(lifecycle, now) if self.alone else None
        if leaving:
            self.leave(leaving)

    def link_up(self, now: float) -> bool:
        """Whether an anchor is there and speaks."""
        return self._link.up(now, self._timing.link_timeout)

    def in_grace(self, now: float) -> bool:
        """Whether the anchor is expected back."""
        return self._link.in_grace(now, self._timing.update_grace)

    def link_reason(self, now: float) -> str:
        """What there is to say of the link."""
        return next((condition.reason for condition in self._link_conditions(now)), "this float runs alone")

    def _link_conditions(self, now: float) -> tuple[Condition, ...]:
        return self._link.conditions(now, timeout=self._timing.link_timeout, grace=self._timing.update_grace)

    def conditions(self, now: float) -> tuple[Condition, ...]:
        """All conditions of this moment, the link's first."""
        own = list(self._link_conditions(now))
        if self.leaving:
            own.append(self.leaving.condition)
        if now < self._handover_until:
            strength = self._link.handover
            own.append(Condition(name="handover", ok=False, strength=strength, reason="asked to hand over"))
        if self._yielded:
            routers = tuple(sorted(self._yielded))
            reason = "no anchor came back, and another node served"
            own.append(Condition(name="orphan", ok=False, strength=Strength.REQUIRE, reason=reason, routers=routers))
        return (*own, *itertools.chain.from_iterable(self._own.values()), *self._standing_verdict(now))

    def _standing_verdict(self, now: float) -> tuple[Condition, ...]:
        """The anchor's conditions; a quorum that is required needs somebody who sees it."""
        if self.link_up(now) or self.in_grace(now) or now < self._quorum_known_until:
            return self._verdict
        unseen = {"ok": False, "reason": f"no anchor has seen it for {QUORUM_KNOWN:g} s"}
        return tuple(c.model_copy(update=unseen) if _is_required_quorum(c) and c.ok else c for c in self._verdict)

    @property
    def _quorum_known_until(self) -> float:
        return self._link.down_since(self._timing.link_timeout) + QUORUM_KNOWN

    def next_change(self, now: float) -> float | None:
        """When time alone changes something here."""
        link = self._link.next_change(now, timeout=self._timing.link_timeout, grace=self._timing.update_grace)
        leaving = self.leaving.since + self.leaving.limit if self.leaving else None
        handover = self._handover_until if now < self._handover_until else None
        quorum = self._quorum_known_until
        return min((m for m in (link, leaving, handover, quorum) if m is not None and m >= now), default=None)

    def over(self, masters: Sequence[RouterEntry], now: float) -> bool:
        """Whether it is time to end."""
        return self.leaving is not None and self.leaving.over(masters, now)

    def say_link_changes(self, now: float) -> None:
        """Log when the condition `link` turns."""
        for link in self._link_conditions(now):
            if link.ok is not self._link_was_ok:
                self._link_was_ok = link.ok
                logger.log(logging.INFO if link.ok else logging.WARNING, "link: %s", link.reason)

    def consider_orphanhood(self, entries: Sequence[RouterEntry], now: float) -> None:
        """Yield what others serve when no anchor comes back, and end with it; a last holder serves on, and says so."""
        timing = self._timing
        down_for = now - self._link.down_since(timing.link_timeout)
        if self.link_up(now) or self.in_grace(now) or down_for < timing.orphan_after:
            self._yielded = frozenset()
            return
        self._yielded |= advertised_elsewhere(entries, now)
        serves = missed(entries, self._yielded)
        if not serves and (self._yielded or not entries):
            self.leave(Leaving(f"no anchor for {down_for:.0f} s, and another node serves", now))
        elif now - self._orphan_said_at >= _SAY_ORPHANED_EVERY:
            self._orphan_said_at = now
            what = ", ".join(serves) or "any virtual router"
            logger.warning("no anchor for %.0f s; nobody else advertises %s, so this float serves on", down_for, what)


def handover_time(spec: FloatSpec) -> float:
    """Seconds for which a node that is to hand over stands back: each peer has its turn, and one more reloads."""
    turns = [4 * router.advert_interval * (len(router.peers) + 1) + 1 for router in spec.virtual_routers]
    return max([HANDOVER, *turns])


def _is_required_quorum(condition: Condition) -> bool:
    return condition.name == "quorum" and condition.strength is Strength.REQUIRE
