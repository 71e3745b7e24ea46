"""The kernel's addresses behind their doors: seen, removed, leased, and let go when the float is gone."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from float import rtnetlink
from float.addresses import Addresses
from float.host import KEEPALIVED_PROTOCOL, HostAddress, HostView
from float.lease import LEASE, LeaseKeeper
from float.lease_door import LeaseDoor
from float.netlink import Netlink
from tests.contract.float_world import eventually, kernel_address, own_network, run

pytestmark = pytest.mark.lab

VIP = ipaddress.ip_address("192.0.2.100")
VIP6 = ipaddress.ip_address("2001:db8::100")
HELD = frozenset({("eth0", VIP)})


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    """A host of the test's own."""
    with own_network("addresses"):
        yield


@pytest.fixture
async def addresses(network: None) -> AsyncIterator[Addresses]:
    """The supervisor's door."""
    door = Addresses()
    yield door
    await door.close()


@pytest.fixture
def lease(network: None) -> Iterator[LeaseDoor]:
    """The lease keeper's door."""
    door = LeaseDoor()
    yield door
    door.close()


def add(cidr: str, *further: str) -> None:
    """Put an address on eth0."""
    run("ip", "address", "add", cidr, "dev", "eth0", *further)


def lifetime(address: str) -> int:
    """Seconds that the kernel still keeps it."""
    found = kernel_address(address)
    assert found is not None
    return int(found["valid_life_time"])


async def test_interfaces_and_addresses_are_seen(addresses: Addresses) -> None:
    host = await addresses.view()
    assert {"lo", "eth0", "eth1"} <= set(host.interfaces)
    assert [(a.interface, a.prefix, a.marked) for a in host.having(ipaddress.ip_address("192.0.2.3"))] == [
        ("eth0", 24, False)
    ]
    assert host.having(ipaddress.ip_address("2001:db8::3"))


async def test_an_interface_that_is_off_or_without_cable_is_down(addresses: Addresses) -> None:
    run("ip", "link", "set", "far0", "down")
    run("ip", "link", "set", "eth1", "down")
    assert eventually(lambda: "NO-CARRIER" in run("ip", "link", "show", "eth0"))
    assert {"eth0", "eth1"} <= (await addresses.view()).down


async def test_default_gateways_of_both_families_are_seen(addresses: Addresses) -> None:
    run("ip", "route", "add", "default", "via", "2001:db8::1")
    run("ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.9")
    assert await addresses.gateways() == {ipaddress.ip_address("192.0.2.254"), ipaddress.ip_address("2001:db8::1")}


@pytest.mark.parametrize("cidr", ["192.0.2.100/32", "192.0.2.100/24", "2001:db8::100/128"])
async def test_an_address_is_removed_and_no_other(addresses: Addresses, cidr: str) -> None:
    add(cidr)
    found = (await addresses.view()).having(ipaddress.ip_interface(cidr).ip)
    await addresses.remove(found[0])
    assert kernel_address(cidr.partition("/")[0]) is None
    assert kernel_address("192.0.2.3")


async def test_an_address_that_is_gone_already_is_no_error(addresses: Addresses) -> None:
    await addresses.remove(HostAddress("eth0", _index("eth0"), VIP, 32))
    await addresses.remove(HostAddress("gone", 9_999, VIP, 32))
    assert kernel_address("192.0.2.100") is None


async def test_a_renewed_lease_is_no_change(addresses: Addresses, lease: LeaseDoor) -> None:
    add("192.0.2.100/32")
    await addresses.view()
    lease.renew(HELD, seconds=3)
    lease.renew(HELD, seconds=3)
    assert not addresses.changed()


@pytest.mark.parametrize(
    "words",
    [
        "address add 192.0.2.101/32 dev eth0",
        "address delete 192.0.2.100/32 dev eth0",
        "address add 192.0.2.100/24 dev eth0",
        "address add 192.0.2.100/32 dev eth1",
        "link set eth1 down",
        "link set far0 down",
        "link delete eth1",
    ],
)
async def test_a_changed_host_is_noticed_once(addresses: Addresses, words: str) -> None:
    add("192.0.2.100/32")
    await addresses.view()
    assert not addresses.changed()
    run("ip", *words.split())
    assert eventually(addresses.changed)
    for _ in range(20):  # the kernel tells of a link in several parts, the last up to a second later
        await addresses.view()
        if not eventually(addresses.changed, within=0.1):
            return
    pytest.fail("the host counts as changed after every look")


async def test_a_host_that_was_never_looked_at_counts_as_changed(addresses: Addresses) -> None:
    assert addresses.changed()


def test_the_keepers_door_removes_an_address_wherever_it_is_and_no_other(lease: LeaseDoor) -> None:
    add("192.0.2.100/32")
    add("192.0.2.100/24")
    run("ip", "address", "add", "192.0.2.100/32", "dev", "eth1")
    assert len(lease.remove(frozenset({VIP, VIP6}))) == 3
    assert kernel_address("192.0.2.100") is None
    assert kernel_address("192.0.2.100", device="eth1") is None
    assert kernel_address("192.0.2.3")


def _index(device: str) -> int:
    return int(run("ip", "-oneline", "link", "show", device).partition(":")[0])


