"""PURE: which hosts must, may and must not have the virtual IP while the faults of a round last."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from tests.campaign.choice import LOSSES, Kind

HARMLESS = frozenset(
    {
        Kind.KILL_ANCHOR,
        Kind.PAUSE_ANCHOR,
        Kind.KILL_FLOAT,
        Kind.STOP_FLOAT,
        Kind.HANDOVER,
        Kind.KILL_KEEPALIVED,
        Kind.KILL_KEEPALIVED_PARENT,
        Kind.KILL_KEEPALIVED_CHILD,
        Kind.DELETE_VIP,
        Kind.HANG_KEEPALIVED,
    }
)
"""What a host with a live anchor or float mends by itself within seconds."""


@dataclass(frozen=True)
class HostView:
    """A host as the faults left it."""

    name: str
    on: bool
    cable: bool
    island: bool
    faults: frozenset[Kind]
    holds: bool

    def forbidden(self, *, quorum: bool) -> bool:
        """It must not hold: no carrier, its float frozen and the lease run out, or it left a Swarm that has a quorum.

        Managers without a quorum are demoted like the one that left, and whoever has the VIP serves on.
        """
        left = self.faults == {Kind.LEAVE} and quorum
        return self.on and (not self.cable or Kind.PAUSE_FLOAT in self.faults or left)

    @property
    def frozen(self) -> bool:
        """Nobody hears it and nothing in it can act: what its kernel has is settled when it thaws."""
        return Kind.FREEZE in self.faults

    def sure(self, *, quorum: bool) -> bool:
        """Whether nothing keeps it from serving if nobody else does."""
        return (
            self.on
            and self.cable
            and (not self.faults or (quorum and len(self.faults) == 1 and self.faults <= HARMLESS))
        )


def has_quorum(faults: Mapping[str, Set[Kind]]) -> bool:
    """Whether most managers are in touch with each other; one that was demoted or drained takes no quorum away."""
    lost = sum(1 for kinds in faults.values() if kinds & LOSSES)
    return lost <= (len(faults) - 1) // 2


def troubles(hosts: Sequence[HostView]) -> list[str]:
    """One sentence for every segment with too many holders or too few."""
    quorum = has_quorum({host.name: host.faults for host in hosts})
    wrong = [host.name for host in hosts if host.holds and host.forbidden(quorum=quorum)]
    found = [f"{name} has the VIP and cannot serve it" for name in wrong]
    for name, group in _segments(hosts):
        found += _of_a_segment(name, group, quorum=quorum)
    return found


def _segments(hosts: Collection[HostView]) -> Iterator[tuple[str, list[HostView]]]:
    connected = [host for host in hosts if host.on and host.cable and not host.frozen]
    yield "among the reachable hosts", [host for host in connected if not host.island]
    yield "on the island", [host for host in connected if host.island]


def _of_a_segment(name: str, group: Sequence[HostView], *, quorum: bool) -> list[str]:
    holders = [host.name for host in group if host.holds]
    if len(holders) > 1:
        return [f"{name} the VIP is on {' and '.join(holders)}"]
    if not holders and any(host.sure(quorum=quorum) for host in group):
        return [f"{name} ({', '.join(host.name for host in group)}) nobody has the VIP"]
    return []
