"""PURE: a capture of the LAN (pcap, Ethernet) -> the adverts in it (RFC 9568, section 5.2)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

VRRP = 112
_MAGIC = 0xA1B2C3D4
_MAGIC_NANO = 0xA1B23C4D


@dataclass(frozen=True)
class Advert:
    """One advertisement; `when` in seconds of the capture's clock (CLOCK_REALTIME)."""

    when: float
    source: str
    vrid: int
    priority: int


def adverts(capture: bytes) -> Iterator[Advert]:
    """Every VRRP advertisement over IPv4; a record that is cut off ends it, for the file may still be growing."""
    if len(capture) < 24:
        return
    magic, *_ = struct.unpack_from("<I", capture)
    unit = {_MAGIC: 1e-6, _MAGIC_NANO: 1e-9}[magic]
    offset = 24
    while offset + 16 <= len(capture):
        seconds, fraction, length, _ = struct.unpack_from("<IIII", capture, offset)
        frame = capture[offset + 16 : offset + 16 + length]
        if len(frame) < length:
            return
        offset += 16 + length
        advert = _advert(seconds + fraction * unit, frame)
        if advert is not None:
            yield advert


def troubles(seen: Iterable[Advert], *, since: float, vrid: int, holder: str) -> list[str]:
    """What the wire says against one holder at that address since that moment."""
    recent = [advert for advert in seen if advert.when >= since and advert.vrid == vrid and advert.priority > 0]
    sources = {advert.source for advert in recent}
    if sources == {holder}:
        return []
    return [f"adverts of {', '.join(sorted(sources)) or 'nobody'} are on the wire, and {holder} has the VIP"]


def _advert(when: float, frame: bytes) -> Advert | None:
    if frame[12:14] != b"\x08\x00" or len(frame) < 34 or frame[23] != VRRP:
        return None
    body = frame[14 + (frame[14] & 15) * 4 :]
    if len(body) < 4 or body[0] & 15 != 1:
        return None
    return Advert(when, str(ipaddress.ip_address(frame[26:30])), body[1], body[2])
