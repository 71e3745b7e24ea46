from __future__ import annotations

import ipaddress

from float.advert import Advert
from float.advert_log import MOST, RECENT, AdvertLog
from tests.unit.float_samples import BEST, STRANGER


def log(*adverts: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int, float]) -> AdvertLog:
    made = AdvertLog()
    for source, priority, at in adverts:
        made.note(Advert(source, 3, vrid=50, priority=priority), at)
    return made


def test_a_stranger_who_advertises_a_vrid_is_named() -> None:
    assert log((BEST.address, 100, 1.0), (STRANGER, 100, 1.0)).foreign(50, {BEST.address}, 2.0) == STRANGER


def test_a_peer_is_no_stranger_and_another_vrid_is_no_matter() -> None:
    heard = log((BEST.address, 100, 1.0))
    assert heard.foreign(50, {BEST.address}, 2.0) is None
    assert heard.foreign(51, (), 2.0) is None
    assert heard.masters(50, 2.0) == {BEST.address}


def test_who_said_that_he_stops_and_who_is_long_silent_does_not_count() -> None:
    assert log((STRANGER, 100, 1.0), (STRANGER, 0, 1.5)).foreign(50, (), 2.0) is None
    assert log((STRANGER, 100, 1.0)).foreign(50, (), 1.1 + RECENT) is None


def test_invented_sources_do_not_fill_the_memory() -> None:
    made = log(*((ipaddress.ip_address(number), 100, 1.0) for number in range(1, 10_000)))
    assert len(made.masters(50, 1.0)) == MOST


def test_silent_sources_make_room_for_new_ones() -> None:
    made = log(*((ipaddress.ip_address(number), 100, 1.0) for number in range(1, 100)))
    made.note(Advert(STRANGER, 3, vrid=50, priority=100), 2.0 + RECENT)
    assert made.masters(50, 2.0 + RECENT) == {STRANGER}
