"""Claims of a VIP: a peer's, a stranger's, and those of which nobody can say; on a segment that only the test knows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from float.advert import Advert
from float.defence import WAIT
from float.neighbour import Claim
from float.routers import RouterEntry
from float.stranger import CLAIM_COUNTS, Seen
from float.strangers import OnClaim, Strangers
from shared.models import IpAddress, VirtualIp, VrrpState
from shared.status import ForeignClaim, ForeignRouter
from tests.unit.anchor_fakes import FakeClock
from tests.unit.float_samples import BEST, ROUTER, STRANGER, VIP, entry, heard

PEERS_MAC, STRANGERS_MAC = "02:00:00:00:00:01", "02:00:00:00:00:66"
CLAIMED = ForeignClaim(virtual_ip="192.0.2.100", mac=STRANGERS_MAC, interface="eth0")
ELSEWHERE = VirtualIp.parse("192.0.2.100/32@eth1")


class FakeEars:
    def __init__(self) -> None:
        self.wanted: Mapping[str, frozenset[IpAddress]] = {}
        self.asked: list[tuple[str, IpAddress]] = []
        self.announced: list[tuple[str, IpAddress]] = []
        self.told: OnClaim = lambda device, claim: None

    def hear(self, wanted: Mapping[str, frozenset[IpAddress]], told: OnClaim) -> None:
        self.wanted, self.told = wanted, told

    def ask(self, device: str, addresses: Iterable[IpAddress]) -> None:
        self.asked += [(device, address) for address in addresses]

    def announce(self, device: str, addresses: Iterable[IpAddress]) -> None:
        self.announced += [(device, address) for address in addresses]


class World:
    def __init__(self) -> None:
        self.ears, self.clock = FakeEars(), FakeClock()
        self.probed: list[Collection[IpAddress]] = []
        self.watch = Strangers(self.ears, self.probe, self.clock)

    async def probe(self, interface: str, addresses: Collection[IpAddress], seconds: float) -> tuple[Claim, ...]:
        self.probed.append(addresses)
        return (Claim(BEST.address, PEERS_MAC),)

    @asynccontextmanager
    async def watching(self, one: RouterEntry) -> AsyncIterator[None]:
        self.watch.look_at({"vip": one})
        task = asyncio.create_task(self.watch.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def claimed(self, mac: str, *, device: str = "eth0") -> tuple[ForeignClaim, ...]:
        """What is known once somebody claimed the VIP, and the peers were asked."""
        self.ears.told(device, Claim(VIP.address, mac))
        for _ in range(10):
            await asyncio.sleep(0)
        return self.watch.seen()["vip"].claims


async def test_every_vip_is_listened_for_on_its_own_device() -> None:
    world = World()
    world.watch.look_at({"vip": entry(router=ROUTER.model_copy(update={"excluded": (ELSEWHERE,)}))})
    assert world.ears.wanted == {"eth0": {VIP.address}, "eth1": {ELSEWHERE.address}}


async def test_a_mac_that_is_no_peers_is_a_strangers_for_a_while() -> None:
    world = World()
    async with world.watching(entry()):
        assert await world.claimed(STRANGERS_MAC) == (CLAIMED,)
        world.clock.now += CLAIM_COUNTS + 1
        assert world.watch.seen()["vip"] == Seen()


async def test_a_peer_is_known_by_the_mac_with_which_it_answers() -> None:
    world = World()
    async with world.watching(entry()):
        assert await world.claimed(PEERS_MAC) == ()
        assert BEST.address in world.probed[0]


async def test_on_another_nic_a_mac_may_be_a_peers_unless_we_alone_are_master() -> None:
    router = ROUTER.model_copy(update={"virtual_ips": (ELSEWHERE,)})
    world = World()
    async with world.watching(entry(VrrpState.BACKUP, router=router)):
        assert await world.claimed(STRANGERS_MAC, device="eth1") == ()
    async with world.watching(entry(VrrpState.MASTER, router=router, heard=heard(BEST, 250, world.clock.now))):
        assert await world.claimed(STRANGERS_MAC, device="eth1") == ()
    async with world.watching(entry(VrrpState.MASTER, router=router)):
        assert await world.claimed(STRANGERS_MAC, device="eth1") == (CLAIMED.model_copy(update={"interface": "eth1"}),)


async def test_a_foreign_router_is_said_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.watch.look_at({"vip": entry()})
    for _ in range(100):
        world.watch.heard(Advert(STRANGER, 2, 77, 100), member=False)
        world.watch.seen()
    assert world.watch.seen()["vip"].routers == (ForeignRouter(address="192.0.2.66", version=2, priority=100),)
    world.clock.now += 60
    world.watch.seen()
    assert [record.getMessage() for record in caplog.records] == [
        "vip: a stranger is on the segment: 192.0.2.66 advertises its VRID (VRRPv2, priority 100)",
        "vip: no stranger is seen any more",
    ]


async def test_adverts_of_another_vrid_are_no_matter() -> None:
    world = World()
    world.watch.look_at({"vip": entry()})
    world.watch.heard(Advert(STRANGER, 3, 78, 100), member=False)
    assert world.watch.seen() == {"vip": Seen()}


async def test_what_is_known_of_a_router_that_goes_is_forgotten() -> None:
    world = World()
    world.watch.look_at({"vip": entry()})
    world.watch.heard(Advert(STRANGER, 3, 77, 100), member=False)
    world.watch.look_at({})
    world.watch.look_at({"vip": replace(entry())})
    assert world.watch.seen() == {"vip": Seen()}


async def test_a_holder_answers_a_peers_claim_too_once_a_successor_would_have_been_heard() -> None:
    world = World()
    world.watch.look_at({"vip": entry(VrrpState.MASTER)})
    world.ears.told("eth0", Claim(VIP.address, PEERS_MAC))
    assert world.ears.announced == []
    await asyncio.sleep(WAIT + 0.1)
    assert world.ears.announced == [("eth0", VIP.address)]
