"""This host's network as values: what the deciders see of it."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the lease keeper does without pydantic
    from shared.models import IpAddress

KEEPALIVED_PROTOCOL = 18
"""IFA_PROTO with which keepalived 2.3.2 and newer tag their addresses (rtnetlink(7), keepalived's CHANGELOG)."""


@dataclass(frozen=True)
class HostAddress:
    """One address that the kernel has."""

    interface: str
    index: int
    address: IpAddress
    prefix: int
    protocol: int | None = None

    @property
    def subnet(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        """The network that the address stands in."""
        return ipaddress.ip_network((self.address, self.prefix), strict=False)

    @property
    def marked(self) -> bool:
        """Whether some keepalived put it there."""
        return self.protocol == KEEPALIVED_PROTOCOL


@dataclass(frozen=True)
class HostView:
    """Interfaces, addresses and default gateways at one moment."""

    interfaces: tuple[str, ...]
    addresses: tuple[HostAddress, ...]
    down: frozenset[str] = frozenset()
    """Names of the interfaces that are off, or have no carrier."""

    gateways: frozenset[IpAddress] = frozenset()
    indexes: Mapping[str, int] = field(default_factory=dict)
    """Of the interfaces: one that is made anew has the old name and another index."""

    def having(self, address: IpAddress) -> tuple[HostAddress, ...]:
        """Every place where the host has that address, whatever its prefix."""
        return self._by_address.get(address, ())

    @cached_property
    def subnets(self) -> tuple[tuple[HostAddress, ipaddress.IPv4Network | ipaddress.IPv6Network], ...]:
        """The host's own addresses, those of any keepalived left out, each with its subnet."""
        own = (a for a in self.addresses if not a.marked)
        return tuple((a, a.subnet) for a in own)

    @cached_property
    def _by_address(self) -> dict[IpAddress, tuple[HostAddress, ...]]:
        found: dict[IpAddress, tuple[HostAddress, ...]] = defaultdict(tuple)
        for address in self.addresses:
            found[address.address] += (address,)
        return dict(found)


def leasable(address: IpAddress, prefix: int) -> bool:
    """Whether a lifetime does no harm: IPv4 with any prefix, IPv6 only where no route of the host hangs on it."""
    return address.version == 4 or prefix == 128
