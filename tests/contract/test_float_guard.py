"""What a killed float left on a real kernel: it stays while nobody advertises, and goes with a peer's first advert."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from float.guard import Watched
from float.lease import LeaseKeeper
from tests.contract.float_world import eventually, kernel_address, own_network, run

pytestmark = pytest.mark.lab

VIP, VIP6 = "192.0.2.100", "2001:db8::100"
LEFT = Watched(77, frozenset({ipaddress.ip_address(VIP)}), "eth0", None)
LEFT6 = Watched(77, frozenset({ipaddress.ip_address(VIP6)}), "eth0", "ff02::12")


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    """A host whose killed float left two VIPs."""
    with own_network("guard"):
        run("ip", "address", "add", f"{VIP}/32", "dev", "eth0")
        run("ip", "address", "add", f"{VIP6}/128", "dev", "eth0", "nodad")
        yield


@pytest.fixture
def guarded() -> Iterator[Callable[[Watched], LeaseKeeper]]:
    """Begins a keeper that guards; ended with the test."""
    keepers: list[LeaseKeeper] = []

    def begin(left: Watched) -> LeaseKeeper:
        keeper = LeaseKeeper()
        keeper.start((left,))
        keepers.append(keeper)
        assert eventually(lambda: _raw_sockets() > 0)
        return keeper

    yield begin
    for keeper in keepers:
        os.kill(keeper.pid, 9)
    assert eventually(lambda: not any(keeper.alive() for keeper in keepers))


def test_the_vip_goes_with_a_peers_first_advert(guarded: Callable[[Watched], LeaseKeeper]) -> None:
    guarded(LEFT)
    assert kernel_address(VIP)
    _advertise(vrid=77, priority=229)
    assert eventually(lambda: kernel_address(VIP) is None, within=1.0)
    assert kernel_address("192.0.2.3")


def test_an_ipv6_vip_goes_with_a_multicast_advert(guarded: Callable[[Watched], LeaseKeeper]) -> None:
    guarded(LEFT6)
    _advertise_on_far_side(vrid=77)
    assert eventually(lambda: kernel_address(VIP6) is None, within=1.0)
    assert kernel_address(VIP)


@pytest.mark.parametrize(("vrid", "priority"), [(78, 229), (77, 0)])
def test_an_advert_that_names_no_other_holder_changes_nothing(
    guarded: Callable[[Watched], LeaseKeeper], vrid: int, priority: int
) -> None:
    guarded(LEFT)
    _advertise(vrid=vrid, priority=priority)
    assert not eventually(lambda: kernel_address(VIP) is None, within=0.3)


@pytest.mark.parametrize(("peer", "goes"), [("192.0.2.3", True), ("192.0.2.66", False)])
def test_with_unicast_peers_nobody_elses_advert_counts(
    guarded: Callable[[Watched], LeaseKeeper], peer: str, goes: bool
) -> None:
    """The test's advert comes from 192.0.2.3."""
    guarded(dataclasses.replace(LEFT, peers=frozenset({ipaddress.ip_address(peer)})))
    _advertise(vrid=77, priority=229)
    assert eventually(lambda: kernel_address(VIP) is None, within=1.0 if goes else 0.3) is goes


def test_an_only_managers_vip_goes_with_nobodys_advert(guarded: Callable[[Watched], LeaseKeeper]) -> None:
    guarded(dataclasses.replace(LEFT, peers=frozenset()))
    _advertise(vrid=77, priority=229)
    assert not eventually(lambda: kernel_address(VIP) is None, within=0.3)


def test_the_supervisors_first_word_ends_the_guard(guarded: Callable[[Watched], LeaseKeeper]) -> None:
    keeper = guarded(LEFT)
    keeper.hold(())
    assert eventually(lambda: _raw_sockets() == 0)
    _advertise(vrid=77, priority=229)
    assert not eventually(lambda: kernel_address(VIP) is None, within=0.3)


def _raw_sockets() -> int:
    """Sockets of this host that hear VRRP."""
    return Path("/proc/thread-self/net/raw").read_text().count(":0070 ")


def _advert(vrid: int, priority: int) -> bytes:
    return struct.pack("!BBBBHH", 0x31, vrid, priority, 1, 10, 0) + ipaddress.ip_address(VIP).packed


def _advertise(*, vrid: int, priority: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 112) as peer:
        peer.sendto(_advert(vrid, priority), ("192.0.2.3", 0))


def _advertise_on_far_side(*, vrid: int) -> None:
    """From the other end of eth0's cable, to the group of all VRRP routers."""
    run("ip", "address", "add", "fe80::9/64", "dev", "far0", "nodad")
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, 112) as peer:
        peer.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("far0"))
        peer.sendto(_advert(vrid, 229), ("ff02::12", 0))
