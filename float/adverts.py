"""VRRP adverts heard on the wire: who is master of a virtual router, with which priority, and who else speaks there.

Two sockets for each address family, told apart by the kernel: one hears the adverts on which keepalived may act, the
other one all the rest of protocol 112. So no flood of strangers keeps us from hearing a peer, and none costs more than
its ration.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
from collections.abc import Callable

from float import advert_sockets, filter_program, packet_filter
from float.advert import Advert
from float.filter_program import Members
from float.ration import Ration
from float.rationed_reader import RationedReader
from float.resolve import ALL_VRRP6_ROUTERS, ResolvedSpec
from shared.models import IpAddress, Transport

logger = logging.getLogger(__name__)

OTHERS_A_SECOND = 200
"""Packets of strangers that are looked at: ten routers that advertise every 50 ms are heard whole."""

MEMBERS_A_SECOND = 200
"""Adverts of members that are looked at beside three times what their intervals allow for."""

FLOOD_LASTS = 10.0
"""Seconds after which a flood that is not seen any more is over."""

_WINDOW = 0.1
OnAdvert = Callable[[Advert], None]


class AdvertListener:
    """Raw sockets that hear what this host receives; they join the multicast groups themselves."""

    def __init__(self, *, others_a_second: int = OTHERS_A_SECOND) -> None:
        self._others_a_second = others_a_second
        self._members: tuple[RationedReader, ...] = ()
        self._others: tuple[RationedReader, ...] = ()
        self._joined: dict[tuple[str, str], int] = {}
        """Index of the interface, by its name and the group."""

        self._deaf: set[tuple[str, str]] = set()
        """Where joining failed, which is said once."""

        self._last_other: IpAddress | None = None
        self._flood: tuple[float, IpAddress | None] | None = None

    def open(self, on_advert: OnAdvert, on_other: OnAdvert | None = None) -> None:
        """Listen from the running event loop. Raises OSError (PermissionError without NET_RAW).

        `on_advert` hears the members of the virtual routers of `hear`, `on_other` (`on_advert` if there is none) all
        others, and everybody before `hear`.
        """
        member, other = (functools.partial(self._take, told=told) for told in (on_advert, on_other or on_advert))
        self._members = tuple(
            RationedReader(sock, Ration(_in_window(MEMBERS_A_SECOND), _WINDOW), member, flooded=self._flooded)
            for sock in advert_sockets.open_sockets()
        )
        self._others = tuple(
            RationedReader(sock, Ration(_in_window(self._others_a_second), _WINDOW), other, flooded=self._flooded)
            for sock in advert_sockets.open_sockets()
        )
        self._tell_apart(Members())

    def hear(self, spec: ResolvedSpec) -> None:
        """The members are those of this spec from now on; multicast adverts are heard, too."""
        self._tell_apart(_members_of(spec))
        expected = 3 * sum(1 / router.router.advert_interval for router in spec.routers)
        for reader in self._members:
            reader.ration.most = _in_window(MEMBERS_A_SECOND + expected)
        self.listen(spec)

    def listen(self, spec: ResolvedSpec) -> None:
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
        """Hear the multicast group on that interface too; twice is once, unless it was made anew. Raises OSError."""
        index, before = socket.if_nametoindex(interface), self._joined.get((interface, group))
        if index == before:
            return
        for reader in (*self._members, *self._others):
            if reader.sock.family == advert_sockets.family_of(group):
                if before is not None:
                    with contextlib.suppress(OSError):  # the kernel may have ended it with the interface
                        advert_sockets.leave(reader.sock, before, group)
                advert_sockets.join(reader.sock, index, group)
                self._joined[interface, group] = index
        self._deaf.discard((interface, group))

    def drop(self) -> None:
        """Adverts that have come by now are old news: nobody read them while this process stood still."""
        for reader in (*self._members, *self._others):
            reader.drop()

    def flood(self, now: float) -> str:
        """What there is to say of more packets than are looked at; empty while there are not."""
        if self._flood is None or now - self._flood[0] > FLOOD_LASTS:
            self._flood = None
            return ""
        source = self._flood[1]
        who = f", from {source} among others" if source else ""
        return f"more packets of protocol 112 come than are looked at{who}"

    def close(self) -> None:
        """Stop listening."""
        for reader in (*self._members, *self._others):
            reader.close()

    def _tell_apart(self, members: Members) -> None:
        for reader in self._members:
            packet_filter.attach(reader.sock, filter_program.adverts_of(members, _version(reader.sock)))
        for reader in self._others:
            packet_filter.attach(reader.sock, filter_program.all_but_adverts_of(members, _version(reader.sock)))

    def _take(self, sock: socket.socket, *, told: OnAdvert) -> None:
        self._last_other, advert = advert_sockets.receive(sock)
        if advert:
            told(advert)

    def _flooded(self) -> None:
        first = self._flood[1] if self._flood else self._last_other
        self._flood = (asyncio.get_running_loop().time(), first)


def _members_of(spec: ResolvedSpec) -> Members:
    """A user's own template may speak any version, and reach its peers through routers."""
    multicast = any(router.transport is Transport.MULTICAST for router in spec.routers)
    return Members(
        vrids=frozenset(router.router.vrid for router in spec.routers),
        sources=None if multicast else frozenset(peer for router in spec.routers for peer in router.peers),
        version=None if spec.own_text else spec.spec.vrrp_version,
        direct=spec.own_text is None,
    )


def _in_window(a_second: float) -> int:
    return int(a_second * _WINDOW)


def _version(sock: socket.socket) -> int:
    return 6 if sock.family == socket.AF_INET6 else 4
