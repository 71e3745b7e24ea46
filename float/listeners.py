"""PURE: the kernel's tables of sockets and NAT rules -> who takes connections to a TCP port of this node."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.models import IpAddress

LISTEN = "0A"
"""TCP_LISTEN in /proc/net/tcp (proc(5)). The kernel tells the listening sockets before all others."""


@dataclass(frozen=True)
class Listener:
    """A socket that listens, or a rule that sends connections on."""

    address: IpAddress
    """`0.0.0.0` is any IPv4 address; `::` is any address at all, since sockets there take IPv4 unless told not to."""

    first: int
    last: int

    def takes(self, port: int, address: IpAddress | None) -> bool:
        """Whether connections to that port reach it; an `address` of None asks for any."""
        wildcard = self.address.is_unspecified and (address is None or self.address.version >= address.version)
        return self.first <= port <= self.last and (wildcard or address in (None, self.address))


def read_sockets(rows: Iterable[str]) -> Iterator[Listener]:
    """The listening sockets of /proc/net/tcp or tcp6; stops reading at the first other one.

    Raises ValueError at a row that is none of the kernel's: what it says is not known, and a port that is not seen then
    is not one on which nobody listens.
    """
    for row in rows:
        words = row.split()
        if len(words) < 4 or ":" not in words[1]:
            continue
        if words[3] != LISTEN:
            return
        host, _, port = words[1].partition(":")
        yield Listener(_address(host), int(port, 16), int(port, 16))


def _address(digits: str) -> IpAddress:
    words = (bytes.fromhex(digits[at : at + 8]) for at in range(0, len(digits), 8))
    address = ipaddress.ip_address(b"".join(word if sys.byteorder == "big" else word[::-1] for word in words))
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


def read_rules(rows: Iterable[str], any_address: IpAddress) -> Iterator[Listener]:
    """The rules of `iptables-save -t nat` that send a TCP port on to somewhere else: Docker's published ports.

    Raises ValueError at such a rule whose address or port cannot be read.
    """
    for row in rows:
        if re.search(r" -p tcp .*-j (DNAT|REDIRECT)\b", row):
            address = re.search(r"(?<!!) -d ([0-9a-fA-F.:]+)(?:/(?:32|128))? ", row)
            for first, last in _ports(row):
                yield Listener(ipaddress.ip_address(address[1]) if address else any_address, first, last)


def _ports(row: str) -> Iterator[tuple[int, int]]:
    given = re.search(r"(?<!!) --dports? ([0-9:,]+)", row)
    for part in given[1].split(",") if given else ():
        first, _, last = part.partition(":")
        yield int(first), int(last or first)
