"""Door to the segment: hears who claims one of our VIPs, by ARP or IPv6 neighbour advertisements, and asks who does.

The kernel lets through what is about our VIPs and nothing else, so that this costs nothing while nobody claims any.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from float import claim_socket
from float.neighbour import Claim, announcement, claim_in, question
from float.ration import Ration
from float.rationed_reader import RationedReader
from shared.models import IpAddress

logger = logging.getLogger(__name__)

A_SECOND = 50
"""Claims that are looked at on one interface."""

_SYS = Path("/sys/class/net")
_SYSCTL = Path("/proc/sys/net/ipv6/conf")
Wanted = Mapping[str, frozenset[IpAddress]]
"""VIPs by device."""


class ClaimEars:
    """A packet socket for each device and address family that has VIPs."""

    def __init__(self) -> None:
        self._wanted: Wanted = {}
        self._indexes: dict[str, int | None] = {}
        """Of the devices: a socket stays with the one that it was opened on, whatever has that name later."""

        self._own_macs: tuple[float, frozenset[str]] = (0.0, frozenset())
        """Until when they are not looked at anew, and they."""

        self._readers: dict[tuple[str, int], RationedReader] = {}

    def hear(self, wanted: Wanted, told: Callable[[str, Claim], None]) -> None:
        """Listen for claims of these, and of no others any more; `told` gets the device, and the claim of another host.

        A device that cannot be listened to is logged and left out.
        """
        indexes = {device: _index(device) for device in wanted}
        if (wanted, indexes) == (self._wanted, self._indexes):
            return
        self.close()
        self._wanted, self._indexes = wanted, indexes
        for device, addresses in wanted.items():
            try:
                self._listen(device, addresses, told)
            except OSError as error:
                if error.errno is not None:  # on what is no Ethernet nobody can claim anything
                    logger.warning("whether another host claims a virtual IP cannot be heard on %s: %s", device, error)

    def ask(self, device: str, addresses: Iterable[IpAddress]) -> None:
        """Ask the segment once who has them; answers come as claims do."""
        for address in addresses:
            reader = self._readers.get((device, address.version))
            if reader:
                with contextlib.suppress(OSError):  # the NIC is off, or its queue full: the next question will do
                    reader.sock.send(question(claim_socket.mac(reader.sock), address))

    def announce(self, device: str, addresses: Iterable[IpAddress]) -> None:
        """Tell the segment that they are this host's, as keepalived does when it takes them over."""
        for address in addresses:
            reader = self._readers.get((device, address.version))
            if reader:
                with contextlib.suppress(OSError):  # the NIC is off, or its queue full: keepalived's refresh will do
                    mac = claim_socket.mac(reader.sock)
                    reader.sock.send(announcement(mac, address, router=_forwards(device)))

    def close(self) -> None:
        """Stop listening."""
        for reader in self._readers.values():
            reader.close()
        self._readers, self._wanted, self._indexes = {}, {}, {}

    def _listen(self, device: str, addresses: frozenset[IpAddress], told: Callable[[str, Claim], None]) -> None:
        def take(sock: socket.socket) -> None:
            claim = claim_in(sock.recv(claim_socket.FRAME))
            if claim and claim.address in addresses and claim.mac not in self._macs():
                told(device, claim)

        for version in {address.version for address in addresses}:
            sock = claim_socket.open_socket(device, [a for a in addresses if a.version == version])
            self._readers[device, version] = RationedReader(sock, Ration(A_SECOND, 1.0), take, flooded=_ignore)

    def _macs(self) -> frozenset[str]:
        """Of all interfaces of this host, which come and go: looked at for the first claim, and once a second."""
        now = asyncio.get_running_loop().time()
        if now >= self._own_macs[0]:
            self._own_macs = (now + 1.0, frozenset(_own_macs()))
        return self._own_macs[1]


def _index(device: str) -> int | None:
    try:
        return socket.if_nametoindex(device)
    except OSError:
        return None


def _forwards(device: str) -> bool:
    """Whether the host is an IPv6 router there: an announcement that denies it would end that (RFC 4861, 7.2.5)."""
    try:
        return (_SYSCTL / device / "forwarding").read_text().strip() != "0"
    except OSError:
        return False


def _own_macs() -> Iterator[str]:
    for path in _SYS.glob("*/address"):
        with contextlib.suppress(OSError):
            yield path.read_text().strip()


def _ignore() -> None:
    """More claims than are looked at are claims of the same few."""
