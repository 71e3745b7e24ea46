"""What services ask for, turned into claims on VRIDs and addresses that contradict nobody's. Pure.

Invariant: what a service gets depends on the stack and on older services alone, so one that was created later takes
nothing away (an older one that is labelled later can); and every manager that sees the same services comes to the same
answer, in whatever order it sees them.

A service has a virtual router of its own. Only when OWN_ROUTERS services that follow no task want the very same of
VRRP, the younger ones ride in those routers, and adverts and VRIDs grow no further.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from anchor import service_labels
from anchor.facts import LabelledService
from anchor.service_labels import VIP, VRID, Wish, refusal
from shared.models import IpAddress, VirtualIp
from shared.net_values import Network

OWN_ROUTERS = 8
"""Services with the same wishes that have routers of their own: with more, they share those."""

MOST_VIRTUAL_IPS = 2000
"""Of all services together: so many are renewed, reported and announced well within their periods."""

VRIDS = range(1, 256)


@dataclass(frozen=True)
class Stack:
    """What is taken before the first service asks."""

    vrids: Mapping[int, str]
    """VRID to whose it is, in words."""

    addresses: Mapping[IpAddress, str]
    """Address to whose it is, in words: the stack's own virtual IPs, and every node's."""

    allowed: tuple[Network, ...] = ()
    """Where services may claim addresses; empty: anywhere."""

    vrrp_version: int = 3
    advert_interval: float = 0.1


@dataclass(frozen=True)
class Grant:
    """One virtual router for one service, or for several that ride in it; the first is the oldest."""

    vrid: int
    wishes: tuple[Wish, ...]

    @property
    def first(self) -> Wish:
        """The service that the router belongs to."""
        return self.wishes[0]


@dataclass(frozen=True)
class Allotment:
    """Who gets what, and why others do not."""

    grants: tuple[Grant, ...] = ()
    """In the order of their age."""

    refusals: tuple[str, ...] = ()


@dataclass
class _Ledger:
    """What is taken so far, while services are served in the order of their age."""

    vrids: dict[int, str]
    addresses: dict[IpAddress, str]
    allowed: tuple[Network, ...]
    grants: list[Grant] = field(default_factory=list)
    sharing: dict[tuple[object, ...], list[int]] = field(default_factory=dict)
    """What is wanted of VRRP -> places in `grants` whose routers may be shared."""

    claimed: int = 0


def allot(services: Iterable[LabelledService], stack: Stack) -> Allotment:
    """Serve the services, the older ones first."""
    ledger = _Ledger(dict(stack.vrids), dict(stack.addresses), stack.allowed)
    refusals: list[str] = []
    for service in sorted(services, key=lambda service: (service.created_at, service.id)):
        reading = service_labels.read(service, vrrp_version=stack.vrrp_version, advert_interval=stack.advert_interval)
        problems = reading.problems if reading.wish is None else _serve(reading.wish, ledger)
        refusals += problems
    return Allotment(tuple(ledger.grants), tuple(refusals))


def _serve(wish: Wish, ledger: _Ledger) -> tuple[str, ...]:
    """Grant the wish, or say why not."""
    if problems := tuple(_address_problems(wish, ledger)):
        return problems
    kind = _kind(wish)
    routers = ledger.sharing.setdefault(kind, []) if kind else []
    if len(routers) >= OWN_ROUTERS:
        place = max(routers, key=lambda index: _hash(ledger.grants[index].first.service.id, wish.service.id))
        ledger.grants[place] = replace(ledger.grants[place], wishes=(*ledger.grants[place].wishes, wish))
    else:
        vrid = _free_vrid(wish, ledger)
        if isinstance(vrid, str):
            return (vrid,)
        ledger.vrids[vrid] = f"service {wish.service.name}"
        routers.append(len(ledger.grants))
        ledger.grants.append(Grant(vrid, (wish,)))
    ledger.claimed += len(wish.virtual_ips)
    ledger.addresses.update({vip.address: f"service {wish.service.name}" for vip in wish.virtual_ips})
    return ()


def _kind(wish: Wish) -> tuple[object, ...] | None:
    """What must be the same for two services to share a router; None for one that shares with nobody."""
    if wish.follows or wish.vrid is not None:
        return None
    return (wish.advert_interval, wish.preempt, _first_ipv4(wish) is not None)


def _address_problems(wish: Wish, ledger: _Ledger) -> Iterator[str]:
    for vip in wish.virtual_ips:
        if owner := ledger.addresses.get(vip.address):
            yield refusal(wish.service, VIP, f"{vip.address} belongs to {owner}")
        elif ledger.allowed and not _within(vip, ledger.allowed):
            nets = ", ".join(map(str, ledger.allowed))
            yield refusal(wish.service, VIP, f"{vip.address} is outside KEEPALIVED_SERVICE_VIPS={nets}")
    if ledger.claimed + len(wish.virtual_ips) > MOST_VIRTUAL_IPS:
        yield refusal(wish.service, VIP, f"all services together have more than {MOST_VIRTUAL_IPS} virtual IPs")


def _within(vip: VirtualIp, allowed: Sequence[Network]) -> bool:
    return any(vip.address.version == net.version and vip.address in net for net in allowed)


def _free_vrid(wish: Wish, ledger: _Ledger) -> int | str:
    """The VRID for the wish, or the sentence that says why there is none."""
    if wish.vrid is not None:
        owner = ledger.vrids.get(wish.vrid)
        return refusal(wish.service, VRID, f"VRID {wish.vrid} belongs to {owner}") if owner else wish.vrid
    free = next((vrid for vrid in _preferred_vrids(wish) if vrid not in ledger.vrids), None)
    return free or refusal(wish.service, VIP, f"all {len(VRIDS)} VRIDs of the segment are taken")


def _preferred_vrids(wish: Wish) -> Iterator[int]:
    """The last octet of the first IPv4 address, then upwards and around from a hash of the first address."""
    ipv4 = _first_ipv4(wish)
    if ipv4 and ipv4.packed[-1] in VRIDS:
        yield ipv4.packed[-1]
    start = _hash(str(wish.virtual_ips[0].address)) % len(VRIDS)
    yield from (VRIDS[(start + step) % len(VRIDS)] for step in range(len(VRIDS)))


def _first_ipv4(wish: Wish) -> IpAddress | None:
    return next((vip.address for vip in wish.virtual_ips if vip.address.version == 4), None)


def _hash(*words: str) -> int:
    """The same on every node and in every release."""
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:8])
