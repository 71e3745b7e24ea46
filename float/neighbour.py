"""PURE: frames that ask a segment who has an address or tell it, and what a frame says of who has one.

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
_ROUTER, _OVERRIDE = 0x80000000, 0x20000000
_TARGET_MAC = b"\x02\x01"
_ALL_NODES = ipaddress.IPv6Address("ff02::1")
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


def announcement(mac: bytes, address: IpAddress, *, router: bool = False) -> bytes:
    """The Ethernet frame, sent from that MAC, that tells everybody that the address is there (RFC 5227, section 3;
    RFC 4861, section 7.2.6). `router`: whether it is the address of an IPv6 router.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return _arp_request(mac, address, sender=address, target=b"\xff" * 6)
    flags = (_ROUTER if router else 0) | _OVERRIDE
    message = struct.pack("!BBHI", _ADVERTISEMENT, 0, 0, flags) + address.packed + _TARGET_MAC + mac
    return _neighbour_message(mac, message, sender=address, to=_ALL_NODES)


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
    return _arp_request(mac, address, sender=ipaddress.IPv4Address(0), target=bytes(6))


def _arp_request(mac: bytes, address: ipaddress.IPv4Address, *, sender: ipaddress.IPv4Address, target: bytes) -> bytes:
    body = struct.pack("!H", _REQUEST) + mac + sender.packed + target + address.packed
    return _ethernet(b"\xff" * 6, mac, ETHERTYPE_ARP) + _ARP_FOR_IPV4_OVER_ETHERNET + body


def _neighbour_solicitation(mac: bytes, address: ipaddress.IPv6Address) -> bytes:
    group = ipaddress.IPv6Address(ipaddress.IPv6Address("ff02::1:ff00:0").packed[:13] + address.packed[13:])
    message = struct.pack("!BBHI", _SOLICITATION, 0, 0, 0) + address.packed
    return _neighbour_message(mac, message, sender=ipaddress.IPv6Address(0), to=group)


def _neighbour_message(
    mac: bytes, message: bytes, *, sender: ipaddress.IPv6Address, to: ipaddress.IPv6Address
) -> bytes:
    addresses = sender.packed + to.packed
    checksum = _checksum(addresses + struct.pack("!II", len(message), _ICMPV6) + message)
    message = message[:2] + struct.pack("!H", checksum) + message[4:]
    header = struct.pack("!IHBB", 6 << 28, len(message), _ICMPV6, _HOP_LIMIT) + addresses
    return _ethernet(b"\x33\x33" + to.packed[12:], mac, ETHERTYPE_IPV6) + header + message


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
