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
from anchor.facts import READY, Node
from anchor.managers import Managers
from anchor.node_labels import PRIORITY_LABEL, Labels
from shared.models import DEMOTED_PRIORITIES, HEALTHY_PRIORITIES, IpAddress, Peer

T = TypeVar("T")

STEP = 25
"""Rungs of the ladder lie this far apart: close ones take over together (19 of 66 failovers at steps of 2)."""


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
        return self.labels.address or self.node.address

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
    addresses = [label.address or node.address for label, node in zip(labels, nodes, strict=True)]
    used = Counter(address.version for address in addresses if address)
    version = 6 if used[6] > used[4] else 4
    return [label.with_address_of(version, node) for label, node in zip(labels, nodes, strict=True)]


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
        if member is not me and member.labels.address:
            yield from _reached_at(member.node.address, member.node, me)


def _without_a_place(me: Member, remembered: Iterable[Node]) -> Iterable[Peer]:
    for node in remembered:
        yield from _reached_at(node_labels.read(node).address or node.address, node, me)


def _reached_at(address: IpAddress | None, node: Node, me: Member) -> Iterable[Peer]:
    """A peer that nobody waits for, if it is of our family and not ourselves."""
    of_our_family = address is not None and (me.address is None or address.version == me.address.version)
    if address is not None and of_our_family and address not in me.addresses:
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
