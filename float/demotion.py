"""PURE: conditions, adverts heard, VRRP state and time -> may this node hold the VIP, step back, or take over.

Invariant: nobody gives the VIP up by `prefer`. A demoted node only lowers its priority; the VIP moves when a healthy
BACKUP that hears those adverts takes it, once (`nopreempt` would keep it waiting for ever, keepalived.conf(5)), and
where no healthy peer exists it stays. Only a failing `require` condition takes it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.models import (
    DEMOTED_PRIORITIES,
    Condition,
    IpAddress,
    Peer,
    Strength,
    VirtualRouter,
    VrrpState,
    failing,
)

RECOVERY = 2.0
"""Seconds for which a node that was demoted together with the master lets that one recover as well.

What befell both (all anchors killed, an engine update) ends for both, a moment apart: without this the VIP would move
for nothing. Shorter than a leaving master's wait for a taker.
"""

TAKING = 1.5
"""Master-down intervals from the decision to relieve the master until it is done: keepalived's reload, and its wait."""


@dataclass(frozen=True)
class Heard:
    """The last advert of another node for one virtual router."""

    source: IpAddress
    priority: int
    at: float
    """Monotonic seconds."""

    since: float = field(default=0.0, compare=False)
    """When the adverts of others began that have come without a break until this one."""

    interval: float = field(default=0.0, compare=False)
    """Seconds between its adverts, where it says so."""

    def is_fresh(self, router: VirtualRouter, now: float) -> bool:
        """Whether it is not older than a master-down interval, which is of the master's own adverts (RFC 9568, 6.1)."""
        slower = max(1.0, self.interval / router.advert_interval)
        return now - self.at <= router.master_down_interval * slower


@dataclass(frozen=True)
class Decision:
    """What keepalived is to be told about one virtual router."""

    allowed: bool
    demoted: bool
    preempt: bool
    reason: str
    """Why, for log, history and buoy; empty when nothing stands against this node."""

    weaker_master_since: float | None = None
    """Memory for the next decision: since when the master that we hear has been one that we are to relieve."""

    relieves_demoted: bool = False
    """Memory too: whether that master is a demoted one, and not one from which the router returns."""

    look_again_at: float | None = None
    """When time alone would change the answer."""


UNDECIDED = Decision(allowed=False, demoted=False, preempt=False, reason="not decided yet")


def decide(
    router: VirtualRouter,
    *,
    state: VrrpState,
    conditions: Sequence[Condition],
    heard: Heard | None,
    before: Decision,
    now: float,
    outdated: bool = False,
) -> Decision:
    """Answer for one virtual router; `before` is the last answer, `now` monotonic seconds.

    `outdated` is a node that the update under way is still to come to: others first, so that a VIP moves twice at most.
    """
    forbids = failing(conditions, Strength.REQUIRE, router.name)
    demotes = failing(conditions, Strength.PREFER, router.name)
    reason = "; ".join(f"{c.name}: {c.reason}" for c in (*forbids, *demotes))
    healthy = not forbids and not demotes
    since = _weaker_master_since(router, state, heard, before, now) if healthy else None
    take_at = None if since is None or heard is None else since + _wait(router, heard, outdated=outdated)
    take = take_at is not None and now >= take_at
    if take and heard:
        reason = _why_take(heard)
    return Decision(
        allowed=not forbids,
        demoted=bool(demotes),
        preempt=take or router.preempt,
        reason=reason,
        weaker_master_since=since,
        relieves_demoted=since is not None and heard is not None and _is_demoted(heard),
        look_again_at=take_at if take_at and not take else None,
    )


def demoted_content(router: VirtualRouter) -> int:
    """What the `demoted` track file (weight -1) must hold to bring the priority down to the demoted one."""
    return max(0, router.priority - router.demoted_priority)  # a label may ask for less than that


def _weaker_master_since(
    router: VirtualRouter, state: VrrpState, heard: Heard | None, before: Decision, now: float
) -> float | None:
    """Since when a master alone has been heard that we may relieve; None ends the wait, and the preemption."""
    if state is not VrrpState.BACKUP or heard is None or not router.demotable:
        return None
    if not heard.is_fresh(router, now) or not (_is_demoted(heard) or _is_to_return(router, heard)):
        return None
    waited = before.weaker_master_since if before.relieves_demoted is _is_demoted(heard) else None
    if waited is not None:
        return waited
    return now + RECOVERY if before.demoted and _is_demoted(heard) else now


def _is_demoted(heard: Heard) -> bool:
    return heard.priority in DEMOTED_PRIORITIES


def _is_to_return(router: VirtualRouter, heard: Heard) -> bool:
    """Whether the virtual router is to come back to us from a healthy master, because it prefers us to all others."""
    best = all((peer.priority or 0) < router.priority for peer in router.peers)
    return router.return_after is not None and best and 0 < heard.priority < router.priority


def _why_take(heard: Heard) -> str:
    if _is_demoted(heard):
        return f"the master at {heard.source} is demoted (priority {heard.priority})"
    return f"it prefers this node, and returns from {heard.source} (priority {heard.priority})"


def _wait(router: VirtualRouter, heard: Heard, *, outdated: bool) -> float:
    """Seconds until we relieve the master.

    A demoted one: better placed peers come first, one master-down interval for each of them. An outdated node lets the
    last of all others have taken over before it begins: from an updated one, which it may well outrank, it would take
    the VIP once more. A healthy one: the router's own delay, so that those of one node return one after the other.
    """
    if not _is_demoted(heard):
        return router.return_after or 0.0
    others = [peer.priority for peer in router.peers if peer.priority is not None and not _is_source(peer, heard)]
    intervals = float(sum(priority > router.priority for priority in others))
    if outdated and others:
        intervals += len(others) + TAKING
    return intervals * router.master_down_interval


def _is_source(peer: Peer, heard: Heard) -> bool:
    """Whether the advert is that peer's; IPv6 multicast comes from a link-local address, which names nobody."""
    return heard.source == peer.address or (heard.source.is_link_local and heard.priority == peer.demoted_priority)
