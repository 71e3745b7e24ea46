"""KEEPALIVED_SPREAD: which node every virtual router prefers, by rendezvous hashing over node and VRID. Pure.

Each manager ranks all managers for each VRID by a hash of both. When a node goes, its virtual routers scatter over
those that stay, and no other moves; when it returns they return to it, one after the other.

Who takes over first is a race of milliseconds, which a busy node loses. So a node that the Swarm calls down stands
behind all others until it is back, and what it lost goes to the next in order, whoever won that race.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from anchor.facts import DOWN
from anchor.roster import Roster

RETURN_AFTER = 10.0
"""Seconds that a node must be healthy and hear a lower priority before its first virtual router returns to it."""

RETURN_STEP = 0.5
"""Seconds between the returns of two virtual routers to the same node."""


def order(node_ids: Iterable[str], vrid: int) -> tuple[str, ...]:
    """The nodes in the order in which the virtual router prefers them."""
    return tuple(sorted(node_ids, key=lambda node: (_weight(node, vrid), node), reverse=True))


def priorities(roster: Roster, vrid: int) -> Mapping[str, int]:
    """Node id -> its priority for that virtual router: the roster's own rungs, dealt out in the preferred order.

    A node whose label fixes its priority keeps it for every virtual router; one that is down is the last of the others.
    """
    movable = {member.node.id: member for member in roster.members if member.labels.priority is None}
    rungs = sorted((member.priority for member in movable.values()), reverse=True)
    preferred = sorted(order(movable, vrid), key=lambda node: movable[node].node.state == DOWN)
    dealt = dict(zip(preferred, rungs, strict=True))
    return {member.node.id: dealt.get(member.node.id, member.priority) for member in roster.members}


def return_delays(roster: Roster, vrids: Iterable[int]) -> Mapping[int, float]:
    """VRID -> seconds after which it returns to its node: no two to one node at the same time."""
    delays: dict[int, float] = {}
    returning: dict[str, int] = {}
    for vrid in sorted(vrids):
        given = priorities(roster, vrid)
        preferred = max(given, key=lambda node: given[node])
        place = returning.get(preferred, 0)
        returning[preferred] = place + 1
        delays[vrid] = RETURN_AFTER + place * RETURN_STEP
    return delays


def _weight(node: str, vrid: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{node}\0{vrid}".encode()).digest()[:8])
