"""The VIPs on this host: recorded before they come, leased while they are held, removed when they should be gone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from float.addresses import Addresses
from float.custody import BLIND_LOOKS, STRAY_AFTER, Custody
from float.guard import Watched
from float.host import HostAddress, HostView
from float.lease import LeaseKeeper
from float.ownership import OwnershipRecord
from shared.models import IpAddress, VirtualIp, VrrpState
from tests.unit.float_samples import RESOLVED_SPEC, ROUTER, VIP, VIP6, address, entry, host, ips, resolved_spec

VIP_HERE = address("192.0.2.100/32")
OLD_VIP_HERE = address("192.0.2.50/32")


class ScriptedAddresses(Addresses):
    """A kernel that has these addresses."""

    def __init__(self, *present: HostAddress) -> None:
        self.present = list(present)
        self.latest = HostView((), ())
        self.views = 0
        self.news = False

    async def view(self) -> HostView:
        self.views += 1
        self.latest = host(*self.present)
        return self.latest

    def changed(self) -> bool:
        return self.news

    async def remove(self, address: HostAddress) -> None:
        self.present.remove(address)


class ScriptedLease(LeaseKeeper):
    """Writes down what it is to hold."""

    def hold(self, addresses: Iterable[tuple[str, IpAddress]]) -> None:
        self.held = set(addresses)


class World:
    """A custody and all that it stands on."""

    def __init__(self, folder: Path) -> None:
        self.kernel = ScriptedAddresses()
        self.lease = ScriptedLease()
        self.path = folder / "owned.json"
        self.begin()

    def begin(self) -> None:
        """A float starts, with what is recorded."""
        self.record = OwnershipRecord(self.path, "boot")
        self.custody = Custody(addresses=self.kernel, lease=self.lease, record=self.record)

    async def with_a_retired_vip(self) -> None:
        """The master's spec has lost 192.0.2.50, which its kernel had at that moment."""
        self.record.replace(ips("192.0.2.50", "192.0.2.100"))
        self.kernel.present = [OLD_VIP_HERE]
        await self.custody.look()
        self.custody.claim(RESOLVED_SPEC)

    async def looks(self, *moments: float, present: bool) -> None:
        """Looks of a master's, the kernel having that VIP from the first on, or not."""
        self.kernel.present = [OLD_VIP_HERE] if present else []
        for now in moments:
            await self.custody.look()
            await self.custody.remove_strays([entry(VrrpState.MASTER)], now)

    async def removed_of(self, present: HostAddress, state: VrrpState, *, seconds: float) -> bool:
        """Whether that address is gone after so long in that state."""
        self.kernel.present = [present]
        for now in (100.0, 100.0 + seconds):
            await self.custody.look()
            await self.custody.remove_strays([entry(state)], now)
        return not self.kernel.present


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A host with its own address only."""
    return World(tmp_path)


async def test_the_vips_of_the_spec_are_recorded(world: World) -> None:
    world.custody.claim(RESOLVED_SPEC)
    assert world.record.addresses == ips("192.0.2.100")


async def test_a_vip_of_the_old_spec_stays_recorded_until_it_is_gone(world: World) -> None:
    world.record.replace(ips("192.0.2.50", "192.0.2.51"))
    world.kernel.present = [OLD_VIP_HERE]
    await world.custody.look()
    world.custody.claim(RESOLVED_SPEC)
    assert world.record.addresses == ips("192.0.2.50", "192.0.2.100")


async def test_a_sweep_removes_what_is_ours_and_nothing_else(world: World) -> None:
    foreign = address("192.0.2.200/32")
    world.record.replace(ips("192.0.2.50"))
    world.kernel.present = [OLD_VIP_HERE, foreign, address("192.0.2.100/32", marked=True)]
    await world.custody.sweep(ips("192.0.2.100"))
    assert world.kernel.present == [foreign]
    assert world.custody.host == host(foreign)


async def test_every_vip_of_a_master_is_leased_on_its_device(world: World) -> None:
    router = ROUTER.model_copy(update={"excluded": (VIP6,)})
    world.custody.hold([entry(VrrpState.MASTER, router=router)])
    assert world.lease.held == {("eth0", VIP.address), ("eth0", VIP6.address)}


async def test_a_node_that_holds_nothing_leases_nothing(world: World) -> None:
    world.custody.hold([])
    assert world.lease.held == set()


@pytest.mark.parametrize("state", [VrrpState.BACKUP, VrrpState.FAULT, VrrpState.INIT])
async def test_a_vip_on_a_node_that_is_not_master_is_removed(world: World, state: VrrpState) -> None:
    world.custody.claim(RESOLVED_SPEC)
    assert await world.removed_of(VIP_HERE, state, seconds=STRAY_AFTER)


async def test_keepalived_is_given_a_moment_to_remove_it_itself(world: World) -> None:
    world.custody.claim(RESOLVED_SPEC)
    assert not await world.removed_of(VIP_HERE, VrrpState.BACKUP, seconds=STRAY_AFTER / 2)


async def test_the_vip_of_a_master_is_never_removed(world: World) -> None:
    world.custody.claim(RESOLVED_SPEC)
    assert not await world.removed_of(VIP_HERE, VrrpState.MASTER, seconds=60.0)


async def test_a_vip_that_the_new_spec_no_longer_has_is_removed_from_the_master_too(world: World) -> None:
    world.record.replace(ips("192.0.2.50", "192.0.2.100"))
    assert await world.removed_of(OLD_VIP_HERE, VrrpState.MASTER, seconds=STRAY_AFTER)


async def test_a_retired_vip_that_went_may_come_back_as_another_stacks(world: World) -> None:
    await world.with_a_retired_vip()
    await world.looks(100.0, present=False)
    await world.looks(100.0 + STRAY_AFTER, present=False)
    await world.looks(200.0, 200.0 + 60.0, present=True)
    assert world.kernel.present == [OLD_VIP_HERE]
    assert OwnershipRecord(world.path, "boot").addresses == ips("192.0.2.100")


async def test_a_retired_vip_that_another_stack_adds_at_once_is_its_own(world: World) -> None:
    await world.with_a_retired_vip()
    await world.looks(100.0, present=False)
    await world.looks(100.0 + STRAY_AFTER / 2, 200.0, 260.0, present=True)
    assert world.kernel.present == [OLD_VIP_HERE]


async def test_a_retired_vip_that_this_float_removed_is_not_removed_again(world: World) -> None:
    await world.with_a_retired_vip()
    await world.looks(100.0, 100.0 + STRAY_AFTER, present=True)
    assert world.kernel.present == []
    await world.looks(101.0, 160.0, present=True)
    assert world.kernel.present == [OLD_VIP_HERE]


async def test_a_vip_of_the_spec_stays_recorded_while_the_kernel_has_it_not(world: World) -> None:
    world.custody.claim(RESOLVED_SPEC)
    await world.looks(100.0, 200.0, present=False)
    assert world.record.addresses == ips("192.0.2.100")


async def test_before_the_first_spec_nothing_that_was_recorded_is_forgotten(world: World) -> None:
    world.record.replace(ips("192.0.2.50"))
    world.begin()
    await world.looks(100.0, 200.0, present=False)
    assert world.record.addresses == ips("192.0.2.50")


async def test_an_address_that_is_not_ours_is_never_removed(world: World) -> None:
    world.custody.claim(RESOLVED_SPEC)
    assert not await world.removed_of(address("192.0.2.200/32"), VrrpState.BACKUP, seconds=60.0)


async def test_a_stray_that_went_and_came_back_is_given_its_moment_again(world: World) -> None:
    world.custody.claim(RESOLVED_SPEC)
    world.kernel.present = [VIP_HERE]
    await world.custody.look()
    await world.custody.remove_strays([entry(VrrpState.BACKUP)], 100.0)
    await world.custody.remove_strays([entry(VrrpState.MASTER)], 100.25)
    await world.custody.remove_strays([entry(VrrpState.BACKUP)], 100.0 + STRAY_AFTER)
    assert world.kernel.present == [VIP_HERE]


async def test_a_host_that_tells_of_no_change_is_not_looked_at_again(world: World) -> None:
    await world.custody.look()
    await world.custody.look_if_changed()
    assert world.kernel.views == 1


async def test_a_host_that_tells_of_a_change_is_looked_at(world: World) -> None:
    await world.custody.look()
    world.kernel.news = True
    await world.custody.look_if_changed()
    assert world.kernel.views == 2


async def test_what_an_examined_spec_found_on_the_host_is_known_though_it_is_no_news_any_more(world: World) -> None:
    await world.custody.look()
    world.kernel.present = [VIP_HERE]
    await world.kernel.view()
    await world.custody.look_if_changed()
    assert world.custody.host == host(VIP_HERE)


async def test_the_first_look_needs_no_news(world: World) -> None:
    await world.custody.look_if_changed()
    assert world.kernel.views == 1


async def test_a_silent_host_is_looked_at_now_and_then(world: World) -> None:
    await world.custody.look()
    for _ in range(BLIND_LOOKS):
        await world.custody.look_if_changed()
    assert world.kernel.views == 2


def test_before_the_first_look_no_recorded_address_counts_as_gone(world: World) -> None:
    world.record.replace(ips("192.0.2.50"))
    world.custody.claim(RESOLVED_SPEC)
    assert ips("192.0.2.50") < world.record.addresses


def test_the_routers_are_recorded_for_whoever_finds_their_vips_on_this_host(world: World) -> None:
    world.custody.claim(RESOLVED_SPEC)
    assert world.record.watched == (
        Watched(77, ips("192.0.2.100"), "eth0", None, frozenset(RESOLVED_SPEC.routers[0].peers)),
    )


def test_a_vip_that_can_have_no_lease_is_said_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    router = ROUTER.model_copy(update={"virtual_ips": (VIP, VirtualIp.parse("2001:db8::100/64@eth0"))})
    world.custody.claim(resolved_spec(router))
    world.custody.claim(resolved_spec(router))
    assert [r.getMessage().partition(" ")[0] for r in caplog.records] == ["2001:db8::100/64"]
