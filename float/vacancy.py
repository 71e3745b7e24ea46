"""Is what a service asks for free on the segment? Asked before a virtual router first runs here.

An address that a host answers for is not, unless one of our own peers answers: it holds the virtual IP already. A VRID
that a stranger advertises is not either; adverts from a link-local address, as IPv6's are, are told apart by the MAC
that answers for it. What was found free once is not asked for again as long as it is wanted, so that nobody who comes
later can take a virtual IP away from a service by claiming it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from float.advert_log import AdvertLog
from float.neighbour import Claim
from float.resolve import ResolvedRouter, ResolvedSpec
from shared.clock import Clock
from shared.models import IpAddress, ServiceClaim

logger = logging.getLogger(__name__)

ASK_FOR = 0.45
"""Seconds for which the segment is asked, three times: the virtual IP of a new label is to stand within two."""

HEAR_FOR = 1.2
"""Seconds that we must have listened there before silence on a VRID means anything: others advertise once a second."""

Probe = Callable[[str, Collection[IpAddress], float], Awaitable[tuple[Claim, ...]]]
"""Who on the interface's segment claims which of the addresses, asked for that many seconds. Raises OSError."""

Listen = Callable[[ResolvedSpec], None]
"""From now on hear who advertises on the interfaces of that spec; twice is once."""

Key = tuple[int, IpAddress]
Macs = Mapping[IpAddress, set[str]]
"""Address to the MACs that claim it."""


class Vacancy:
    """Remembers what was found free."""

    def __init__(
        self,
        probe: Probe,
        listen: Listen,
        adverts: AdvertLog,
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._probe = probe
        self._listen = listen
        self._adverts = adverts
        self._clock = clock
        self._sleep = sleep
        self._heard_since: dict[str, float] = {}
        """Interface to the time since which adverts there are heard."""

        self._free: frozenset[Key] = frozenset()

    async def against(self, resolved: ResolvedSpec) -> dict[str, str]:
        """By service, why it cannot have what it asks for; empty when nothing is taken."""
        self._hear(resolved)
        new = [(router, claim) for router, claim in _claims(resolved) if not _keys(router, claim) <= self._free]
        found = await self._look(new) if new else {}
        self._free = frozenset(
            key for router, claim in _claims(resolved) if claim.service not in found for key in _keys(router, claim)
        )
        return found

    def _hear(self, resolved: ResolvedSpec) -> None:
        self._listen(resolved)
        for router in resolved.routers:
            self._heard_since.setdefault(router.interface, self._clock.monotonic())

    async def _look(self, new: list[tuple[ResolvedRouter, ServiceClaim]]) -> dict[str, str]:
        routers = tuple({router.router.name: router for router, _ in new}.values())
        macs = await self._ask(_addresses(routers))
        heard_for = self._clock.monotonic() - max(self._heard_since[router.interface] for router in routers)
        if heard_for < HEAR_FOR:
            await self._sleep(HEAR_FOR - heard_for)
        now = self._clock.monotonic()
        if nameless := self._nameless(routers, now):
            macs = {**macs, **await self._ask(nameless)}
        found = {claim.service: self._against(router, claim, macs, now) for router, claim in new}
        return {service: why for service, why in found.items() if why}

    def _against(self, router: ResolvedRouter, claim: ServiceClaim, macs: Macs, now: float) -> str | None:
        vrid, masters = router.router.vrid, self._adverts.masters(router.router.vrid, now)
        peers = {mac for peer in router.router.peers for mac in macs.get(peer.address, ())}
        ours = _named(router) | {one for one in masters if one.is_link_local and macs.get(one, set()) & peers}
        if stranger := self._adverts.foreign(vrid, ours, now):
            return f"VRID {vrid} is advertised by {stranger}, which is no manager of this Swarm"
        if masters:
            return None  # a peer holds it, from whichever of its interfaces it answers
        for vip in claim.virtual_ips:
            if strangers := macs.get(vip.address, set()) - peers:
                return f"{vip.address} is in use: {min(strangers)} answers for it on {vip.device or router.interface}"
        return None

    def _nameless(self, routers: Iterable[ResolvedRouter], now: float) -> dict[str, set[IpAddress]]:
        """By interface, the link-local addresses that advertise one of the VRIDs: which host each is, its MAC tells."""
        found: dict[str, set[IpAddress]] = defaultdict(set)
        for router in routers:
            sources = self._adverts.masters(router.router.vrid, now) - _named(router)
            found[router.interface] |= {source for source in sources if source.is_link_local}
        return {interface: sources for interface, sources in found.items() if sources}

    async def _ask(self, wanted: Mapping[str, Collection[IpAddress]]) -> dict[IpAddress, set[str]]:
        """Who claims the addresses, asked for on the interface that each belongs to."""
        answers = await asyncio.gather(*(self._ask_on(interface, wanted[interface]) for interface in wanted))
        found: dict[IpAddress, set[str]] = defaultdict(set)
        for claim in (claim for claims in answers for claim in claims):
            found[claim.address].add(claim.mac)
        return found

    async def _ask_on(self, interface: str, addresses: Collection[IpAddress]) -> tuple[Claim, ...]:
        try:
            return await self._probe(interface, addresses, ASK_FOR)
        except OSError as error:
            logger.warning("nobody can be asked on %s who has an address: %s", interface, error)
            return ()


def _addresses(routers: Iterable[ResolvedRouter]) -> dict[str, set[IpAddress]]:
    """By interface, the virtual IPs, and the peers to know them by."""
    wanted: dict[str, set[IpAddress]] = defaultdict(set)
    for router in routers:
        for vip in router.addresses:
            wanted[vip.device or router.interface].add(vip.address)
        wanted[router.interface] |= {peer.address for peer in router.router.peers}
    return wanted


def _named(router: ResolvedRouter) -> frozenset[IpAddress]:
    """The addresses that we know ourselves and our peers by."""
    return frozenset(peer.address for peer in router.router.peers) | ({router.source} if router.source else frozenset())


def _claims(resolved: ResolvedSpec) -> Iterable[tuple[ResolvedRouter, ServiceClaim]]:
    return ((router, claim) for router in resolved.routers for claim in router.router.claims)


def _keys(router: ResolvedRouter, claim: ServiceClaim) -> frozenset[Key]:
    return frozenset((router.router.vrid, vip.address) for vip in claim.virtual_ips)
