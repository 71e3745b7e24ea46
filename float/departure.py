"""PURE: is it time to go, and why: the orders and the rules after which a float hands over and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from float.link_state import LinkState
from float.routers import RouterEntry
from shared.link_protocol import GoodbyeReason
from shared.models import Condition

TAKER_LIMIT = 3.0
"""Seconds that a leaving master waits for a healthy peer to take over."""


@dataclass(frozen=True)
class Leaving:
    """A departure under way; times are monotonic seconds."""

    reason: str
    since: float
    limit: float = TAKER_LIMIT

    @property
    def condition(self) -> Condition:
        """Demotes this node, so that a peer takes the VIP before we drop it."""
        return Condition(name="departure", ok=False, reason=self.reason)

    def over(self, masters: Sequence[RouterEntry], now: float) -> bool:
        """Whether nothing is left to hand over, or nobody came."""
        return now - self.since >= self.limit or not any(entry.router.peers for entry in masters)


def after_goodbye(reason: GoodbyeReason, now: float) -> Leaving | None:
    """What the anchor's goodbye asks of us."""
    if reason is GoodbyeReason.LEAVE:
        return Leaving("this node leaves the stack", now)
    if reason is GoodbyeReason.REMOVED:
        return Leaving("the stack is removed", now, limit=0.0)
    return None


def orphaned(link: LinkState, entries: Sequence[RouterEntry], *, timeout: float, after: float, now: float) -> bool:
    """Whether nobody will come back for us and nobody misses us: another node advertises every virtual router."""
    if link.up(now, timeout) or now - link.down_since(timeout) < after:
        return False
    return all(entry.hears(now) for entry in entries)
