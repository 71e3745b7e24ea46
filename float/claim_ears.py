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

from float import filter_program, packet_filter
from float.neighbour import ETHERTYPE_ARP, ETHERTYPE_IPV6, Claim, announcement, claim_in, question
from float.ration import Ration
from float.rationed_reader import RationedReader
from shared.models import IpAddress

logger = logging.getLogger(__name__)

A_SECOND = 50
"""Claims that are looked at on one interface."""

_ARPHRD_ETHER = 1
_FRAME = 2048
_SYS = Path("/sys/class/net")
_SYSCTL = Path("/proc/sys/net/ipv6/conf")
Wanted = Mapping[str, frozenset[IpAddress]]
"""VIPs by device."""


class ClaimEars:
    """A packet socket for each device and address family that has VIPs."""

    def __init__(self) -> None:
        self._wanted: Wanted = {}
        self._own_macs: tuple[float, frozenset[str]] = (0.0, frozenset())
        """Until when they are not looked at anew, and they."""

        self._readers: dict[tuple[str, int], RationedReader] = {}

    def hear(self, wanted: Wanted, told: Callable[[str, Claim], None]) -> None:
        """Listen for claims of these, and of no others any more; `told` gets the device, and the claim of another host.

        A device that cannot be listened to is logged and left out.
        """
        if wanted == self._wanted:
            return
        self.close()
        self._wanted = wanted
        for device, addresses in wanted.items():
            try:
                self._listen(device, addresses, told)
            except OSError as error:
                logger.warning("whether another host claims a virtual IP cannot be heard on %s: %s", device, error)

    def ask(self, device: str, addresses: Iterable[IpAddress]) -> None:
        """Ask the segment once who has them; answers come as claims do."""
        for address in addresses:
            reader = self._readers.get((device, address.version))
            if reader:
                with contextlib.suppress(OSError):  # the NIC is off, or its queue full: the next question will do
                    reader.sock.send(question(reader.sock.getsockname()[4], address))

    def announce(self, device: str, addresses: Iterable[IpAddress]) -> None:
        """Tell the segment that they are this host's, as keepalived does when it takes them over."""
        for address in addresses:
            reader = self._readers.get((device, address.version))
            if reader:
                with contextlib.suppress(OSError):  # the NIC is off, or its queue full: keepalived's refresh will do
                    mac = reader.sock.getsockname()[4]
                    reader.sock.send(announcement(mac, address, router=_forwards(device)))

    def close(self) -> None:
        """Stop listening."""
        for reader in self._readers.values():
            reader.close()
        self._readers, self._wanted = {}, {}

    def _listen(self, device: str, addresses: frozenset[IpAddress], told: Callable[[str, Claim], None]) -> None:
        def take(sock: socket.socket) -> None:
            claim = claim_in(sock.recv(_FRAME))
            if claim and claim.address in addresses and claim.mac not in self._macs():
                told(device, claim)

        for version in {address.version for address in addresses}:
            sock = _packet_socket(device, [a for a in addresses if a.version == version])
            if sock:
                self._readers[device, version] = RationedReader(sock, Ration(A_SECOND, 1.0), take, flooded=_ignore)

    def _macs(self) -> frozenset[str]:
        """Of all interfaces of this host, which come and go: looked at for the first claim, and once a second."""
        now = asyncio.get_running_loop().time()
        if now >= self._own_macs[0]:
            self._own_macs = (now + 1.0, frozenset(_own_macs()))
        return self._own_macs[1]


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


def _packet_socket(device: str, addresses: list[IpAddress]) -> socket.socket | None:
    """Filtered before it is bound; bound to one protocol, so that no frame that this host sends is copied to it."""
    ipv4 = addresses[0].version == 4
    program = filter_program.arp_claims(addresses) if ipv4 else filter_program.neighbour_claims(addresses)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        packet_filter.attach(sock, program)
        sock.bind((device, ETHERTYPE_ARP if ipv4 else ETHERTYPE_IPV6))
    except OSError:
        sock.close()
        raise
    if sock.getsockname()[3] == _ARPHRD_ETHER:
        return sock
    sock.close()
    return None


def _ignore() -> None:
    """More claims than are looked at are claims of the same few."""
