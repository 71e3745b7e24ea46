"""The lease keeper's own door to netlink: shared with nobody, and light, so that it stands within milliseconds."""

from __future__ import annotations

import contextlib
import functools
import socket
from collections.abc import Collection
from typing import TYPE_CHECKING

from float import rtnetlink
from float.host import leasable
from float.netlink import Netlink

if TYPE_CHECKING:  # the lease keeper does without pydantic
    from float.host import HostAddress
    from shared.models import IpAddress


class LeaseDoor:
    """Renews and removes; adds nothing."""

    def __init__(self) -> None:
        self._netlink = Netlink()

    def renew(self, wanted: frozenset[tuple[str, IpAddress]], *, seconds: int) -> frozenset[tuple[str, IpAddress]]:
        """Give each wanted (device, address) that the kernel has another lifetime; returns those renewed.

        A renewal of a missing address would create it (measured), hence the look first; protocol, flags, scope,
        label and broadcast are repeated, or they would be lost. IPv6 addresses other than /128 are left alone: a
        lifetime on them breaks the host's own route (measured). One that the kernel refuses holds up no other.

        Raises OSError when it cannot look.
        """
        if not wanted:
            return frozenset()
        keys, requests = [], []
        for message, found in self._present(_indices({device for device, _ in wanted})):
            if (found.interface, found.address) in wanted and leasable(found.address, found.prefix):
                keys.append((found.interface, found.address))
                requests.append(functools.partial(rtnetlink.renew_address, found=message, seconds=seconds))
        results = self._netlink.change(requests)
        return frozenset(key for key, error in zip(keys, results, strict=True) if error == 0)

    def remove(self, addresses: Collection[IpAddress]) -> tuple[HostAddress, ...]:
        """Take these off the host, whatever their device and prefix; returns those that went. Raises OSError."""
        names = {link.index: link.name for link in map(rtnetlink.link, self._netlink.dump(rtnetlink.get_links))}
        found = [found for _, found in self._present(names) if found.address in addresses]
        results = self._netlink.change([functools.partial(rtnetlink.delete_address, address=a) for a in found])
        return tuple(address for address, error in zip(found, results, strict=True) if error == 0)

    def close(self) -> None:
        """Give the socket back."""
        self._netlink.close()

    def _present(self, names: dict[int, str]) -> list[tuple[rtnetlink.AddressMessage, HostAddress]]:
        """The addresses of these interfaces."""
        messages = map(rtnetlink.address, self._netlink.dump(rtnetlink.get_addresses))
        pairs = ((message, message.on_host(names)) for message in messages)
        return [(message, found) for message, found in pairs if found]


def _indices(devices: Collection[str]) -> dict[int, str]:
    """Their names by number, those that are gone left out: cheaper than a list of all interfaces each second."""
    found = {}
    for device in devices:
        with contextlib.suppress(OSError):
            found[socket.if_nametoindex(device)] = device
    return found
