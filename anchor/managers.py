"""Which managers count: those that are listed, and for how long those that left the list. Pure.

A float that its peers no longer write to believes them dead and takes the virtual IPs, so nobody is to be forgotten
before its float has ended. Where a manager stands among the others, and where it is reached, is the roster's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from anchor.facts import DOWN, READY, Node

LINGER = 30.0
"""Seconds for which a manager that left the list stays a peer, at least.

On a busy machine Docker stopped the anchor of a demoted node no sooner than 27 s later, and two nodes served for 22 s.
"""


@dataclass(frozen=True)
class Managers:
    """The managers as listed, and those that left the list lately, each with the time until which it counts still."""

    listed: tuple[Node, ...] = ()
    left: tuple[tuple[Node, float], ...] = ()
    unranked: frozenset[str] = frozenset()
    """Ids of those that left more than LINGER ago: a manager that joined since knows nothing of them."""

    def next(self, nodes: Iterable[Node], now: float, *, orphan_after: float = 0.0) -> Managers:
        """What is known after another look at the Swarm.

        A demoted node counts for as long as the quorum has it: until then its anchor and its float may go on.
        Who was not `ready` when it was taken off the list left by force, perhaps: no anchor leads its float away, which
        ends by itself after `orphan_after` seconds if it hears a holder until then, and takes the VIPs if it does not.
        One that is `down` soon after cannot be told by Docker to stop its anchor, which is the same.
        """
        nodes = tuple(nodes)
        listed = tuple(node for node in nodes if node.in_quorum)
        down = {node.id for node in nodes if node.state == DOWN}
        ids = {node.id for node in listed}
        returned = {node.manager_address for node in listed} - {None}
        gone = tuple((node, now + LINGER + _longer(node, orphan_after)) for node in self.listed)
        left = tuple(
            _counts_longer(node, until, orphan_after) if node.id in down and node.state == READY else (node, until)
            for node, until in self.left + gone
            if now < until and node.id not in ids and node.manager_address not in returned
        )
        return Managers(listed, left, _unranked(left, now, orphan_after))

    def bounded(self, now: float, *, orphan_after: float = 0.0) -> Managers:
        """The same where the times may be another boot's: nobody counts for longer than one who leaves now."""
        latest = now + LINGER + orphan_after
        left = tuple((node, min(until, latest)) for node, until in self.left)
        return replace(self, left=left, unranked=_unranked(left, now, orphan_after))

    @property
    def ranked(self) -> tuple[Node, ...]:
        """Those who have a place, in the order in which they joined, so that a newcomer renumbers nobody."""
        lingering = tuple(node for node, _ in self.left if node.id not in self.unranked)
        return tuple(sorted(self.listed + lingering, key=lambda node: (node.created_at, node.id)))

    @property
    def remembered(self) -> tuple[Node, ...]:
        """Those who have none any more, and are peers all the same."""
        return tuple(node for node, _ in self.left if node.id in self.unranked)


def _unranked(left: Iterable[tuple[Node, float]], now: float, orphan_after: float) -> frozenset[str]:
    return frozenset(node.id for node, until in left if now >= until - _longer(node, orphan_after))


def _counts_longer(node: Node, until: float, orphan_after: float) -> tuple[Node, float]:
    return replace(node, state=DOWN), until + orphan_after


def _longer(node: Node, orphan_after: float) -> float:
    """Seconds beyond LINGER for which that node stays a peer once it left the list."""
    return 0.0 if node.state == READY else orphan_after
