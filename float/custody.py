"""The VIPs on this host: recorded before they come, leased while they are held, swept when they should be gone."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable

from float.addresses import Addresses
from float.guard import Watched
from float.host import HostAddress, HostView, leasable
from float.lease import LeaseKeeper
from float.ownership import OwnershipRecord, left_behind
from float.resolve import ResolvedSpec
from float.routers import RouterEntry
from shared.models import IpAddress, VirtualIp, VrrpState

logger = logging.getLogger(__name__)

STRAY_AFTER = 0.5
"""Seconds that an address must stand against keepalived's word before we remove it: keepalived may be about to act."""

BLIND_LOOKS = 15
"""How many times in a row the kernel's silence is believed."""


class Custody:
    """The one who adds nothing, and removes only what is ours."""

    def __init__(self, *, addresses: Addresses, lease: LeaseKeeper, record: OwnershipRecord) -> None:
        self._addresses = addresses
        self._lease = lease
        self._record = record
        self._strays: dict[HostAddress, float] = {}
        self._gone: dict[IpAddress, float] = {}
        self._claimed = record.addresses
        self._looks_left = 0
        self._unleased: set[VirtualIp] = set()

    @property
    def host(self) -> HostView:
        """The host as it was seen last, by us or by whoever examined a spec: what changed since is news to both."""
        return self._addresses.latest

    async def look(self) -> HostView:
        """See what the kernel has now. Raises OSError."""
        self._looks_left = BLIND_LOOKS
        return await self._addresses.view()

    async def look_if_changed(self) -> None:
        """The same, if the kernel told of a change; and sometimes without, should its word have been lost."""
        self._looks_left -= 1
        if self._addresses.changed() or self._looks_left <= 0:
            await self.look()

    async def look_if_told(self) -> None:
        """See what the kernel has now, only if it told of a change. Raises OSError."""
        if self._addresses.changed():
            await self.look()

    def watch(self, rouse: Callable[[], None]) -> None:
        """From now on call `rouse` when the kernel tells of a change, ten times a second at most."""
        self._addresses.watch(rouse)

    def claim(self, spec: ResolvedSpec) -> None:
        """Record the spec's VIPs, and those of before, if not known to be gone; a full disk is no reason to stop."""
        present = {a.address for a in self.host.addresses}
        before = self._record.addresses & present if self.host.interfaces else self._record.addresses
        routers = (
            Watched(
                router.router.vrid,
                frozenset(vip.address for vip in router.addresses),
                router.interface,
                router.group(spec.spec),
                frozenset(router.peers),
            )
            for router in spec.routers
        )
        self._record.remember(spec.addresses | before, routers)
        self._claimed = spec.addresses
        self._say_unleased(spec)

    def _say_unleased(self, spec: ResolvedSpec) -> None:
        """Once for each: who uses such a prefix should know what it costs."""
        vips = {vip for router in spec.routers for vip in router.addresses if not leasable(vip.address, vip.prefix)}
        for vip in sorted(vips - self._unleased, key=str):
            logger.warning(
                "%s has no lease, since the host's own route would share its lifetime: it stays on this node if float "
                "and anchor die together; a /128 would not",
                vip.cidr,
            )
        self._unleased |= vips

    async def sweep(self, wanted: frozenset[IpAddress], *, sparing: frozenset[IpAddress] = frozenset()) -> None:
        """Remove every address of ours but those to spare; keepalived must not be running. Raises OSError."""
        ours = left_behind(await self.look(), spec=wanted, recorded=self._record.addresses)
        found = [address for address in ours if address.address not in sparing]
        for address in found:
            logger.warning(
                "removing a virtual IP that was left behind",
                extra={"address": f"{address.address}/{address.prefix}", "interface": address.interface},
            )
            await self._addresses.remove(address)
        if found:
            await self.look()

    def hold(self, entries: Iterable[RouterEntry]) -> None:
        """Keep the leases of these routers' VIPs, and of no others."""
        self._lease.hold(
            (vip.device or entry.resolved.interface, vip.address)
            for entry in entries
            for vip in entry.resolved.addresses
        )

    async def remove_strays(self, entries: Iterable[RouterEntry], now: float) -> None:
        """Remove what a running keepalived forgot: a VIP of a router that is not MASTER, or of none any more."""
        self._forget_retired(now)
        held = {v.address for e in entries if e.state is VrrpState.MASTER for v in e.resolved.addresses}
        ours = self._record.addresses - held
        suspects = [a for a in self.host.addresses if a.address in ours]
        self._strays = {a: self._strays.get(a, now) for a in suspects}
        for address, since in self._strays.items():
            if now - since >= STRAY_AFTER:
                logger.warning("removing a virtual IP that this node must not have", extra={"address": address.address})
                await self._addresses.remove(address)
                self._gone[address.address] = since

    def _forget_retired(self, now: float) -> None:
        """An address that is no longer claimed, and gone from this host, may come back as somebody else's."""
        retired = self._record.addresses - self._claimed
        absent = retired - {a.address for a in self.host.addresses}
        self._gone = {a: self._gone.get(a, now) for a in absent | (retired & self._gone.keys())}
        forgotten = {a for a, since in self._gone.items() if now - since >= STRAY_AFTER}
        with contextlib.suppress(OSError):  # tried again at the next look
            self._record.replace(self._record.addresses - forgotten, self._record.watched)
