"""A virtual router that begins on a real segment: free, or held by a peer that is not heard, or by a stranger."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from float.demotion import Heard
from float.newcomer import LIMIT
from float.newcomers import Newcomers
from float.resolve import ResolvedRouter
from float.routers import RouterEntry
from shared.models import Strength, Transport, VirtualIp
from tests.contract.float_world import OURS, PEER, own_network, run
from tests.contract.float_world import ROUTER as LONELY

pytestmark = pytest.mark.lab

ROUTER = LONELY.model_copy(update={"peers": (PEER,)})
VIP = VirtualIp.parse("192.0.2.100/32@eth0")
OTHER_HOST = "kftest-newcomers-other"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


class Node:
    """A node that has just got one virtual router."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.entry = RouterEntry(ResolvedRouter(ROUTER, "eth0", OURS, Transport.UNICAST, VIP, ()))
        self.entries = {ROUTER.name: self.entry}
        self.newcomers = Newcomers(self.clock)
        self.rounds: asyncio.Queue[None] = asyncio.Queue()
        self.newcomers.look_at(self.entries)

    def reasons(self) -> list[str]:
        """What stands against taking part."""
        conditions = self.newcomers.conditions(self.entries)
        assert all(c.strength is Strength.REQUIRE and c.routers == (ROUTER.name,) for c in conditions)
        return [condition.reason for condition in conditions]

    async def reasons_after_a_round(self) -> list[str]:
        """The same once the segment was asked again."""
        await self.rounds.get()
        return self.reasons()


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    """A host of the test's own, and its peer at the far end of its eth0."""
    with own_network("newcomers"):
        run("ip", "netns", "add", OTHER_HOST)
        try:
            run("ip", "link", "set", "far0", "netns", OTHER_HOST)
            other("link", "set", "far0", "up")
            yield
        finally:
            run("ip", "netns", "del", OTHER_HOST)


@pytest.fixture
async def node(network: None) -> AsyncIterator[Node]:
    """It asks from the start."""
    node = Node()
    work = asyncio.create_task(node.newcomers.run(lambda: node.entries, lambda: node.rounds.put_nowait(None)))
    yield node
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work


def other(*words: str) -> None:
    """`ip` on the other host."""
    run("ip", "-n", OTHER_HOST, *words)


async def test_a_free_vip_is_taken_after_half_a_second_of_silence(node: Node) -> None:
    began = asyncio.get_running_loop().time()
    assert node.reasons() == ["asking whether another host has 192.0.2.100/32"]
    assert node.newcomers.undecided()
    assert await node.reasons_after_a_round() == []
    assert not node.newcomers.undecided()
    assert asyncio.get_running_loop().time() - began < 1.0


async def test_a_peer_that_has_the_vip_is_named_and_keeps_it_until_it_has_it_no_more(node: Node) -> None:
    other("address", "add", f"{PEER.address}/24", "dev", "far0")
    other("address", "add", "192.0.2.100/32", "dev", "far0")
    reasons = await node.reasons_after_a_round()
    assert reasons == ["peer (192.0.2.1) has 192.0.2.100/32, and its adverts do not come here"]
    node.clock.now += 2 * LIMIT
    assert node.reasons() == reasons
    other("address", "delete", "192.0.2.100/32", "dev", "far0")
    assert await node.reasons_after_a_round() == []


async def test_a_stranger_that_has_the_vip_holds_it_up_for_five_seconds(node: Node) -> None:
    other("address", "add", "192.0.2.100/32", "dev", "far0")
    (reason,) = await node.reasons_after_a_round()
    assert reason.endswith("has 192.0.2.100/32; waiting 5 s for an advert")
    node.clock.now += LIMIT
    assert node.reasons() == []


async def test_an_advert_ends_the_wait_at_once(node: Node) -> None:
    node.entry.heard = Heard(PEER.address, 229, node.clock.now)
    assert node.reasons() == []


async def test_a_vip_of_our_own_kernel_is_nobody_elses(node: Node) -> None:
    run("ip", "address", "add", "192.0.2.100/32", "dev", "eth0")
    assert await node.reasons_after_a_round() == []


async def test_an_interface_that_is_off_is_asked_again_later(node: Node) -> None:
    run("ip", "link", "set", "eth0", "down")
    assert await node.reasons_after_a_round() == ["asking whether another host has 192.0.2.100/32"]
    run("ip", "link", "set", "eth0", "up")
    assert [await node.reasons_after_a_round(), await node.reasons_after_a_round()][-1] == []


async def test_a_router_that_took_part_is_no_newcomer_again(node: Node) -> None:
    await node.reasons_after_a_round()
    node.newcomers.look_at(node.entries)
    assert node.reasons() == []


async def test_a_router_that_takes_part_under_another_vrid_is_no_newcomer(node: Node) -> None:
    await node.reasons_after_a_round()
    renumbered = ROUTER.model_copy(update={"vrid": ROUTER.vrid + 1})
    node.entries[ROUTER.name] = RouterEntry(ResolvedRouter(renumbered, "eth0", OURS, Transport.UNICAST, VIP, ()))
    node.newcomers.look_at(node.entries)
    assert node.reasons() == []
