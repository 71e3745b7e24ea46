"""Free, held by one of ours, or a stranger's: asked once for each claim, with a segment that only the test knows."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import replace

import pytest

from float.advert import Advert
from float.advert_log import AdvertLog
from float.neighbour import Claim
from float.resolve import ResolvedSpec
from float.vacancy import HEAR_FOR, Vacancy
from shared.models import IpAddress, ServiceClaim, Transport, VirtualIp
from tests.unit.anchor_fakes import FakeClock
from tests.unit.float_samples import BEST, ROUTER, STRANGER, resolved_spec

WANTED = VirtualIp.parse("192.0.2.50/32@eth0")
CLAIM = ServiceClaim(service="web", label="192.0.2.50", virtual_ips=(WANTED,))
SPEC = resolved_spec(
    ROUTER, ROUTER.model_copy(update={"name": "web", "vrid": 50, "virtual_ips": (WANTED,), "claims": (CLAIM,)})
)

WANTED6 = VirtualIp.parse("2001:db8::50/128@eth0")
CLAIM6 = ServiceClaim(service="six", label="2001:db8::50", virtual_ips=(WANTED6,))
SIX = resolved_spec(
    ROUTER.model_copy(update={"name": "six", "vrid": 50, "virtual_ips": (WANTED6,), "claims": (CLAIM6,)})
)
SPEC6 = replace(SIX, routers=(replace(SIX.routers[0], source=None, transport=Transport.MULTICAST),))
"""An IPv6 address alone among IPv4 peers: the adverts go by IPv6 multicast, from link-local addresses."""

LINK_LOCAL = ipaddress.ip_address("fe80::1")


class Segment:
    def __init__(self, macs: dict[str, str]) -> None:
        self.macs = macs
        self.asked: list[set[str]] = []
        self.broken = False

    async def probe(self, interface: str, addresses: Collection[IpAddress], seconds: float) -> tuple[Claim, ...]:
        self.asked.append({str(address) for address in addresses})
        if self.broken:
            raise OSError("no Ethernet")
        return tuple(Claim(address, self.macs[str(address)]) for address in addresses if str(address) in self.macs)


class World:
    def __init__(self, macs: dict[str, str] | None = None) -> None:
        self.segment, self.clock, self.adverts = Segment(macs or {}), FakeClock(), AdvertLog()
        self.heard: list[ResolvedSpec] = []
        self.vacancy = Vacancy(
            self.segment.probe, self.heard.append, self.adverts, clock=self.clock, sleep=self.clock.sleep
        )

    async def against(self, spec: ResolvedSpec = SPEC) -> dict[str, str]:
        return await self.vacancy.against(spec)

    def advertised_by(self, source: IpAddress) -> None:
        self.adverts.note(Advert(source, 3, vrid=50, priority=100), self.clock.now)


async def test_what_nobody_answers_for_is_free_and_asked_for_once() -> None:
    world = World()
    assert await world.against() == {}
    assert await world.against() == {}
    assert len(world.segment.asked) == 1
    assert "192.0.2.50" in world.segment.asked[0]


async def test_the_stacks_own_virtual_ips_are_not_asked_for() -> None:
    world = World()
    await world.against(resolved_spec(ROUTER))
    assert world.segment.asked == []


async def test_an_address_that_a_stranger_answers_for_is_refused_with_his_mac_and_asked_for_again() -> None:
    world = World({"192.0.2.50": "02:00:00:00:00:66"})
    assert await world.against() == {"web": "192.0.2.50 is in use: 02:00:00:00:00:66 answers for it on eth0"}
    world.segment.macs.clear()
    assert await world.against() == {}


async def test_a_peer_that_answers_holds_it_for_all_of_us() -> None:
    world = World({"192.0.2.50": "02:00:00:00:00:01", "192.0.2.1": "02:00:00:00:00:01"})
    assert await world.against() == {}


async def test_a_peer_that_advertises_may_answer_from_another_interface() -> None:
    world = World({"192.0.2.50": "02:00:00:00:00:77"})
    world.advertised_by(BEST.address)
    assert await world.against() == {}


async def test_a_vrid_that_a_stranger_advertises_is_refused() -> None:
    world = World()
    world.advertised_by(STRANGER)
    found = await world.against()
    assert found == {"web": f"VRID 50 is advertised by {STRANGER}, which is no manager of this Swarm"}


async def test_a_stranger_who_comes_later_takes_nothing_away() -> None:
    world = World()
    await world.against()
    world.advertised_by(STRANGER)
    assert await world.against() == {}


async def test_where_nobody_can_be_asked_nothing_is_refused() -> None:
    world = World()
    world.segment.broken = True
    assert await world.against() == {}


async def test_silence_means_something_only_after_having_listened_there() -> None:
    world = World()
    began = world.clock.now
    await world.against()
    assert world.heard == [SPEC]
    assert world.clock.now - began == pytest.approx(HEAR_FOR)


async def test_who_has_listened_there_for_long_does_not_wait() -> None:
    world = World()
    await world.against(resolved_spec(ROUTER))
    world.clock.now += 60.0
    began = world.clock.now
    await world.against()
    assert world.clock.now == began


async def test_another_interface_has_to_be_listened_to_anew() -> None:
    world = World()
    await world.against(resolved_spec(ROUTER))
    world.clock.now += 60.0
    began = world.clock.now
    await world.against(replace(SPEC, routers=tuple(replace(router, interface="eth1") for router in SPEC.routers)))
    assert world.clock.now - began == pytest.approx(HEAR_FOR)


async def test_a_peer_that_advertises_from_its_link_local_address_is_known_by_its_mac() -> None:
    mac = "02:00:00:00:00:01"
    world = World({str(BEST.address): mac, str(LINK_LOCAL): mac, "2001:db8::50": mac})
    world.advertised_by(LINK_LOCAL)
    assert await world.against(SPEC6) == {}


async def test_a_stranger_that_advertises_from_a_link_local_address_is_refused() -> None:
    world = World({str(BEST.address): "02:00:00:00:00:01", str(LINK_LOCAL): "02:00:00:00:00:66"})
    world.advertised_by(LINK_LOCAL)
    found = await world.against(SPEC6)
    assert found == {"six": f"VRID 50 is advertised by {LINK_LOCAL}, which is no manager of this Swarm"}


async def test_a_link_local_address_that_nobody_answers_for_is_a_strangers() -> None:
    world = World({str(BEST.address): "02:00:00:00:00:01"})
    world.advertised_by(LINK_LOCAL)
    assert set(await world.against(SPEC6)) == {"six"}


async def test_the_kernel_of_an_ipv4_peer_may_answer_for_an_ipv6_virtual_ip() -> None:
    mac = "02:00:00:00:00:01"
    assert await World({str(BEST.address): mac, "2001:db8::50": mac}).against(SPEC6) == {}
