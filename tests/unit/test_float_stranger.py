"""Who is a stranger, and how many of them are remembered."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from float.advert import Advert
from float.neighbour import Claim
from float.stranger import MOST, Sightings, foreign_router, is_groups_own
from shared.models import Transport
from shared.status import ForeignRouter
from tests.unit.float_samples import BEST, RESOLVED, STRANGER, VIP

GROUP = replace(RESOLVED, transport=Transport.MULTICAST)
NOBODY_LISTED = replace(GROUP, router=GROUP.router.model_copy(update={"peers": ()}))


def advert(source: ipaddress.IPv4Address | ipaddress.IPv6Address, *, version: int = 3, names: str = "") -> Advert:
    addresses = (ipaddress.ip_address(names),) if names else ()
    return Advert(source, version, 77, 200, addresses)


def test_a_peer_to_whom_keepalived_listens_is_no_stranger() -> None:
    assert foreign_router(RESOLVED, advert(BEST.address), member=True) is None


def test_a_peer_to_whom_it_does_not_listen_is_told_of_as_a_peer() -> None:
    found = foreign_router(RESOLVED, advert(BEST.address, version=2), member=False)
    assert found == ForeignRouter(address="192.0.2.1", version=2, priority=200, peer=True)


@pytest.mark.parametrize("names", ["", str(VIP.address)])
def test_with_unicast_whoever_is_no_peer_is_a_stranger_whatever_it_advertises(names: str) -> None:
    found = foreign_router(RESOLVED, advert(STRANGER, names=names), member=False)
    assert found == ForeignRouter(address="192.0.2.66", version=3, priority=200)


def test_with_multicast_whoever_advertises_our_vip_is_of_the_group() -> None:
    assert foreign_router(NOBODY_LISTED, advert(STRANGER, names=str(VIP.address)), member=True) is None
    assert foreign_router(NOBODY_LISTED, advert(STRANGER, names="192.0.2.200"), member=True)
    assert foreign_router(GROUP, advert(BEST.address, names="192.0.2.200"), member=True) is None


def test_the_first_strangers_are_remembered_and_no_more() -> None:
    sightings: Sightings[int, int] = Sightings(10.0)
    for number in range(100_000):
        sightings.note(number, number, 50.0)
    assert sightings.now(50.0) == tuple(range(MOST))


def test_a_stranger_that_fell_silent_makes_room() -> None:
    sightings: Sightings[int, int] = Sightings(10.0)
    for number in range(MOST):
        sightings.note(number, number, 50.0)
    sightings.note(1, 1, 60.0)
    sightings.note(9, 9, 60.5)
    assert sightings.now(60.5) == (1, 9)
    assert sightings.now(71.0) == ()


def test_the_last_word_counts() -> None:
    sightings: Sightings[int, str] = Sightings(10.0)
    sightings.note(1, "before", 50.0)
    sightings.note(1, "after", 51.0)
    assert sightings.now(51.0) == ("after",)


def test_the_virtual_routers_own_mac_is_the_groups() -> None:
    assert is_groups_own(Claim(VIP.address, "00:00:5e:00:01:4d"), 77)
    assert is_groups_own(Claim(VIP.address, "00:00:5e:00:02:4d"), 77)
    assert not is_groups_own(Claim(VIP.address, "00:00:5e:00:01:4e"), 77)
