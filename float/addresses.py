"""Door to netlink: this host's interfaces and addresses, and the removal of an address of ours."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

from pyroute2.iproute.linux import AsyncIPRoute, IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from float.host import HostAddress, HostView
from shared.models import IpAddress

RT_TABLE_MAIN = 254
"""The routing table that everybody means (rtnetlink(7))."""

_ENOENT_LIKE = (2, 19, 99)
"""ENOENT, ENODEV, EADDRNOTAVAIL: the address is not there any more."""


class Addresses:
    """The supervisor's netlink socket."""

    def __init__(self) -> None:
        self._netlink: Any = AsyncIPRoute()  # type: ignore[no-untyped-call]  # pyroute2 is only partly typed
        self._turn = asyncio.Lock()  # two dumps at once on one socket are refused with EBUSY

    async def view(self) -> HostView:
        """Interfaces and addresses now. Raises OSError."""
        with _refusals_are_os_errors():
            async with self._turn:
                links = [m async for m in await self._netlink.link("dump")]
                names = {link["index"]: link.get("ifname") for link in links}
                addresses = [_host_address(m, names) async for m in await self._netlink.addr("dump")]
        return HostView(
            interfaces=tuple(names.values()),
            addresses=tuple(a for a in addresses if a),
            down=frozenset(link.get("ifname") for link in links if _is_down(link)),
        )

    async def gateways(self) -> frozenset[IpAddress]:
        """Default gateways of the main table, both families. Raises OSError."""
        with _refusals_are_os_errors():
            async with self._turn:
                routes = [
                    route
                    for family in (socket.AF_INET, socket.AF_INET6)
                    async for route in await self._netlink.route("dump", family=family, table=RT_TABLE_MAIN)
                ]
        nexts = (r.get("gateway") for r in routes if r.get("dst_len") == 0)
        return frozenset(ipaddress.ip_address(gateway) for gateway in nexts if gateway)

    async def remove(self, address: HostAddress) -> None:
        """Take the address off the host; one that is gone already is no error. Raises OSError."""
        try:
            async with self._turn:
                await self._netlink.addr(
                    "del", index=address.index, address=str(address.address), prefixlen=address.prefix
                )
        except NetlinkError as error:
            if error.code not in _ENOENT_LIKE:
                raise OSError(error.code, f"{address.address} cannot be removed: {error}") from error

    async def close(self) -> None:
        """Give the socket back."""
        self._netlink.close()


class LeaseDoor:
    """The lease keeper's own netlink socket: blocking, shared with nobody."""

    def __init__(self) -> None:
        self._netlink: Any = IPRoute()  # type: ignore[no-untyped-call]  # pyroute2 is only partly typed

    def renew(self, wanted: frozenset[tuple[str, IpAddress]], *, seconds: int) -> frozenset[tuple[str, IpAddress]]:
        """Give each wanted (device, address) that the kernel has another lifetime; returns those renewed.

        A renewal of a missing address would create it (measured), hence the look first; protocol, flags, scope,
        label and broadcast are repeated, or they would be lost. IPv6 addresses other than /128 are left alone: a
        lifetime on them breaks the host's own route (measured). One that the kernel refuses holds up no other.

        Raises OSError when it cannot look.
        """
        with _refusals_are_os_errors():
            names = {m["index"]: m.get("ifname") for m in self._netlink.get_links()} if wanted else {}
            present = tuple(self._netlink.get_addr()) if wanted else ()
        renewed = set()
        for message in present:
            found = _host_address(message, names)
            key = found and (found.interface, found.address)
            if found is None or key not in wanted or (found.address.version == 6 and found.prefix != 128):
                continue
            with contextlib.suppress(NetlinkError):
                self._netlink.addr("replace", **_renewal(message, seconds))
                renewed.add((found.interface, found.address))
        return frozenset(renewed)

    def close(self) -> None:
        """Give the socket back."""
        self._netlink.close()


@contextlib.contextmanager
def _refusals_are_os_errors() -> Iterator[None]:
    """pyroute2's own error is not an OSError, and nobody but this module knows it."""
    try:
        yield
    except NetlinkError as error:
        raise OSError(error.code, f"netlink refuses: {error}") from error


def _is_down(link: Any) -> bool:
    """Off, or without carrier (RFC 2863's operational states, as in IFLA_OPERSTATE)."""
    return link["state"] == "down" or link.get("IFLA_OPERSTATE") in ("DOWN", "LOWERLAYERDOWN", "NOTPRESENT")


def _host_address(message: Any, names: dict[int, str]) -> HostAddress | None:
    text = message.get("IFA_LOCAL") or message.get("IFA_ADDRESS")
    name = names.get(message["index"])
    if not text or not name:
        return None
    return HostAddress(
        interface=name,
        index=message["index"],
        address=ipaddress.ip_address(text),
        prefix=message["prefixlen"],
        protocol=message.get("IFA_PROTO"),
    )


def _renewal(message: Any, seconds: int) -> dict[str, Any]:
    """Arguments of an address message that differs from the kernel's only in its lifetime."""
    deprecated = message.get("IFA_CACHEINFO", {}).get("ifa_preferred") == 0
    renewal = {
        "index": message["index"],
        "family": message["family"],
        "address": message.get("IFA_ADDRESS"),
        "local": message.get("IFA_LOCAL"),
        "prefixlen": message["prefixlen"],
        "scope": message["scope"],
        "flags": message.get("IFA_FLAGS"),
        "label": message.get("IFA_LABEL"),
        "broadcast": message.get("IFA_BROADCAST"),
        "proto": message.get("IFA_PROTO"),
        "preferred_lft": 0 if deprecated else seconds,
        "valid_lft": seconds,
    }
    return {key: value for key, value in renewal.items() if value is not None}
