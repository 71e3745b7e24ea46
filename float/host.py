"""This host's network as values: what the deciders see of it."""

from __future__ import annotations

from dataclasses import dataclass
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

    def having(self, address: IpAddress) -> tuple[HostAddress, ...]:
        """Every place where the host has that address, whatever its prefix."""
        return tuple(a for a in self.addresses if a.address == address)
