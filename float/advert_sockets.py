"""Raw sockets that hear the VRRP adverts that this host receives (RFC 9568, section 5.2)."""

from __future__ import annotations

import functools
import ipaddress
import socket
import struct
from typing import TYPE_CHECKING

from float.advert import Advert, parse_advert, parse_ipv4_packet

if TYPE_CHECKING:  # the lease keeper does without pydantic
    from shared.models import IpAddress

VRRP = 112
"""IP protocol number (RFC 9568, section 5.1.1.4)."""


def open_sockets() -> tuple[socket.socket, ...]:
    """One for each address family that this host has. Raises OSError (PermissionError without NET_RAW)."""
    sockets = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            sockets.append(socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, VRRP))
        except OSError as error:
            if family == socket.AF_INET6 and not isinstance(error, PermissionError):
                continue
            raise
    return tuple(sockets)


def join(sock: socket.socket, index: int, group: str) -> None:
    """Hear the multicast group on the interface with that index too. Raises OSError."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, _membership6(index, group))
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _membership(index, group))


def leave(sock: socket.socket, index: int, group: str) -> None:
    """The opposite; a membership stays with the socket, and counts, when its interface is gone. Raises OSError."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_LEAVE_GROUP, _membership6(index, group))
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, _membership(index, group))


def _membership(index: int, group: str) -> bytes:
    return struct.pack("4s4si", socket.inet_aton(group), b"\0\0\0\0", index)


def _membership6(index: int, group: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)


def family_of(group: str) -> socket.AddressFamily:
    """Of a multicast group."""
    return socket.AF_INET6 if ":" in group else socket.AF_INET


def read(sock: socket.socket) -> Advert | None:
    """The advert that came, or None for another packet. Raises BlockingIOError when there is none."""
    return receive(sock)[1]


def receive(sock: socket.socket) -> tuple[IpAddress, Advert | None]:
    """Where the packet came from, and the advert that it is, or None. Raises BlockingIOError when there is none."""
    packet, sender = sock.recvfrom(2048)
    source = _address(sender[0])
    return source, parse_ipv4_packet(packet) if source.version == 4 else parse_advert(source, packet)


@functools.lru_cache(256)
def _address(told: str) -> IpAddress:
    """What the kernel tells of a sender, without its scope."""
    return ipaddress.ip_address(told.partition("%")[0])
