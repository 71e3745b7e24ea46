"""The segment asked for an address by real frames: answered by a kernel, by a stranger without one, by nobody."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
from collections.abc import Callable, Iterator

import pytest

from float.neighbour import Claim
from float.probe import probe
from shared.models import IpAddress
from tests.contract.float_world import other_host, own_network, run

pytestmark = pytest.mark.lab

VIP = ipaddress.ip_address("192.0.2.100")
VIP6 = ipaddress.ip_address("2001:db8::100")


@pytest.fixture(autouse=True)
def other() -> Iterator[Callable[..., str]]:
    """A host of the test's own, and what runs a program on another at the far end of its eth0."""
    with own_network("probe"), other_host() as there:
        yield there


def far_mac(other: Callable[..., str]) -> str:
    """The other host's MAC."""
    return str(json.loads(other("ip", "-json", "link", "show", "far0"))[0]["address"])


async def ask(*addresses: IpAddress, interface: str = "eth0") -> tuple[Claim, ...]:
    """The claims, asked for as the newcomer and the doctor do."""
    return await probe(interface, addresses, seconds=0.6)


async def test_an_address_of_another_host_is_claimed_with_its_mac(other: Callable[..., str]) -> None:
    other("ip", "address", "add", "192.0.2.100/32", "dev", "far0")
    other("ip", "address", "add", "2001:db8::100/128", "dev", "far0", "nodad")
    assert set(await ask(VIP, VIP6)) == {Claim(VIP, far_mac(other)), Claim(VIP6, far_mac(other))}


async def test_it_ends_as_soon_as_every_address_is_claimed(other: Callable[..., str]) -> None:
    other("ip", "address", "add", "192.0.2.100/32", "dev", "far0")
    began = time.monotonic()
    await probe("eth0", [VIP], seconds=30.0)
    assert time.monotonic() - began < 10


async def test_an_address_that_nobody_has_is_claimed_by_nobody() -> None:
    assert await ask(VIP, VIP6) == ()


async def test_our_own_address_is_no_claim_of_another_host() -> None:
    run("ip", "address", "add", "192.0.2.100/32", "dev", "eth0")
    announcing = asyncio.create_subprocess_exec(
        "arping", "-U", "-c", "1", "-I", "eth0", "192.0.2.100", stdout=asyncio.subprocess.DEVNULL
    )
    claims, process = await asyncio.gather(ask(VIP), announcing)
    await process.wait()
    assert claims == ()


async def test_asking_leaves_no_trace_in_the_neighbour_tables(other: Callable[..., str]) -> None:
    other("ip", "address", "add", "192.0.2.100/24", "dev", "far0")
    assert await ask(VIP)
    assert "192.0.2" not in run("ip", "neighbour") + other("ip", "neighbour")


async def test_an_interface_that_is_no_ethernet_cannot_be_asked() -> None:
    with pytest.raises(OSError, match="lo is no Ethernet"):
        await ask(VIP, interface="lo")


async def test_an_interface_that_is_not_there_cannot_be_asked() -> None:
    with pytest.raises(OSError, match="No such device"):
        await ask(VIP, interface="gone0")
