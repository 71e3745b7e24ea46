"""The real keepalived on a template of the user's: what we add passes its test, and its word decides the rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest

from float.addresses import Addresses
from float.advert_log import AdvertLog
from float.examine import Examiner
from float.keepalived import Keepalived
from float.neighbour import Claim
from float.ownership import OwnershipRecord
from float.render import Renderer
from float.resolve import ResolvedSpec, UnresolvableError
from float.vacancy import Vacancy
from shared.additions import Template
from shared.clock import SystemClock
from shared.models import IpAddress
from tests.contract.float_world import SPEC, own_network

pytestmark = pytest.mark.lab

CLEAN = """\
global_defs {
    router_id {{ ROUTER_ID }}
    vrrp_version 3
}
vrrp_instance lb {
    state BACKUP
    nopreempt
    interface {{ INTERFACE }}
    virtual_router_id {{ VRID }}
    priority 120
    advert_int 0.1
    virtual_ipaddress {
        {{ VIRTUAL_IP }}/{{ VIRTUAL_MASK }} dev {{ INTERFACE }}
    }
}
"""


class World:
    """A host, and the examiner on it."""

    def __init__(self, folder: Path, addresses: Addresses) -> None:
        self.keepalived, self.renderer = Keepalived(folder), Renderer(folder)
        self.examiner = Examiner(
            addresses=addresses,
            renderer=self.renderer,
            keepalived=self.keepalived,
            record=OwnershipRecord(folder / "owned.json", "boot"),
            vacancy=Vacancy(_nobody, _deaf, AdvertLog(), clock=SystemClock(), sleep=asyncio.sleep),
        )

    async def examine(self, content: str) -> ResolvedSpec:
        template = Template(name="/own.j2", content=content)
        return await self.examiner.examine(SPEC.model_copy(update={"template": template}))


async def _nobody(nic: str, addresses: Collection[IpAddress], seconds: float) -> tuple[Claim, ...]:
    return ()


def _deaf(spec: ResolvedSpec) -> None:
    """Nobody advertises here."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with own_network("own"):
        addresses = Addresses()
        yield World(tmp_path, addresses)
        await addresses.close()


async def test_keepalived_has_nothing_against_what_we_add(world: World) -> None:
    resolved = await world.examine(CLEAN)
    for preempting in ((), ("lb",)):
        assert await world.keepalived.config_test(world.renderer.render(resolved, preempting=preempting)) == ()


async def test_the_virtual_router_is_the_templates_and_no_longer_the_built_in_one(world: World) -> None:
    (router,) = (await world.examine(CLEAN)).routers
    assert (router.router.name, router.router.vrid, router.router.priority) == ("lb", 77, 120)


async def test_what_keepalived_only_complains_of_is_a_warning(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.examine(CLEAN.replace("    nopreempt\n", "    nopreempt\n    no_such_word\n"))
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [warning for warning in warnings if "no_such_word" in warning]


async def test_a_template_for_an_interface_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(UnresolvableError, match="'eth9' is not on this node"):
        await world.examine(CLEAN.replace("interface {{ INTERFACE }}", "interface eth9"))


async def test_a_template_whose_virtual_ip_is_the_hosts_own_address_is_refused(world: World) -> None:
    with pytest.raises(UnresolvableError, match="is an address of this node itself"):
        await world.examine(CLEAN.replace("{{ VIRTUAL_IP }}", "192.0.2.3"))


async def test_a_broken_template_is_refused_with_its_line(world: World) -> None:
    with pytest.raises(UnresolvableError, match=r"^KEEPALIVED_CONF_TEMPLATE='/own\.j2' line 2: 'OOPS' is undefined$"):
        await world.examine(CLEAN.replace("ROUTER_ID", "OOPS"))
