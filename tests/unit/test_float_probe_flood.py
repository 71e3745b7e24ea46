"""Who asks the segment for an address while somebody floods it with claims: the loop goes on, the memory stays."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import socket
import time

import pytest

from float import claim_socket
from float.probe import MOST_CLAIMS, probe
from tests.contract.forged import gratuitous_arp

CLAIMED, FREE = ipaddress.ip_address("192.0.2.100"), ipaddress.ip_address("192.0.2.101")
LASTS = 3.0
"""Seconds of the flood; the probe asks for a tenth of that."""


def test_a_flood_of_claims_neither_holds_the_loop_nor_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, end = itertools.count(), time.monotonic() + LASTS

    async def next_claim(*_: object) -> bytes:
        """One is always there already, each with another MAC."""
        if time.monotonic() > end:
            await asyncio.sleep(3600)
        return gratuitous_arp(bytes([2, 0, *next(numbers).to_bytes(4)]), str(CLAIMED), reply=True)

    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    near.setblocking(False)
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_recv", next_claim)
    monkeypatch.setattr(claim_socket, "open_socket", lambda _device, _addresses: near)
    monkeypatch.setattr(claim_socket, "mac", lambda _sock: bytes(6))
    with far:
        claims = asyncio.run(probe("eth0", [CLAIMED, FREE], seconds=LASTS / 10))
    assert len(claims) == MOST_CLAIMS
    assert time.monotonic() < end
