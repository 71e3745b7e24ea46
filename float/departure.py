"""PURE: is it time to go, and why: the orders and the rules after which a float hands over and ends."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from float.demotion import Heard
from float.lifecycle import Lifecycle
from float.link_state import LinkState
from float.routers import SETTLED, RouterEntry
from shared.link_protocol import GoodbyeReason
from shared.models import Condition, VrrpState

TAKER_LIMIT = LinkState.taker_limit

MOST_QUICK_EXITS = 5
"""Of a keepalived in a row, the waits between them growing, before a float alone gives up: some 7 s."""


@dataclass(frozen=True)
class Leaving:
    """A departure under way; times are monotonic seconds."""

    reason: str
    since: float
    limit: float = TAKER_LIMIT
    exit_code: int = 0

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


def hopeless(lifecycle: Lifecycle, now: float) -> Leaving | None:
    """A float alone ends where keepalived does not stay: Docker's restart policy is all that it has above it."""
    if lifecycle.quick_exits < MOST_QUICK_EXITS:
        return None
    return Leaving(f"keepalived ended {lifecycle.quick_exits} times in a row soon after its start", now, exit_code=1)


def advertised_elsewhere(entries: Iterable[RouterEntry], now: float) -> frozenset[str]:
    """The names of the virtual routers that another node has: where two were masters, once one has stepped back."""
    return frozenset(entry.router.name for entry in entries if _serves(entry.hears(now), entry, now))


def _serves(heard: Heard | None, entry: RouterEntry, now: float) -> bool:
    backup = entry.state is not VrrpState.MASTER
    return heard is not None and backup and heard.priority > 0 and now - heard.since > SETTLED


def missed(entries: Iterable[RouterEntry], yielded: Container[str]) -> tuple[str, ...]:
    """What a float without an anchor is still good for: the virtual routers neither yielded to others nor forbidden."""
    names = ((entry.router.name, entry.decision.allowed) for entry in entries)
    return tuple(name for name, allowed in names if allowed and name not in yielded)
