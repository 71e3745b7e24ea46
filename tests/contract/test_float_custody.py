"""What a float that comes back finds on a real kernel: VIPs that are no longer wanted, or wanted elsewhere."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from float.addresses import Addresses
from float.custody import Custody
from float.lease import LeaseKeeper
from float.ownership import OwnershipRecord
from float.resolve import ResolvedSpec, resolve
from shared.models import VirtualIp
from tests.contract.float_world import ROUTER, SPEC, kernel_address, own_network, run

pytestmark = pytest.mark.lab

VIP = "192.0.2.100"


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    """A host of the test's own."""
    with own_network("custody"):
        yield


@pytest.fixture
async def addresses(network: None) -> AsyncIterator[Addresses]:
    """The kernel's."""
    door = Addresses()
    yield door
    await door.close()


async def begin(addresses: Addresses, folder: Path, spec: ResolvedSpec) -> None:
    """What a float does with its first spec, up to keepalived's start."""
    custody = Custody(addresses=addresses, lease=LeaseKeeper(), record=OwnershipRecord(folder / "owned.json", "boot"))
    custody.claim(spec)
    await custody.sweep(spec.addresses)


async def wanted(addresses: Addresses, *vips: str) -> ResolvedSpec:
    """A spec of these VIPs, resolved on this host."""
    router = ROUTER.model_copy(update={"virtual_ips": tuple(map(VirtualIp.parse, vips)), "excluded": ()})
    spec = SPEC.model_copy(update={"virtual_routers": (router,)})
    owned = frozenset(ipaddress.ip_address(vip.partition("/")[0]) for vip in (VIP, "192.0.2.50", "2001:db8::50"))
    return resolve(spec, await addresses.view(), owned)


def left_by_an_earlier_float(folder: Path, *cidrs: str, device: str = "eth0") -> None:
    """Its VIPs are in the kernel, and in its record."""
    OwnershipRecord(folder / "owned.json", "boot").replace(ipaddress.ip_interface(cidr).ip for cidr in cidrs)
    for cidr in cidrs:
        run("ip", "address", "add", cidr, "dev", device)


async def test_a_vip_that_left_the_list_while_the_float_was_down_is_removed(
    addresses: Addresses, tmp_path: Path
) -> None:
    left_by_an_earlier_float(tmp_path, "192.0.2.50/32", "2001:db8::50/128")
    await begin(addresses, tmp_path, await wanted(addresses, VIP))
    assert kernel_address("192.0.2.50") is None
    assert kernel_address("2001:db8::50") is None
    assert kernel_address("192.0.2.3")


async def test_a_vip_on_another_prefix_than_configured_now_is_removed(addresses: Addresses, tmp_path: Path) -> None:
    left_by_an_earlier_float(tmp_path, "192.0.2.100/24")
    await begin(addresses, tmp_path, await wanted(addresses, "192.0.2.100/32"))
    assert kernel_address(VIP) is None


async def test_a_vip_on_another_device_than_configured_now_is_removed(addresses: Addresses, tmp_path: Path) -> None:
    left_by_an_earlier_float(tmp_path, "192.0.2.100/32", device="eth1")
    await begin(addresses, tmp_path, await wanted(addresses, "192.0.2.100@eth0"))
    assert kernel_address(VIP, device="eth1") is None


async def test_what_the_earlier_float_did_not_record_stays(addresses: Addresses, tmp_path: Path) -> None:
    run("ip", "address", "add", "192.0.2.50/32", "dev", "eth0")
    await begin(addresses, tmp_path, await wanted(addresses, VIP))
    assert kernel_address("192.0.2.50")
