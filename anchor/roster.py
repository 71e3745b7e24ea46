"""The Swarm's managers, turned into peers and distinct priorities. Pure.

Every manager computes the same roster from the same nodes, so nobody has to be asked who has which priority. A manager
that is down, drained or unreachable stays in it; only one that left or was demoted goes, and that one after a while, so
that its handover is still heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from anchor import node_labels
from anchor.facts import Node
from anchor.node_labels import PRIORITY_LABEL, Labels
from shared.models import DEMOTED_PRIORITIES, HEALTHY_PRIORITIES, IpAddress, Peer

T = TypeVar("T")

STEP = 25
"""Rungs of the ladder lie this far apart: close ones take over together (19 of 66 failovers at steps of 2)."""

LINGER = 30.0
"""Seconds for which a manager that left the list stays a peer, at least.

A float that its peers no longer write to believes them dead and takes the virtual IPs: seen for 22 s on a busy machine,
where Docker stopped the anchor of a demoted node no sooner than 27 s later.
"""

READY = "ready"
"""The state of a node whose engine its Swarm hears."""

DOWN = "down"
"""That of a node that is gone; one that is `unknown`, as all are during an election, is not meant."""


@dataclass(frozen=True)
class Member:
    """A manager with its place among the others."""

    node: Node
    labels: Labels
    priority: int
    demoted_priority: int

    @property
    def address(self) -> IpAddress | None:
        """Where its adverts come from: as labelled, else as the managers reach it, else as Docker reports it."""
        return self.labels.address or self.node.manager_address or self.node.status_address

    @property
    def addresses(self) -> frozenset[IpAddress]:
        """Every address that is this node's own."""
        return self.node.addresses | ({self.labels.address} if self.labels.address else set())


@dataclass(frozen=True)
class Roster:
    """This node among the managers."""

    me: Member
    peers: tuple[Peer, ...]
    rank: int
    """Place in the order in which the managers joined, from 0."""

    members: tuple[Member, ...] = ()
    """All managers that count, this node among them, in that order."""

    warnings: tuple[str, ...] = ()
    swarm_addresses: Mapping[IpAddress, str] = field(default_factory=dict)
    """Every address of every node (workers too) and whose it is: none of them can be a virtual IP."""


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
        unranked = frozenset(node.id for node, until in left if now >= until - _longer(node, orphan_after))
        return Managers(listed, left, unranked)

    def bounded(self, now: float, *, orphan_after: float = 0.0) -> Managers:
        """The same where the times may be another boot's: nobody counts for longer than one who leaves now."""
        latest = now + LINGER + orphan_after
        return replace(self, left=tuple((node, min(until, latest)) for node, until in self.left))

    @property
    def ranked(self) -> tuple[Node, ...]:
        """Those who have a place, in the order in which they joined, so that a newcomer renumbers nobody."""
        lingering = tuple(node for node, _ in self.left if node.id not in self.unranked)
        return tuple(sorted(self.listed + lingering, key=lambda node: (node.created_at, node.id)))

    @property
    def remembered(self) -> tuple[Node, ...]:
        """Those who have none any more, and are peers all the same."""
        return tuple(node for node, _ in self.left if node.id in self.unranked)


def build(
    managers: Managers, nodes: Sequence[Node], my_id: str, *, top: int, but_my_place: bool = False
) -> Roster | None:
    """The roster as this node sees it, or None while it is not among the managers.

    With `but_my_place` the labels of this node that say where on it the virtual IPs are do not count.
    """
    members = _members(managers.ranked, top)
    if but_my_place:
        members = tuple(m if m.node.id != my_id else replace(m, labels=m.labels.without_place) for m in members)
    me = next((member for member in members if member.node.id == my_id), None)
    if me is None:
        return None
    peers, peer_warnings = _peers(me, members, managers.remembered)
    return Roster(
        me=me,
        peers=peers,
        rank=members.index(me),
        members=members,
        warnings=(
            *_label_warnings(members),
            *_duplicate_warnings(members),
            *_namesake_warnings(managers.listed),
            *peer_warnings,
        ),
        swarm_addresses={address: node.hostname for node in nodes for address in node.addresses},
    )


def listed_peers(roster: Roster, addresses: Iterable[IpAddress]) -> tuple[Peer, ...]:
    """The peers that the user listed instead: without this node's own addresses, with what the roster knows of them."""
    known = {peer.address: peer for peer in roster.peers}
    wanted = dict.fromkeys(address for address in addresses if address not in roster.me.addresses)
    return tuple(known.get(address) or Peer(address=address, hostname=str(address)) for address in wanted)


