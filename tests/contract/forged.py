"""Frames of a stranger on the segment: VRRP adverts of every wrong kind, claims of an address, plain garbage."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field, replace

VRRP_GROUP = "224.0.0.18"
BROADCAST = b"\xff" * 6
_ALL_NODES = ipaddress.IPv6Address("ff02::1")


@dataclass(frozen=True)
class Forged:
    """One advert, right in all that is not said otherwise (RFC 9568, section 5; RFC 3768 for version 2)."""

    source: str
    vrid: int = 77
    priority: int = 255
    version: int = 3
    addresses: tuple[str, ...] = ("192.0.2.100",)
    interval: int = 10
    """Centiseconds; with version 2, seconds."""

    ttl: int = 255
    right_checksum: bool = True
    cut_to: int | None = None
    """Bytes of the VRRP packet that are sent."""

    kind: int = 1
    protocol: int = field(default=112)

    def packet(self, to: str) -> bytes:
        """The IPv4 packet to that address."""
        names = b"".join(ipaddress.IPv4Address(a).packed for a in self.addresses)
        head = bytes([self.version << 4 | self.kind, self.vrid, self.priority, len(self.addresses)])
        if self.version == 2:
            body = head + bytes([0, self.interval, 0, 0]) + names + bytes(8)
            pseudo = b""
        else:
            body = head + struct.pack("!HH", self.interval, 0) + names
            pseudo = _packed(self.source) + _packed(to) + struct.pack("!BBH", 0, 112, len(body))
        total = checksum(pseudo + body) ^ (0 if self.right_checksum else 0x5555)
        body = (body[:6] + struct.pack("!H", total) + body[8:])[: self.cut_to]
        return ipv4(self.source, to, body, ttl=self.ttl)

    def but(self, **changes: object) -> Forged:
        """The same with these differences."""
        return replace(self, **changes)  # type: ignore[arg-type]  # as given


def ipv4(source: str, to: str, body: bytes, *, ttl: int = 255, protocol: int = 112) -> bytes:
    """An IPv4 packet."""
    head = struct.pack("!BBHHHBBH", 0x45, 0xC0, 20 + len(body), 0, 0, ttl, protocol, 0) + _packed(source) + _packed(to)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def frame(mac: bytes, to: bytes, packet: bytes, *, kind: int = 0x0800) -> bytes:
    """An Ethernet frame from that MAC."""
    return to + mac + struct.pack("!H", kind) + packet


def gratuitous_arp(mac: bytes, address: str, *, reply: bool) -> bytes:
    """The whole segment is told that the MAC has the address."""
    operation = 2 if reply else 1
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + mac + _packed(address) + BROADCAST + _packed(address)
    return frame(mac, BROADCAST, body, kind=0x0806)


def neighbour_advertisement(mac: bytes, address: str) -> bytes:
    """The same for an IPv6 address, unasked for (RFC 4861, section 7.2.6)."""
    target = ipaddress.IPv6Address(address).packed
    source = ipaddress.IPv6Address("fe80::66").packed
    body = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + target + b"\x02\x01" + mac
    total = checksum(source + _ALL_NODES.packed + struct.pack("!II", len(body), 58) + body)
    body = body[:2] + struct.pack("!H", total) + body[4:]
    head = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + source + _ALL_NODES.packed
    return frame(mac, b"\x33\x33\x00\x00\x00\x01", head + body, kind=0x86DD)


def multicast_mac(group: str = VRRP_GROUP) -> bytes:
    """The MAC of an IPv4 multicast group (RFC 1112, section 6.4)."""
    return b"\x01\x00\x5e" + bytes([_packed(group)[1] & 0x7F]) + _packed(group)[2:]


def checksum(data: bytes) -> int:
    """The Internet's (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packed(address: str) -> bytes:
    return ipaddress.IPv4Address(address).packed
