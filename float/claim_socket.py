"""Door: a packet socket that hears who claims some addresses on one segment, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Collection

from float import filter_program, packet_filter
from float.neighbour import ETHERTYPE_ARP, ETHERTYPE_IPV6
from shared.models import IpAddress

FRAME = 2048
"""Bytes that a claim takes at most."""

_ARPHRD_ETHER = 1


def open_socket(device: str, addresses: Collection[IpAddress]) -> socket.socket:
    """Non-blocking, for addresses of one IP version.

    Filtered before it is bound, so that it never holds a frame of anything else; bound to one protocol, so that no
    frame that this host sends is copied to it. Raises OSError: PermissionError without NET_RAW, one without an errno
    for an interface that is no Ethernet.
    """
    ipv4 = all(address.version == 4 for address in addresses)
    program = filter_program.arp_claims(addresses) if ipv4 else filter_program.neighbour_claims(addresses)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        packet_filter.attach(sock, program)
        sock.bind((device, ETHERTYPE_ARP if ipv4 else ETHERTYPE_IPV6))
        if sock.getsockname()[3] != _ARPHRD_ETHER:
            raise OSError(f"{device} is no Ethernet interface: nobody can be asked there")
    except OSError:
        sock.close()
        raise
    return sock


def mac(sock: socket.socket) -> bytes:
    """Of its interface."""
    return bytes(sock.getsockname()[4])
