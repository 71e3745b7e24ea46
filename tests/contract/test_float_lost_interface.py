"""Interfaces that go, and come again: what does not need them is served, and on new ones of the old name we listen."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.models import ServiceClaim, VirtualIp
from tests.contract.float_world import PEER, ROUTER, SPEC, kernel_address, other_host, plug_in, run
from tests.contract.whole_float import ALONE, VIP, Machine, machine_called

pytestmark = pytest.mark.lab

ELSEWHERE = (VirtualIp.parse("198.51.100.50/24@eth1"),)
WEB = ROUTER.model_copy(
    update={
        "name": "web",
        "vrid": 50,
        "peers": (),
        "virtual_ips": ELSEWHERE,
        "excluded": (),
        "claims": (ServiceClaim(service="web", label=str(ELSEWHERE[0]), virtual_ips=ELSEWHERE),),
    }
)
BOTH = ALONE.model_copy(update={"virtual_routers": (*ALONE.virtual_routers, WEB)})
SOON = 20.0


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with machine_called("nic", tmp_path) as made:
        run("ip", "address", "add", "198.51.100.3/24", "dev", "eth1")
        yield made


async def test_keepalived_starts_again_without_the_service_whose_interface_is_gone(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    async def part() -> None:
        await machine.serving()
        async with asyncio.timeout(SOON):
            while kernel_address("198.51.100.50", device="eth1") is None:
                await asyncio.sleep(0.05)
        run("ip", "link", "delete", "eth1")
        os.kill(int((machine.folder / "keepalived.pid").read_text()), signal.SIGKILL)
        async with asyncio.timeout(SOON):
            while "web" in (machine.folder / "keepalived.conf").read_text() or not machine.keepalived.running:
                await asyncio.sleep(0.05)
        await machine.serving()

    async with asyncio.timeout(60):
        await machine.play(part, BOTH)
    assert "interface 'eth1' is not on this node" in caplog.text
    assert "the spec is refused" not in caplog.text


async def test_who_claims_the_vip_on_an_interface_that_was_made_anew_is_heard(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    async def part() -> None:
        await machine.serving()
        run("ip", "link", "delete", "eth0")
        plug_in("eth0", "far0")
        run("ip", "address", "add", "192.0.2.3/24", "brd", "+", "dev", "eth0")
        with other_host() as there:
            there("ip", "address", "add", f"{VIP}/32", "dev", "far0")
            async with asyncio.timeout(SOON):
                while "claims 192.0.2.100 on eth0" not in caplog.text:
                    machine.ears.ask("eth0", [ipaddress.ip_address(VIP)])
                    await asyncio.sleep(0.2)

    async with asyncio.timeout(60):
        await machine.play(part)


async def test_by_multicast_adverts_come_from_the_address_that_the_interface_has_now(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def part() -> None:
        await machine.serving()
        run("ip", "address", "del", "192.0.2.3/24", "dev", "eth0")
        async with asyncio.timeout(SOON):
            while "to FAULT, address: eth0 does not carry 192.0.2.3" not in caplog.text or kernel_address(VIP):
                await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        assert kernel_address(VIP) is None
        run("ip", "address", "add", "192.0.2.7/24", "brd", "+", "dev", "eth0")
        async with asyncio.timeout(SOON):
            await machine.serving()
            machine.sources()
            await asyncio.sleep(1)
        assert set(machine.sources()) == {"192.0.2.7"}

    async with asyncio.timeout(60):
        with_a_peer = (ROUTER.model_copy(update={"peers": (PEER,)}),)
        await machine.play(part, ALONE.model_copy(update={"virtual_routers": with_a_peer, "interface": "eth0"}))


async def test_a_node_whose_nic_becomes_a_bridges_port_serves_from_the_bridge(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    async def part() -> None:
        await machine.serving()
        run("ip", "link", "add", "br0", "type", "bridge")
        run("ip", "link", "set", "br0", "up")
        run("ip", "address", "del", "192.0.2.3/24", "dev", "eth0")
        async with asyncio.timeout(SOON):
            while "to FAULT, address: eth0 does not carry 192.0.2.3" not in caplog.text:
                await asyncio.sleep(0.05)
        run("ip", "link", "set", "eth0", "master", "br0")
        run("ip", "address", "add", "192.0.2.3/24", "brd", "+", "dev", "br0")
        async with asyncio.timeout(SOON):
            while kernel_address(VIP, device="br0") is None:
                await asyncio.sleep(0.05)
        assert kernel_address(VIP) is None

    caplog.set_level("INFO")
    own = ROUTER.model_copy(update={"peers": (PEER,), "excluded": ()})
    async with asyncio.timeout(60):
        await machine.play(part, SPEC.model_copy(update={"virtual_routers": (own,)}))
