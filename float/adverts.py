"""VRRP adverts heard on the wire: who is master of a virtual router, with which priority."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from float import advert_sockets
from float.advert import Advert
from float.resolve import ALL_VRRP6_ROUTERS, ResolvedSpec

logger = logging.getLogger(__name__)


class AdvertListener:
    """Raw sockets that hear what this host receives; they join the multicast groups themselves."""

    def __init__(self) -> None:
        self._on_advert: Callable[[Advert], None] = lambda _: None
        self._sockets: tuple[socket.socket, ...] = ()
        self._joined: set[tuple[str, str]] = set()
        self._deaf: set[tuple[str, str]] = set()
        """Where joining failed, which is said once."""

    def open(self, on_advert: Callable[[Advert], None]) -> None:
        """Listen from the running event loop. Raises OSError (PermissionError without NET_RAW)."""
        self._on_advert = on_advert
        self._sockets = advert_sockets.open_sockets()
        for sock in self._sockets:
            asyncio.get_running_loop().add_reader(sock, self._read, sock)

    def hear(self, spec: ResolvedSpec) -> None:
        """Hear multicast adverts too; where that cannot be, keepalived still does, and nothing is preempted.

        Beside unicast they are strangers', who tell which VRIDs a service cannot have; of both IP versions from the
        beginning, so that nobody has to wait for it later.
        """
        for router in spec.routers:
            needed = router.group(spec.spec) or spec.spec.multicast_group
            for group in (needed, ALL_VRRP6_ROUTERS):
                try:
                    self.join(router.interface, group)
                except OSError as error:
                    self._say(router.interface, group, error, needed=group == needed)

    def _say(self, interface: str, group: str, error: OSError, *, needed: bool) -> None:
        if needed and (interface, group) not in self._deaf:
            self._deaf.add((interface, group))
            logger.warning("the adverts to %s on %s cannot be heard: %s", group, interface, error)

    def join(self, interface: str, group: str) -> None:
        """Hear the multicast group on that interface too; twice is once. Raises OSError."""
        if (interface, group) in self._joined:
            return
        for sock in self._sockets:
            if sock.family == advert_sockets.family_of(group):
                advert_sockets.join(sock, interface, group)
                self._joined.add((interface, group))

    def close(self) -> None:
        """Stop listening."""
        for sock in self._sockets:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def _read(self, sock: socket.socket) -> None:
        advert = advert_sockets.read(sock)
        if advert:
            self._on_advert(advert)
