"""What services ask for, examined on a real host: whose an IPv6 advert is, and how long many virtual routers take."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from float.addresses import Addresses
from float.advert_log import AdvertLog
from float.adverts import AdvertListener
from float.examine import Examiner
from float.keepalived import Keepalived
from float.ownership import OwnershipRecord
from float.probe import probe
from float.render import Renderer
from float.vacancy import Vacancy
from shared.clock import SystemClock
from shared.models import FloatSpec, ServiceClaim, VirtualIp, VirtualRouter
from tests.contract.float_world import PEER, ROUTER, SPEC, other_host, own_network

pytestmark = pytest.mark.lab

MANY = 50
CONFIGURED = 1.0
"""Seconds of CPU, ours and keepalived's, in which that many virtual routers are made ready."""

ADVERTISE = """
import socket, sys, time
sender = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 112)
sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
nic = socket.if_nametoindex("far0")
while True:
    sender.sendto(bytes([0x31, int(sys.argv[1]), 250, 1, 0, 10, 0, 0, *bytes(16)]), ("ff02::12", 0, 0, nic))
    time.sleep(0.1)
"""
"""Adverts as of RFC 9568, section 5.2, from the link-local address of far0."""


def service_router(number: int, address: str) -> VirtualRouter:
    """The virtual router of a service that wants that address."""
    vips = (VirtualIp.parse(address),)
    claim = ServiceClaim(service=f"s{number}", label=address, virtual_ips=vips)
    return VirtualRouter(
        name=f"s{number}",
        vrid=number,
        priority=200,
        demoted_priority=48,
        virtual_ips=vips,
        peers=(PEER,),
        claims=(claim,),
    )


def spec_with(*routers: VirtualRouter) -> FloatSpec:
    """The stack's own virtual router, and these."""
    return SPEC.model_copy(update={"virtual_routers": (ROUTER, *routers)})


@pytest.fixture
async def examiner(tmp_path: Path) -> AsyncIterator[Examiner]:
    with own_network("claims"):
        addresses, listener, log, clock = Addresses(), AdvertListener(), AdvertLog(), SystemClock()
        listener.open(lambda advert: log.note(advert, clock.monotonic()))
        yield Examiner(
            addresses=addresses,
            renderer=Renderer(tmp_path),
            keepalived=Keepalived(tmp_path),
            record=OwnershipRecord(tmp_path / "owned.json", "boot"),
            vacancy=Vacancy(
                lambda nic, wanted, seconds: probe(nic, wanted, seconds=seconds),
                listener.hear,
                log,
                clock=clock,
                sleep=asyncio.sleep,
            ),
        )
        listener.close()
        await addresses.close()


async def test_a_peer_that_advertises_an_ipv6_only_router_from_its_link_local_address_is_no_stranger(
    examiner: Examiner,
) -> None:
    with a_router_beside(str(PEER.address)):
        resolved = await examiner.examine(spec_with(service_router(50, "2001:db8::50")))
    assert resolved.refusals == ()
    assert [router.router.name for router in resolved.routers] == ["VI_1", "s50"]


async def test_a_stranger_that_advertises_an_ipv6_only_router_has_its_vrid(examiner: Examiner) -> None:
    with a_router_beside("192.0.2.66"):
        resolved = await examiner.examine(spec_with(service_router(50, "2001:db8::50")))
    (refusal,) = resolved.refusals
    assert "VRID 50 is advertised by fe80::66, which is no manager of this Swarm" in refusal


async def test_many_virtual_routers_of_their_own_are_configured_in_under_a_second(examiner: Examiner) -> None:
    wanted = spec_with(*(service_router(number, f"192.0.2.{number}") for number in range(110, 110 + MANY)))
    before = _cpu()
    resolved = await examiner.examine(wanted)
    assert len(resolved.routers) == MANY + 1
    assert _cpu() - before < CONFIGURED


def _cpu() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


@contextmanager
def a_router_beside(address: str) -> Iterator[None]:
    """A host at the far end that has the address and fe80::66, and advertises VRID 50 by IPv6 multicast."""
    with other_host() as there:
        there("ip", "address", "add", f"{address}/24", "dev", "far0")
        there("ip", "address", "add", "fe80::66/64", "dev", "far0", "nodad")
        enter = ["ip", "netns", "exec", there("ip", "netns", "identify").strip()]
        with subprocess.Popen([*enter, sys.executable, "-c", ADVERTISE, "50"], cwd="/") as sender:
            try:
                yield
            finally:
                sender.terminate()
