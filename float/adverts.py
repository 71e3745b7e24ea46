"""VRRP adverts heard on the wire: who is master of a virtual router, with which priority (RFC 9568, section 5.2)."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import struct
from collections.abc import Callable

from float.advert import Advert, parse_advert, parse_ipv4_packet
from float.resolve import ResolvedSpec
from shared.models import Transport

logger = logging.getLogger(__name__)

VRRP = 112
"""IP protocol number (RFC 9568, section 5.1.1.4)."""

ALL_VRRP6_ROUTERS = "ff02::12"
"""RFC 9568, section 5.1.2.2."""


class AdvertListener:
    """Raw sockets that hear what this host receives; they join the multicast groups themselves."""

    def __init__(self) -> None:
        self._on_advert: Callable[[Advert], None] = lambda _: None
        self._sockets: list[socket.socket] = []
        self._joined: set[tuple[str, str]] = set()

    def open(self, on_advert: Callable[[Advert], None]) -> None:
        """Listen from the running event loop. Raises OSError (PermissionError without NET_RAW)."""
        self._on_advert = on_advert
        for family, read in ((socket.AF_INET, self._read_ipv4), (socket.AF_INET6, self._read_ipv6)):
            try:
                sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, VRRP)
            except OSError as error:
                if family == socket.AF_INET6 and not isinstance(error, PermissionError):
                    continue
                raise
            self._sockets.append(sock)
            asyncio.get_running_loop().add_reader(sock, read, sock)

    def hear(self, spec: ResolvedSpec) -> None:
        """Hear multicast adverts too; where that cannot be, keepalived still does, and nothing is preempted."""
        for router in spec.routers:
            if router.transport is not Transport.MULTICAST:
                continue
            group = ALL_VRRP6_ROUTERS if router.advertised.address.version == 6 else spec.spec.multicast_group
            try:
                self.join(router.interface, group)
            except OSError as error:
                logger.warning("the adverts to %s on %s cannot be heard: %s", group, router.interface, error)

    def join(self, interface: str, group: str) -> None:
        """Hear the multicast group on that interface too; twice is once."""
        if (interface, group) in self._joined or not self._sockets:
            return
        index = socket.if_nametoindex(interface)
        if ":" in group:
            request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
            self._sockets[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        else:
            request = struct.pack("4s4si", socket.inet_aton(group), b"\0\0\0\0", index)
            self._sockets[0].setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        self._joined.add((interface, group))

    def close(self) -> None:
        """Stop listening."""
        for sock in self._sockets:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def _read_ipv4(self, sock: socket.socket) -> None:
        packet, _ = sock.recvfrom(2048)
        self._tell(parse_ipv4_packet(packet))

    def _read_ipv6(self, sock: socket.socket) -> None:
        payload, sender = sock.recvfrom(2048)
        self._tell(parse_advert(ipaddress.IPv6Address(str(sender[0]).partition("%")[0]), payload))

    def _tell(self, advert: Advert | None) -> None:
        if advert:
            self._on_advert(advert)
