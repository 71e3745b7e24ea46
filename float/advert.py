"""PURE: the bytes of a VRRP advert -> who is master of which virtual router, with which priority."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the lease keeper does without pydantic
    from shared.models import IpAddress

_ADVERTISEMENT = 1


@dataclass(frozen=True)
class Advert:
    """One advert of another host."""

    source: IpAddress
    version: int
    vrid: int
    priority: int


def parse_advert(source: IpAddress, payload: bytes) -> Advert | None:
    """The advert in an IP payload, or None where it is not one."""
    if len(payload) < 8:
        return None
    version, kind = payload[0] >> 4, payload[0] & 0x0F
    if version not in (2, 3) or kind != _ADVERTISEMENT:
        return None
    return Advert(source, version, vrid=payload[1], priority=payload[2])


def parse_ipv4_packet(packet: bytes) -> Advert | None:
    """The advert in a whole IPv4 packet, as a raw socket gives it, or None."""
    if len(packet) < 20:
        return None
    header = (packet[0] & 0x0F) * 4
    return parse_advert(ipaddress.IPv4Address(packet[12:16]), packet[header:])
