"""Door to the segment's neighbours: who answers for an address, by ARP or by IPv6 neighbour discovery."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Collection

from float import claim_socket
from float.neighbour import Claim, claim_in, question
from shared.models import IpAddress

QUESTIONS = 3
"""How often each address is asked for: one lost frame is no answer."""

MOST_CLAIMS = 4
"""Hosts that are told of for one address; who invents more of them shall not fill the memory."""


async def probe(interface: str, addresses: Collection[IpAddress], *, seconds: float = 0.9) -> tuple[Claim, ...]:
    """Who on the interface's segment claims the addresses, other hosts only; empty when nobody answers in time.

    Asks QUESTIONS times, spread over the time; ends early once every address is claimed. Nothing is changed, neither
    here nor in anybody's neighbour table.

    Raises OSError when it cannot ask: PermissionError without NET_RAW, also for an interface that is no Ethernet.
    """
    groups = [[address for address in addresses if address.version == version] for version in (4, 6)]
    found = await asyncio.gather(*(_probe(interface, group, seconds) for group in groups if group))
    return tuple(claim for claims in found for claim in claims)


async def _probe(interface: str, addresses: Collection[IpAddress], seconds: float) -> list[Claim]:
    """The same for addresses of one IP version."""
    claims: dict[IpAddress, dict[Claim, None]] = {address: {} for address in addresses}
    with claim_socket.open_socket(interface, addresses) as sock:
        mac = claim_socket.mac(sock)
        for _ in range(QUESTIONS):
            for address in addresses:
                await asyncio.get_running_loop().sock_sendall(sock, question(mac, address))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds / QUESTIONS):  # Python 3.11's `wait_for` may swallow a cancellation
                    await _gather(sock, claims)
                break
    return [claim for found in claims.values() for claim in found]


async def _gather(sock: socket.socket, claims: dict[IpAddress, dict[Claim, None]]) -> None:
    """Collect claims until every address has one."""
    missing = {address for address, found in claims.items() if not found}
    while missing:
        claim = claim_in(await asyncio.get_running_loop().sock_recv(sock, claim_socket.FRAME))
        if claim and claim.address in claims and len(claims[claim.address]) < MOST_CLAIMS:
            claims[claim.address][claim] = None
            missing.discard(claim.address)
        await asyncio.sleep(0)  # a frame that is there already is read without a pause: a flood would hold the loop
