"""PURE: frames that ask a segment who has an address, and what a frame says of who has one.

The questions are the probes of address conflict detection: they name no sender's address, so that nobody who hears
them learns, or forgets, anything (RFC 5227, section 2.1.1; RFC 4862, section 5.4.2).
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from shared.models import IpAddress

ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD

_ARP_FOR_IPV4_OVER_ETHERNET = struct.pack("!HHBB", 1, 0x0800, 6, 4)
_REQUEST, _REPLY = 1, 2
_ICMPV6 = 58
_SOLICITATION, _ADVERTISEMENT = 135, 136
_IPV6_HEADER = 40
_HOP_LIMIT = 255
"""A neighbour message with any other hop limit came through a router and is void (RFC 4861, section 7.1)."""


@dataclass(frozen=True)
class Claim:
    """Somebody on the segment says that an address is theirs."""

    address: IpAddress
    mac: str
    """As `ip link` writes it."""


def question(mac: bytes, address: IpAddress) -> bytes:
    """The Ethernet frame, sent from that MAC, that asks who has the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return _arp_probe(mac, address)
    return _neighbour_solicitation(mac, address)


def claim_in(frame: bytes) -> Claim | None:
    """The claim in an Ethernet frame, asked for or not, or None."""
    kind = struct.unpack_from("!H", frame, 12)[0] if len(frame) >= 14 else None
    if kind == ETHERTYPE_ARP:
        return _arp_claim(frame[14:])
    if kind == ETHERTYPE_IPV6:
        return _neighbour_claim(frame[6:12], frame[14:])
    return None


def mac_text(mac: bytes) -> str:
    """As `ip link` writes it."""
    return ":".join(f"{byte:02x}" for byte in mac)


def _arp_probe(mac: bytes, address: ipaddress.IPv4Address) -> bytes:
    body = struct.pack("!H", _REQUEST) + mac + bytes(4) + bytes(6) + address.packed
    return _ethernet(b"\xff" * 6, mac, ETHERTYPE_ARP) + _ARP_FOR_IPV4_OVER_ETHERNET + body


def _neighbour_solicitation(mac: bytes, address: ipaddress.IPv6Address) -> bytes:
    group = ipaddress.IPv6Address("ff02::1:ff00:0").packed[:13] + address.packed[13:]
    message = struct.pack("!BBHI", _SOLICITATION, 0, 0, 0) + address.packed
    checksum = _checksum(bytes(16) + group + struct.pack("!II", len(message), _ICMPV6) + message)
    message = message[:2] + struct.pack("!H", checksum) + message[4:]
    header = struct.pack("!IHBB", 6 << 28, len(message), _ICMPV6, _HOP_LIMIT) + bytes(16) + group
    return _ethernet(b"\x33\x33" + group[12:], mac, ETHERTYPE_IPV6) + header + message


def _ethernet(to: bytes, sender: bytes, kind: int) -> bytes:
    return to + sender + struct.pack("!H", kind)


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _arp_claim(arp: bytes) -> Claim | None:
    """Requests count too: who asks from an address uses it (RFC 5227, section 2.1.1); a probe asks from none."""
    if len(arp) < 28 or not arp.startswith(_ARP_FOR_IPV4_OVER_ETHERNET) or arp[7] not in (_REQUEST, _REPLY):
        return None
    sender = ipaddress.IPv4Address(arp[14:18])
    return None if sender.is_unspecified else Claim(sender, mac_text(arp[8:14]))


def _neighbour_claim(sender: bytes, packet: bytes) -> Claim | None:
    if len(packet) < _IPV6_HEADER + 24 or packet[6] != _ICMPV6 or packet[7] != _HOP_LIMIT:
        return None
    message = packet[_IPV6_HEADER:]
    if message[0] != _ADVERTISEMENT:
        return None
    return Claim(ipaddress.IPv6Address(message[8:24]), mac_text(sender))
