"""PURE: the bytes of a VRRP advert -> who is master of which virtual router, with which priority."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the lease keeper does without pydantic
    from shared.models import IpAddress

_ADVERTISEMENT = 1
_KNOWN, _SHORT = 512, 128
"""So many adverts of at most so many bytes are not parsed anew: a master sends the same one ten times a second."""


@dataclass(frozen=True)
class Advert:
    """One advert of another host."""

    source: IpAddress
    version: int
    vrid: int
    priority: int
    addresses: tuple[IpAddress, ...] = field(default=(), compare=False)
    """The virtual IPs that it names; keepalived's excluded ones are not among them."""

    interval: float = field(default=0.0, compare=False)
    """Seconds between two of its adverts, as it says (RFC 9568, 5.2.7; RFC 3768, 5.3.7)."""


def parse_advert(source: IpAddress, payload: bytes) -> Advert | None:
    """The advert in an IP payload, or None where it is not one."""
    return (_parsed if len(payload) <= _SHORT else _parse)(source, payload)


def _parse(source: IpAddress, payload: bytes) -> Advert | None:
    if len(payload) < 8:
        return None
    version, kind = payload[0] >> 4, payload[0] & 0x0F
    if version not in (2, 3) or kind != _ADVERTISEMENT:
        return None
    names = tuple(_addresses(payload[8:], payload[3], source.max_prefixlen // 8))
    interval = (int.from_bytes(payload[4:6]) & 0x0FFF) / 100 if version == 3 else float(payload[5])
    return Advert(source, version, vrid=payload[1], priority=payload[2], addresses=names, interval=interval)


_parsed = functools.lru_cache(_KNOWN)(_parse)


def _addresses(body: bytes, count: int, size: int) -> Iterator[IpAddress]:
    """As many as are said and there (RFC 9568, 5.2.9); what VRRPv2 puts behind them is its password."""
    for at in range(0, min(count * size, len(body) - len(body) % size), size):
        yield ipaddress.ip_address(body[at : at + size])


def parse_ipv4_packet(packet: bytes) -> Advert | None:
    """The advert in a whole IPv4 packet, as a raw socket gives it, or None."""
    if len(packet) < 20:
        return None
    header = (packet[0] & 0x0F) * 4
    return parse_advert(_ipv4_address(packet[12:16]), packet[header:])


@functools.lru_cache(_KNOWN)
def _ipv4_address(packed: bytes) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(packed)