def test_a_vip_gets_a_lifetime(lease: LeaseDoor) -> None:
    add("192.0.2.100/32")
    assert lease.renew(HELD, seconds=3) == HELD
    assert lifetime("192.0.2.100") <= 3


def test_a_renewal_keeps_everything_else_of_the_address(lease: LeaseDoor) -> None:
    add("198.51.100.100/24", "brd", "198.51.100.255", "label", "eth0:vip", "scope", "link")
    lease.renew(frozenset({("eth0", ipaddress.ip_address("198.51.100.100"))}), seconds=3)
    found = kernel_address("198.51.100.100") or {}
    assert {key: found.get(key) for key in ("prefixlen", "broadcast", "label", "scope")} == {
        "prefixlen": 24,
        "broadcast": "198.51.100.255",
        "label": "eth0:vip",
        "scope": "link",
    }


def test_a_renewal_keeps_the_mark_of_keepalived(lease: LeaseDoor) -> None:
    _add_marked("192.0.2.100", 32)
    lease.renew(HELD, seconds=3)
    assert [a.marked for a in asyncio.run(_look()).having(VIP)] == [True]


def test_an_ipv6_vip_is_leased_as_well(lease: LeaseDoor) -> None:
    add("2001:db8::100/128", "nodad")
    wanted = frozenset({("eth0", VIP6)})
    assert lease.renew(wanted, seconds=3) == wanted
    assert lifetime("2001:db8::100") <= 3


def test_an_ipv6_vip_with_a_subnet_is_left_alone_since_the_route_hangs_on_it(lease: LeaseDoor) -> None:
    add("2001:db8::100/64", "nodad")
    assert lease.renew(frozenset({("eth0", VIP6)}), seconds=3) == frozenset()


def test_a_renewal_never_adds_an_address(lease: LeaseDoor) -> None:
    assert lease.renew(HELD, seconds=3) == frozenset()
    assert kernel_address("192.0.2.100") is None


def test_a_vip_on_another_device_is_not_renewed(lease: LeaseDoor) -> None:
    add("192.0.2.100/32")
    assert lease.renew(frozenset({("eth1", VIP)}), seconds=3) == frozenset()


def test_the_hosts_own_address_keeps_its_endless_life(lease: LeaseDoor) -> None:
    add("192.0.2.100/32")
    before = lifetime("192.0.2.3")
    lease.renew(HELD, seconds=3)
    assert lifetime("192.0.2.3") == before


def test_the_keeper_renews_at_once_and_the_vip_lapses_when_nobody_holds_it() -> None:
    add("192.0.2.100/32")
    keeper = LeaseKeeper()
    keeper.start()
    keeper.hold(HELD)
    assert eventually(lambda: lifetime("192.0.2.100") <= 3)
    assert keeper.alive()
    keeper.hold(())
    assert eventually(lambda: kernel_address("192.0.2.100") is None, within=6.0)
    _end(keeper)


def test_a_vip_outlives_its_lifetime_while_it_is_held() -> None:
    add("192.0.2.100/32")
    keeper = LeaseKeeper()
    keeper.start()
    keeper.hold(HELD)
    assert not eventually(lambda: kernel_address("192.0.2.100") is None, within=4.5)
    _end(keeper)


def test_a_thousand_vips_outlive_ten_seconds_in_which_the_supervisor_is_blocked(tmp_path: Path) -> None:
    vips = [ipaddress.ip_address("198.18.0.0") + number for number in range(1, 1001)]
    batch = tmp_path / "batch"
    batch.write_text("".join(f"address add {vip}/32 dev eth0\n" for vip in vips))
    run("ip", "-batch", str(batch))
    keeper = LeaseKeeper()
    keeper.start()
    keeper.hold(("eth0", vip) for vip in vips)
    assert eventually(lambda: lifetime(str(vips[-1])) <= LEASE)
    run("sleep", "10")  # this process does nothing meanwhile, and the keeper is another one
    assert run("ip", "-oneline", "address", "show", "dev", "eth0").count("198.18.") == len(vips)
    _end(keeper)


def test_a_keeper_that_was_killed_is_noticed() -> None:
    keeper = LeaseKeeper()
    keeper.start()
    os.kill(keeper.pid, 9)
    assert eventually(lambda: not keeper.alive())


async def _look() -> HostView:
    door = Addresses()
    try:
        return await door.view()
    finally:
        await door.close()


def _add_marked(address: str, prefix: int) -> None:
    """As keepalived 2.3.2 and newer do; Debian 12's `ip` cannot."""
    packed = ipaddress.ip_address(address).packed
    attributes = {1: packed, 2: packed, 11: bytes([KEEPALIVED_PROTOCOL])}  # IFA_ADDRESS, IFA_LOCAL, IFA_PROTO
    marked = rtnetlink.AddressMessage(socket.AF_INET, prefix, 0, 0, _index("eth0"), attributes)
    netlink = Netlink()
    assert netlink.change([functools.partial(rtnetlink.renew_address, found=marked, seconds=1000)]) == [0]
    netlink.close()


def _end(keeper: LeaseKeeper) -> None:
    os.kill(keeper.pid, 9)
    assert eventually(lambda: not keeper.alive())