def ladder(count: int, top: int) -> tuple[int, ...]:
    """Priorities for that many managers, from `top` downwards: 25 apart, or as far as they fit above 50."""
    lowest = HEALTHY_PRIORITIES.start
    step = min(STEP, max(1, (top - lowest) // max(1, count - 1)))
    return tuple(max(lowest, top - rank * step) for rank in range(count))


def _members(nodes: Sequence[Node], top: int) -> tuple[Member, ...]:
    labels = _of_one_version(nodes, [node_labels.read(node) for node in nodes])
    rungs = ladder(len(nodes), top)
    highest_demoted = DEMOTED_PRIORITIES.stop - 1
    return tuple(
        Member(node, label, label.priority or rung, max(DEMOTED_PRIORITIES.start, highest_demoted - rank))
        for rank, (node, label, rung) in enumerate(zip(nodes, labels, rungs, strict=True))
    )


def _of_one_version(nodes: Sequence[Node], labels: Sequence[Labels]) -> list[Labels]:
    """The labels without the addresses of another IP version than most managers have: they would part these nodes."""
    swarms = [node.manager_address or node.status_address for node in nodes]
    used = Counter(
        address.version
        for address in (label.address or known for label, known in zip(labels, swarms, strict=True))
        if address
    )
    version = 6 if used[6] > used[4] else 4
    return [label.with_address_of(version, node) for label, node in zip(labels, nodes, strict=True)]


def _counts_longer(node: Node, until: float, orphan_after: float) -> tuple[Node, float]:
    return replace(node, state=DOWN), until + orphan_after


def _longer(node: Node, orphan_after: float) -> float:
    """Seconds beyond LINGER for which that node stays a peer once it left the list."""
    return 0.0 if node.state == READY else orphan_after


def _peers(
    me: Member, members: Sequence[Member], remembered: Iterable[Node]
) -> tuple[tuple[Peer, ...], tuple[str, ...]]:
    """All others with an address of our family; one address once, and never our own."""
    peers: dict[IpAddress, Peer] = {}
    warnings: list[str] = []
    for member in members:
        address, name = member.address, member.node.hostname
        if member is me or address is None or address in me.addresses:
            continue
        if me.address is not None and address.version != me.address.version:
            warnings.append(f"Manager {name} at {address} is no peer: {me.address} is of another IP version.")
            continue
        peer = Peer(address=address, hostname=name, priority=member.priority, demoted_priority=member.demoted_priority)
        peers.setdefault(address, peer)
    for peer in (*_unlabelled(me, members), *_without_a_place(me, remembered)):
        peers.setdefault(peer.address, peer)
    return tuple(peers.values()), tuple(warnings)


def _unlabelled(me: Member, members: Iterable[Member]) -> Iterable[Peer]:
    """The labelled ones under the address that the Swarm knows: who has no such address as its label says serves there.

    Only its own float can tell, and a manager that its peers do not write to takes the virtual IPs.
    """
    for member in members:
        address = member.node.manager_address or member.node.status_address
        if member is me or not member.labels.address or address is None or address in me.addresses:
            continue
        if me.address is None or address.version == me.address.version:
            yield Peer(address=address, hostname=member.node.hostname)


def _without_a_place(me: Member, remembered: Iterable[Node]) -> Iterable[Peer]:
    for node in remembered:
        address = node_labels.read(node).address or node.manager_address or node.status_address
        same = address is not None and (me.address is None or address.version == me.address.version)
        if address is not None and same and address not in me.addresses:
            yield Peer(address=address, hostname=node.hostname)


def _label_warnings(members: Iterable[Member]) -> tuple[str, ...]:
    return tuple(problem for member in members for problem in member.labels.problems)


def _duplicate_warnings(members: Sequence[Member]) -> tuple[str, ...]:
    counts = Counter(member.priority for member in members)
    return tuple(
        f"Priority {priority} belongs to {count} managers "
        f"({', '.join(m.node.hostname for m in members if m.priority == priority)}): they may take over together. "
        f"Set other {PRIORITY_LABEL} labels, or a higher KEEPALIVED_PRIORITY."
        for priority, count in counts.items()
        if count > 1
    )


def _namesake_warnings(nodes: Iterable[Node]) -> tuple[str, ...]:
    """A node that joined anew leaves an entry that is not ready: that one has no buoy, and confuses nobody."""
    counts = Counter(node.hostname for node in nodes if node.state == READY)
    return tuple(
        f"Hostname {hostname} belongs to {count} managers: the buoys take them for one node. "
        "Give each a name of its own, and restart its Docker."
        for hostname, count in counts.items()
        if count > 1
    )
