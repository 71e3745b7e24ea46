"""The first second of a float whose predecessor was killed: its VIPs go as soon as a peer advertises them.

A killed float leaves its VIPs in the kernel, and a peer takes over within milliseconds or never. While nobody
advertises, the kernel serves the clients and nothing is touched; from the first advert on there are two holders, so the
address goes at once: long before the anchor has said what this float is to run.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from float import advert_sockets

if TYPE_CHECKING:  # the lease keeper does without pydantic
    from float.advert import Advert
    from shared.models import IpAddress


@dataclass(frozen=True)
class Watched:
    """A virtual router that the float before us ran."""

    vrid: int
    addresses: frozenset[IpAddress]
    interface: str
    group: str | None
    """The multicast group of its adverts, if they go to one."""

    peers: frozenset[IpAddress] | None = None
    """Whose adverts count where they go to no group: an only manager has none. None where it was not written down."""

    def taken_by(self, advert: Advert) -> bool:
        """Whether the advert says that somebody else holds it now."""
        listened_to = self.group is not None or self.peers is None or advert.source in self.peers
        return listened_to and advert.vrid == self.vrid and advert.priority > 0


class Guard:
    """Hears whether a peer has taken over what the float before us held."""

    def __init__(self, watched: Iterable[Watched]) -> None:
        self._watched = tuple(watched)
        self.sockets: tuple[socket.socket, ...] = ()
        """To wait for, with `heard` for each that has something."""

    def open(self) -> None:
        """Listen, where there is something to listen for. Raises OSError."""
        if self._watched:
            self.sockets = advert_sockets.open_sockets()
        for router in self._watched:
            for sock in self.sockets:
                if router.group and sock.family == advert_sockets.family_of(router.group):
                    with contextlib.suppress(OSError):  # an interface that is gone: nothing is heard there
                        advert_sockets.join(sock, socket.if_nametoindex(router.interface), router.group)

    def heard(self, sock: socket.socket) -> frozenset[IpAddress]:
        """The VIPs that a peer holds, as the advert says that came; empty for any other packet."""
        with contextlib.suppress(BlockingIOError):
            advert = advert_sockets.read(sock)
            if advert:
                return frozenset().union(*(r.addresses for r in self._watched if r.taken_by(advert)))
        return frozenset()

    def relieved(self, addresses: frozenset[IpAddress]) -> None:
        """They are on this host no more: whoever goes on advertising them is not looked at again."""
        self._watched = tuple(router for router in self._watched if not router.addresses <= addresses)
        if not self._watched:
            self.close()

    def close(self) -> None:
        """Stop listening."""
        for sock in self.sockets:
            sock.close()
        self.sockets = ()
