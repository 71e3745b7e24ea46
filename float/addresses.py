"""Door to netlink: this host's interfaces and addresses, whether they changed, and the removal of one of ours."""

from __future__ import annotations

import asyncio
import errno
import functools
import os
from collections.abc import Callable

from float import rtnetlink
from float.host import HostAddress, HostView
from float.netlink import Netlink, News
from float.rtnetlink import Link, Message
from shared.models import IpAddress

_GONE = (errno.ENOENT, errno.ENODEV, errno.EADDRNOTAVAIL)

PAUSE = 0.1
"""Seconds from one piece of the kernel's news to the next that may wake the loop: somebody may add routes all day."""


class Addresses:
    """The supervisor's netlink sockets."""

    def __init__(self) -> None:
        self._news = News()
        self._netlink = Netlink()
        self._links: dict[int, Link] = {}
        self._names: dict[int, str] = {}
        self._addresses: frozenset[HostAddress] | None = None
        self._told = False
        self._watching: asyncio.AbstractEventLoop | None = None
        self._again: asyncio.TimerHandle | None = None
        self.latest = HostView((), ())
        """The last view, whoever took it; empty before the first."""

    async def view(self) -> HostView:
        """Interfaces and addresses now. Raises OSError."""
        self._links = {found.index: found for found in map(rtnetlink.link, self._netlink.dump(rtnetlink.get_links))}
        self._names = {index: found.name for index, found in self._links.items()}
        told = [rtnetlink.address(message) for message in self._netlink.dump(rtnetlink.get_addresses)]
        addresses = tuple(a for a in (message.on_host(self._names) for message in told) if a)
        self._addresses, self._told = frozenset(addresses), False
        self.latest = HostView(
            interfaces=tuple(self._names.values()),
            addresses=addresses,
            down=frozenset(found.name for found in self._links.values() if found.down),
            indexes={name: index for index, name in self._names.items()},
        )
        return self.latest

    def changed(self) -> bool:
        """Whether the kernel told of something that `latest` does not show; costs no look at the host.

        A lease that was renewed changes nothing.
        """
        try:
            new = [self._is_new(message) for message in self._news.read()]
        except OSError:
            new = [True]  # some news were lost
        self._told = self._told or self._addresses is None or any(new)
        return self._told

    def watch(self, rouse: Callable[[], None]) -> None:
        """Call `rouse` when the kernel tells of a change, and not again for PAUSE; the running loop's from now on."""
        loop = asyncio.get_running_loop()

        def heard() -> None:
            loop.remove_reader(self._news)
            self._again = loop.call_later(PAUSE, loop.add_reader, self._news, heard)
            if self.changed():
                rouse()

        self._watching = loop
        loop.add_reader(self._news, heard)

    async def gateways(self) -> frozenset[IpAddress]:
        """Default gateways of the main table, both families. Raises OSError."""
        routes = self._netlink.dump(rtnetlink.get_routes)
        return frozenset(gateway for gateway in map(rtnetlink.default_gateway, routes) if gateway)

    async def remove(self, address: HostAddress) -> None:
        """Take the address off the host; one that is gone already is no error. Raises OSError."""
        (error,) = self._netlink.change([functools.partial(rtnetlink.delete_address, address=address)])
        if error and error not in _GONE:
            raise OSError(error, f"{address.address} cannot be removed: {os.strerror(error)}")

    async def close(self) -> None:
        """Give the sockets back."""
        if self._again is not None:
            self._again.cancel()
        if self._watching is not None:
            self._watching.remove_reader(self._news)
        self._netlink.close()
        self._news.close()

    def _is_new(self, message: Message) -> bool:
        if message.kind == rtnetlink.NEW_LINK:
            found = rtnetlink.link(message)
            return self._links.get(found.index) != found
        if message.kind == rtnetlink.NEW_ADDRESS and self._addresses is not None:
            return rtnetlink.address(message).on_host(self._names) not in self._addresses
        return message.kind in (rtnetlink.DELETED_ADDRESS, rtnetlink.DELETED_LINK)
