"""Door to the segment's neighbours: who answers for an address, by ARP or by IPv6 neighbour discovery."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Collection, Iterator

from float import packet_filter
from float.neighbour import Claim, claim_in, question
from shared.models import IpAddress

_ETH_P_ALL = 0x0003
_ARPHRD_ETHER = 1
_FRAME = 2048

QUESTIONS = 3
"""How often each address is asked for: one lost frame is no answer."""


async def probe(interface: str, addresses: Collection[IpAddress], *, seconds: float = 0.9) -> tuple[Claim, ...]:
    """Who on the interface's segment claims the addresses, other hosts only; empty when nobody answers in time.

    Asks QUESTIONS times, spread over the time; ends early once every address is claimed. Nothing is changed, neither
    here nor in anybody's neighbour table.

    Raises OSError when it cannot ask: PermissionError without NET_RAW, also for an interface that is no Ethernet.
    """
    with _packet_socket(interface) as sock:
        mac = _mac(sock, interface)
        claims: dict[Claim, None] = {}
        for _ in range(QUESTIONS):
            for address in addresses:
                await asyncio.get_running_loop().sock_sendall(sock, question(mac, address))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds / QUESTIONS):  # Python 3.11's `wait_for` may swallow a cancellation
                    await _gather(sock, frozenset(addresses), claims)
                break
        return tuple(claims)


async def _gather(sock: socket.socket, wanted: frozenset[IpAddress], claims: dict[Claim, None]) -> None:
    """Collect claims until every address has one."""
    while {claim.address for claim in claims} < wanted:
        frame, (_, _, kind, *_) = await asyncio.get_running_loop().sock_recvfrom(sock, _FRAME)
        claim = None if kind == socket.PACKET_OUTGOING else claim_in(frame)
        if claim and claim.address in wanted:
            claims[claim] = None


@contextlib.contextmanager
def _packet_socket(interface: str) -> Iterator[socket.socket]:
    """Filtered before it is bound, so that it never holds a frame of anything else."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0) as sock:
        packet_filter.attach(sock, packet_filter.NEIGHBOUR_CLAIMS)
        sock.bind((interface, _ETH_P_ALL))
        yield sock


def _mac(sock: socket.socket, interface: str) -> bytes:
    _, _, _, kind, address = sock.getsockname()
    if kind != _ARPHRD_ETHER:
        raise OSError(f"{interface} is no Ethernet interface: nobody can be asked there")
    return bytes(address)
