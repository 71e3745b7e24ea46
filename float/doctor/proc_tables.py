"""PURE: the tables of /proc as values (proc(5), and the kernel's proc_net_tcp.txt)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator

from float.doctor.evidence import BoundSocket
from shared.models import IpAddress

VRRP = 112
_ROUTE, _UEVENT = "0", "15"
"""Netlink families (linux/netlink.h)."""

_NETWORKD = 0x800405D5
"""Links, neighbours, next hops, and of both IP versions addresses, routes and rules (linux/rtnetlink.h)."""

_UDEV = 2
_WHOLE_RANGE = ("0", "0", "4294967295")


def sockets(protocol: str, table: str) -> tuple[BoundSocket, ...]:
    """The sockets of /proc/net/tcp, tcp6, udp or udp6 that have an address of their own."""
    return tuple(
        BoundSocket(protocol, address, port, int(fields[2].rpartition(":")[2], 16))
        for fields in _rows(table)
        for address, port in [_end(fields[1])]
        if not address.is_unspecified
    )


def bound_ports(table: str) -> frozenset[int]:
    """The ports of /proc/net/udp or udp6 that are bound, on whatever address."""
    return frozenset(_end(fields[1])[1] for fields in _rows(table))


def vrrp_inodes(table: str) -> frozenset[str]:
    """Inodes of the raw sockets of protocol 112, of /proc/net/raw or raw6; the port there is the protocol."""
    return frozenset(fields[9] for fields in _rows(table) if _end(fields[1])[1] == VRRP)


def unix_names(table: str) -> frozenset[str]:
    """The names of /proc/net/unix, `@` before those of the abstract namespace."""
    rows = (line.split(maxsplit=7) for line in table.splitlines()[1:])
    return frozenset(row[7] for row in rows if len(row) == 8)


def has_networkd(table: str) -> bool:
    """Whether a socket of /proc/net/netlink listens as systemd-networkd's does, and its process to udev as well.

    Up to systemd 253 it has no Unix socket with a name; with 252 the groups were 0x800405dd (measured).
    """
    rows = [line.split() for line in table.splitlines()[1:]]
    listening = [(row[1], row[2], int(row[3], 16)) for row in rows if len(row) > 3]
    following = {port for kind, port, groups in listening if kind == _ROUTE and groups & _NETWORKD == _NETWORKD}
    return any(kind == _UEVENT and groups & _UDEV for kind, port, groups in listening if port in following)


def is_remapped(uid_map: str) -> bool:
    """Whether /proc/PID/uid_map is any other than the first user namespace's."""
    return tuple(uid_map.split()) != _WHOLE_RANGE


def _rows(table: str) -> Iterator[list[str]]:
    rows = (line.split() for line in table.splitlines()[1:])
    return (row for row in rows if len(row) > 9)


def _end(text: str) -> tuple[IpAddress, int]:
    """An address in 32-bit words of the host's byte order, and a port."""
    words, _, port = text.rpartition(":")
    packed = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    return _unmapped(ipaddress.ip_address(packed)), int(port, 16)


def _unmapped(address: IpAddress) -> IpAddress:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
