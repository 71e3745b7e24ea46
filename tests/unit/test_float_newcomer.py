"""When a virtual router that has just begun here may take part: after an advert, silence, or five seconds."""

from __future__ import annotations

import ipaddress

import pytest

from float.neighbour import Claim
from float.newcomer import LIMIT, Newcomer, objection
from tests.unit.float_samples import BEST

VIP = "192.0.2.100/32"
CLAIM = Claim(ipaddress.ip_address("192.0.2.100"), "02:00:00:00:00:01")
FRESH = Newcomer(since=100.0)
UNANSWERED = Newcomer(since=100.0, asked=True)
STRANGER_ANSWERS = Newcomer(since=100.0, asked=True, claim=CLAIM)
PEER_ANSWERS = Newcomer(since=100.0, asked=True, claim=CLAIM, peer=BEST)
ALL = [FRESH, UNANSWERED, STRANGER_ANSWERS, PEER_ANSWERS]


def against(newcomer: Newcomer, *, after: float = 0.5, hears: bool = False) -> str | None:
    """What stands against it that many seconds after it began."""
    return objection(newcomer, VIP, hears=hears, now=100.0 + after)


@pytest.mark.parametrize("newcomer", ALL)
def test_whoever_hears_an_advert_takes_part(newcomer: Newcomer) -> None:
    assert against(newcomer, hears=True) is None


def test_nobody_takes_part_before_the_segment_was_asked() -> None:
    assert against(FRESH) == "asking whether another host has 192.0.2.100/32"


def test_an_address_for_which_nobody_answers_is_free() -> None:
    assert against(UNANSWERED) is None


@pytest.mark.parametrize("after", [0.5, LIMIT, 3600.0])
def test_a_peer_that_has_the_vip_is_never_doubled_however_long_it_is_not_heard(after: float) -> None:
    assert against(PEER_ANSWERS, after=after) == (
        "best (192.0.2.1) has 192.0.2.100/32, and its adverts do not come here"
    )


def test_a_stranger_that_has_the_vip_is_respected_for_five_seconds() -> None:
    assert against(STRANGER_ANSWERS, after=LIMIT - 0.001) == (
        "somebody (02:00:00:00:00:01) has 192.0.2.100/32; waiting 5 s for an advert"
    )
    assert against(STRANGER_ANSWERS, after=LIMIT) is None


def test_a_segment_that_cannot_be_asked_holds_nobody_up_for_longer_than_that() -> None:
    assert against(FRESH, after=LIMIT) is None
