"""An address that moves between hosts, as people write it and as the kernel does."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field

from shared.frozen import Frozen, IpAddress

DeviceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,15}$")]
"""One plain word: nothing in it can become a directive of keepalived.conf."""


class VirtualIp(Frozen):
    """One virtual IP; a missing device is the NIC whose subnet holds the address."""

    address: IpAddress
    prefix: int = Field(ge=1, le=128)
    device: DeviceName | None = None

    @classmethod
    def parse(cls, text: str) -> VirtualIp:
        """Read `ADDR[/PREFIX][@DEV]` or ancestor D's `ADDR/PREFIX/DEV`.

        Raises ValueError with a sentence that names what is wrong.
        """
        body, _, device = text.strip().partition("@")
        parts = body.split("/")
        named = "@" in text or len(parts) == 3
        if not device and len(parts) == 3:
            device = parts.pop()
        if len(parts) > 2 or (named and not device) or len(text.split()) > 1:
            raise ValueError(f"{text!r} is not ADDR[/PREFIX][@DEV]")
        check_device_name(device)
        return cls(**_host_address(text, parts), device=device or None)

    @property
    def cidr(self) -> str:
        """The address with its prefix, as the kernel, keepalived and the metrics write it."""
        return f"{self.address}/{self.prefix}"

    def __str__(self) -> str:
        return f"{self.cidr}@{self.device}" if self.device else self.cidr


def check_device_name(device: str) -> None:
    """Raise ValueError unless the (possibly empty) name could be a Linux NIC's: 1 to 15 plain characters."""
    plain = all(c.isascii() and (c.isalnum() or c in "._-") for c in device)
    if len(device) > 15 or not plain or device in (".", ".."):
        raise ValueError(f"{device!r} is not the name of a network interface")


def can_belong_to_a_host(address: IpAddress) -> bool:
    """Not multicast, loopback, broadcast, IPv4 in IPv6's clothes, or of "this network" (RFC 6890)."""
    if isinstance(address, ipaddress.IPv6Address):
        special = address.ipv4_mapped is not None
    else:
        special = address.packed[0] == 0 or address == ipaddress.IPv4Address("255.255.255.255")
    return not (special or address.is_multicast or address.is_unspecified or address.is_loopback)


def _host_address(text: str, parts: list[str]) -> dict[str, object]:
    try:
        address = ipaddress.ip_address(parts[0])
    except ValueError:
        raise ValueError(f"{text!r} does not start with an IPv4 or IPv6 address") from None
    if not can_belong_to_a_host(address):
        raise ValueError(f"{text!r} is an address that no host can have")
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise ValueError(f"{text!r} has a zone; write ADDR@DEV")
    prefix = parts[1] if len(parts) == 2 else str(address.max_prefixlen)
    if not (
        prefix.isascii()
        and prefix.isdigit()
        and not prefix.startswith("0")
        and 1 <= int(prefix) <= address.max_prefixlen
    ):
        raise ValueError(f"{text!r} has a prefix outside 1 to {address.max_prefixlen}")
    return {"address": address, "prefix": int(prefix)}
