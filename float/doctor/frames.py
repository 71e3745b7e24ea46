"""PURE: a VRRP packet as a packet socket sees it -> the advert in it, and whether it was meant for this host."""

from __future__ import annotations

import ipaddress
import struct

from float.advert import Advert, parse_advert, parse_ipv4_packet
from float.neighbour import ETHERTYPE_IPV6

ETHERTYPE_IPV4 = 0x0800
_ETHERNET_HEADER = 14
_IPV6_HEADER = 40

QUESTION = bytes([0x30, 0, 0, 0, 0, 0, 0xCF, 0xFF])
"""A packet of protocol 112 that no VRRP router acts on: of no type, for VRID 0, which none can have, and sent with an
ordinary TTL, which alone makes routers drop it (RFC 9568, section 7.1). Its checksum is right, since Linux's REJECT
answers to no packet whose own is wrong (nf_reject_verify_csum)."""

CHECKSUM_AT = 6


def advert_in(frame: bytes) -> Advert | None:
    """The advert in an Ethernet frame, or None."""
    if len(frame) < _ETHERNET_HEADER:
        return None
    kind, packet = struct.unpack_from("!H", frame, 12)[0], frame[_ETHERNET_HEADER:]
    if kind == ETHERTYPE_IPV4:
        return parse_ipv4_packet(packet)
    if kind == ETHERTYPE_IPV6 and len(packet) > _IPV6_HEADER:
        return parse_advert(ipaddress.IPv6Address(packet[8:24]), packet[_IPV6_HEADER:])
    return None


def sender(frame: bytes) -> str:
    """The MAC that sent it, as `ip link` writes it."""
    return frame[6:12].hex(":")
