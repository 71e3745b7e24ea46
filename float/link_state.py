"""PURE: what the float makes of its link: up, in the grace of a planned goodbye, or severed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from shared.link_protocol import GoodbyeReason
from shared.models import Condition, Strength

PROBATION = 30.0
"""Seconds that a new anchor must live before the grace of the old one's goodbye ends: until then it may still fail."""

RETURN = 20.0
"""Seconds for another anchor after a new one died unproven, grace or not: its node may have left the Swarm by force,
and the other managers forget such a node after 30 s."""

ENGINE_LOOK = 1.0
"""Seconds between two looks at the engine."""

ENGINE_GONE = 10.0
"""Seconds after which an engine that listens no more for its Swarm ends the grace: nobody is to bring another anchor.
As long as an anchor bears an engine that does not answer."""


@dataclass(frozen=True)
class LinkState:
    """The link's history as far as it matters; every change gives a new value. Times are monotonic seconds."""

    connected_at: float | None = None
    last_word: float = 0.0
    severed_at: float = 0.0
    goodbye: GoodbyeReason | None = None
    goodbye_at: float = 0.0
    successor_died_at: float | None = None
    """When an anchor that came after the goodbye died without one of its own."""

    engine_seen_at: float | None = None
    """When Docker's engine was last seen to listen for its Swarm; None where that does not matter, or never was so."""

    engine_missed: bool = False
    """Whether the last look found that it does not; time alone says nothing, since this float may have stood still."""

    taker_limit: ClassVar[float] = 3.0
    """Seconds that a leaving master waits for a healthy peer to take over."""

    handover: ClassVar[Strength] = Strength.PREFER
    """How a handover moves the VIPs: a peer takes them, and nothing is lost."""

    def connected(self, now: float) -> LinkState:
        """An anchor accepted us."""
        return replace(self, connected_at=now, last_word=now)

    def heard(self, now: float) -> LinkState:
        """A message came."""
        proven = self.connected_at is not None and now - self.connected_at >= PROBATION
        word = replace(self, last_word=now)
        return replace(word, goodbye=None, engine_seen_at=None) if proven else word

    def said_goodbye(self, reason: GoodbyeReason, now: float, *, engine: bool) -> LinkState:
        """The anchor said why it goes; `engine`: whether Docker's engine listens for its Swarm."""
        seen = now if engine and reason is GoodbyeReason.UPDATE else None
        word = replace(self, goodbye=reason, goodbye_at=now, successor_died_at=None)
        return replace(word, engine_seen_at=seen, engine_missed=False)

    def asks_for_the_engine(self, now: float) -> bool:
        """Whether it matters if Docker's engine listens for its Swarm, and was not seen a moment ago."""
        return self.engine_seen_at is not None and now >= self.engine_seen_at + ENGINE_LOOK

    def engine_looked_at(self, now: float, *, listens: bool) -> LinkState:
        """Docker's engine listens for its Swarm, or not; a grace that this has ended does not begin again."""
        if not listens:
            return replace(self, engine_missed=True)
        return self if self._engine_is_gone(now) else replace(self, engine_seen_at=now, engine_missed=False)

    def ended(self, now: float) -> LinkState:
        """End of file."""
        if self.connected_at is None:
            return self
        died = now if self.connected_at > self.goodbye_at else self.successor_died_at
        return replace(self, connected_at=None, severed_at=now, successor_died_at=died)

    def up(self, now: float, timeout: float) -> bool:
        """Whether an anchor is there and speaks."""
        return self.connected_at is not None and now - self.last_word <= timeout

    def in_grace(self, now: float, grace: float) -> bool:
        """Whether the anchor said that it will be back, not longer ago than the grace."""
        return self.goodbye is GoodbyeReason.UPDATE and now <= self._grace_ends(grace)

    def _grace_ends(self, grace: float) -> float:
        ends = [self.goodbye_at + grace]
        if self.successor_died_at is not None:
            ends.append(self.successor_died_at + RETURN)
        if self.connected_at is not None and self.connected_at > self.goodbye_at:
            ends.append(self.last_word + RETURN)
        if self.engine_seen_at is not None and self.engine_missed:
            ends.append(self.engine_seen_at + ENGINE_GONE)
        return min(ends)

    def _engine_is_gone(self, now: float) -> bool:
        return self.engine_missed and self.engine_seen_at is not None and now > self.engine_seen_at + ENGINE_GONE

    def down_since(self, timeout: float) -> float:
        """Since when nobody speaks; meaningful while the link is not up."""
        return self.severed_at if self.connected_at is None else self.last_word + timeout

    def conditions(self, now: float, *, timeout: float, grace: float) -> tuple[Condition, ...]:
        """The condition `link`, with its sentence."""
        return (self._condition(now, timeout, grace),)

    def _condition(self, now: float, timeout: float, grace: float) -> Condition:
        if self.up(now, timeout):
            return Condition(name="link", ok=True, reason="the anchor answers")
        if self.in_grace(now, grace):
            return Condition(name="link", ok=True, reason="the anchor is being replaced")
        if self.connected_at is not None:
            return Condition(name="link", ok=False, reason=f"the anchor hangs: nothing heard for {timeout:g} s")
        if self._engine_is_gone(now):
            return Condition(name="link", ok=False, reason="the anchor is gone, and the engine left the Swarm or ended")
        return Condition(name="link", ok=False, reason="the anchor is gone")

    def next_change(self, now: float, *, timeout: float, grace: float) -> float | None:
        """When time alone changes the condition, or None."""
        moments = []
        if self.connected_at is not None:
            moments.append(self.last_word + timeout)
        if self.goodbye is GoodbyeReason.UPDATE:
            moments.append(self._grace_ends(grace))
        return min((m for m in moments if m >= now), default=None)


@dataclass(frozen=True)
class NoLink(LinkState):
    """A float alone is plain keepalived: no anchor to lose, and no peer that takes over from a demoted one."""

    taker_limit: ClassVar[float] = 0.0
    handover: ClassVar[Strength] = Strength.REQUIRE

    def up(self, now: float, timeout: float) -> bool:
        """Nothing is missing."""
        return True

    def conditions(self, now: float, *, timeout: float, grace: float) -> tuple[Condition, ...]:
        """None of a link that is not there."""
        return ()
