"""What the float knows of its virtual routers: states as keepalived tells them, adverts as the wire tells them."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from float.advert import Advert
from float.notice import Notice
from float.resolve import ResolvedSpec
from float.routers import RouterBook, Transition
from shared.models import Transport, VirtualIp, VrrpState
from tests.unit.float_samples import (
    BEST,
    LINK_LOST,
    MASTER_DOWN,
    RESOLVED,
    RESOLVED_SPEC,
    ROUTER,
    SERVICE_DOWN,
    SPEC,
    STRANGER,
    WORST,
    entry,
    heard,
    resolved,
    resolved_spec,
    router_called,
)

WEB = router_called("web", 78)


def book() -> RouterBook:
    """Two virtual routers, of which nothing is known yet."""
    routers = RouterBook()
    routers.load(resolved_spec(ROUTER, WEB))
    return routers


def advert(priority: int, *, vrid: int = 77, source: str = "192.0.2.1") -> Advert:
    """An advert, of the best peer when not said otherwise."""
    return Advert(ipaddress.ip_address(source), 3, vrid, priority)


def become(routers: RouterBook, state: VrrpState, *, name: str = "vip", now: float = 100.0) -> Transition | None:
    """keepalived says that the router is in that state."""
    return routers.notice(Notice(name, state, 150), now=now, wall=1_000.0 + now)


# States.


def test_a_new_virtual_router_has_no_state_and_no_permission() -> None:
    known = book().entries["vip"]
    assert (known.state, known.decision.allowed) == (VrrpState.INIT, False)


def test_a_transition_is_booked_and_told() -> None:
    routers = book()
    told = become(routers, VrrpState.BACKUP)
    assert told == Transition("vip", 77, VrrpState.INIT, VrrpState.BACKUP, "ready to take over", 1_100.0, 150)
    assert (routers.entries["vip"].state, routers.entries["vip"].since) == (VrrpState.BACKUP, 1_100.0)


def test_the_same_state_told_again_is_no_transition() -> None:
    routers = book()
    become(routers, VrrpState.BACKUP, now=100.0)
    assert become(routers, VrrpState.BACKUP, now=200.0) is None
    assert routers.entries["vip"].state_at == 100.0


def test_a_word_about_a_router_of_another_spec_is_ignored() -> None:
    assert become(book(), VrrpState.MASTER, name="old") is None


def test_a_router_that_keepalived_tells_of_and_nobody_ordered_is_remembered_until_the_next_spec() -> None:
    routers = book()
    become(routers, VrrpState.BACKUP, name="included")
    become(routers, VrrpState.INIT, name="gone")
    become(routers, VrrpState.FAULT, name="deleted")
    assert routers.strangers == {"included"}
    routers.load(ResolvedSpec(RESOLVED_SPEC.spec, ()))
    assert routers.strangers == set()


def test_each_virtual_router_has_its_own_state() -> None:
    routers = book()
    become(routers, VrrpState.MASTER, name="web")
    assert [e.router.name for e in routers.masters()] == ["web"]


def test_without_keepalived_no_router_has_a_state() -> None:
    routers = book()
    become(routers, VrrpState.MASTER)
    told = routers.keepalived_died(now=101.0, wall=1_101.0)
    assert told == [Transition("vip", 77, VrrpState.MASTER, VrrpState.INIT, "keepalived is not running", 1_101.0, 150)]
    assert routers.masters() == []


def test_a_peer_that_had_taken_over_before_the_death_was_noticed_is_news_with_its_next_advert() -> None:
    routers = book()
    become(routers, VrrpState.MASTER)
    routers.advert(advert(250), 100.5)
    routers.keepalived_died(now=100.51, wall=1_100.51)
    assert routers.advert(advert(250), 100.6)


# Reasons that people read.


def test_a_master_that_heard_nobody_says_so() -> None:
    told = become(book(), VrrpState.MASTER)
    assert told is not None
    assert told.reason == "no other node advertises"


@pytest.mark.parametrize(
    ("priority", "reason"),
    [(0, "192.0.2.1 said that it leaves (priority 0)"), (250, "192.0.2.1 was silent for 1.50 s")],
)
def test_a_master_says_what_became_of_the_one_before(priority: int, reason: str) -> None:
    routers = book()
    routers.advert(advert(priority), 98.5)
    told = become(routers, VrrpState.MASTER, now=100.0)
    assert told is not None
    assert told.reason == reason


def test_a_master_that_took_over_from_a_lesser_one_says_so() -> None:
    routers = RouterBook()
    routers.load(resolved_spec(ROUTER.model_copy(update={"preempt": True})))
    routers.advert(advert(90), 99.9)
    told = become(routers, VrrpState.MASTER, now=100.0)
    assert told is not None
    assert told.reason == "192.0.2.1 advertises priority 90, less than ours of 150"


def test_a_master_that_took_over_from_a_demoted_one_says_so() -> None:
    routers = book()
    become(routers, VrrpState.BACKUP)
    routers.advert(advert(48), 100.0)
    routers.decide((), 100.0)
    routers.advert(advert(48), 101.0)
    routers.decide((), 101.0)
    told = become(routers, VrrpState.MASTER, now=101.0)
    assert told is not None
    assert told.reason == "the master at 192.0.2.1 is demoted (priority 48)"


def test_a_backup_says_whom_it_follows() -> None:
    routers = book()
    routers.advert(advert(250), 100.0)
    told = become(routers, VrrpState.BACKUP, now=100.1)
    assert told is not None
    assert told.reason == "192.0.2.1 advertises priority 250"


def test_a_fault_says_which_condition_forbids() -> None:
    routers = book()
    routers.decide((SERVICE_DOWN,), 100.0)
    told = become(routers, VrrpState.FAULT)
    assert told is not None
    assert told.reason == "service:web: no task of web runs here"


def test_a_fault_of_keepalived_own_points_at_the_interface() -> None:
    routers = book()
    routers.decide((), 100.0)
    told = become(routers, VrrpState.FAULT)
    assert told is not None
    assert told.reason == "keepalived reports a fault; is eth0 up?"


def test_a_fault_names_every_interface_that_a_virtual_ip_is_on() -> None:
    elsewhere = ROUTER.model_copy(update={"excluded": (VirtualIp.parse("198.51.100.50/24@eth1"),)})
    routers = RouterBook()
    routers.load(resolved_spec(elsewhere))
    routers.decide((), 100.0)
    told = become(routers, VrrpState.FAULT)
    assert told is not None
    assert told.reason == "keepalived reports a fault; are eth0 and eth1 up?"


def test_a_stopped_router_says_so() -> None:
    routers = book()
    become(routers, VrrpState.MASTER)
    told = become(routers, VrrpState.INIT)
    assert told is not None
    assert told.reason == "keepalived stopped the virtual router"


# Adverts.


def test_the_first_advert_is_news_and_the_next_like_it_is_not() -> None:
    routers = book()
    assert routers.advert(advert(250), 100.0)
    assert not routers.advert(advert(250), 100.25)


@pytest.mark.parametrize("changed", [advert(48), advert(250, source="192.0.2.2")])
def test_an_advert_of_another_priority_or_sender_is_news(changed: Advert) -> None:
    routers = book()
    routers.advert(advert(250), 100.0)
    assert routers.advert(changed, 100.25)


def test_an_advert_after_a_silence_is_news() -> None:
    routers = book()
    routers.advert(advert(250), 100.0)
    assert routers.advert(advert(250), 100.0 + MASTER_DOWN + 0.001)


def test_an_advert_for_a_vrid_that_is_not_ours_is_ignored() -> None:
    assert not book().advert(advert(48, vrid=200), 100.0)


def test_a_stranger_cannot_make_a_unicast_node_do_anything() -> None:
    routers = book()
    assert not routers.advert(advert(48, source=str(STRANGER)), 100.0)
    assert routers.entries["vip"].heard is None


def test_with_multicast_every_sender_is_heard() -> None:
    routers = RouterBook()
    multicast = RESOLVED.__class__(ROUTER, "eth0", None, Transport.MULTICAST, RESOLVED.advertised, RESOLVED.excluded)
    routers.load(ResolvedSpec(SPEC, (multicast,)))
    assert routers.advert(advert(48, source=str(STRANGER)), 100.0)


def test_a_master_is_heard_for_one_master_down_interval() -> None:
    known = entry(heard=heard(BEST, 250, 100.0))
    assert known.hears(100.0 + MASTER_DOWN) == heard(BEST, 250, 100.0)
    assert known.hears(100.0 + MASTER_DOWN + 0.001) is None


# Decisions and new specs.


def test_conditions_strike_every_virtual_router_that_they_concern() -> None:
    routers = book()
    routers.decide((LINK_LOST, SERVICE_DOWN.model_copy(update={"routers": ("web",)})), 100.0)
    assert {name: (e.decision.allowed, e.decision.demoted) for name, e in routers.entries.items()} == {
        "vip": (True, True),
        "web": (False, True),
    }


def test_a_new_spec_keeps_what_is_known_of_routers_that_stay() -> None:
    routers = book()
    become(routers, VrrpState.MASTER)
    routers.advert(advert(48), 100.0)
    routers.load(resolved_spec(ROUTER.model_copy(update={"priority": 200, "peers": (WORST,)})))
    known = routers.entries["vip"]
    assert (known.state, known.heard, known.router.priority) == (VrrpState.MASTER, heard(BEST, 48, 100.0), 200)
    assert list(routers.entries) == ["vip"]


@pytest.mark.parametrize("name", ["blue", "green"])
def test_a_router_that_takes_anothers_place_under_its_vrid_goes_on_as_that_one(name: str) -> None:
    """keepalived tells its instances by VRID, interface and source, and writes no notice of such a change."""
    routers = RouterBook()
    routers.load(resolved_spec(router_called("blue", 61), router_called("api", 50)))
    routers.notice(Notice("api", VrrpState.MASTER, 150), now=1.0, wall=11.0)
    routers.load(resolved_spec(router_called(name, 50)))
    after = routers.entries[name]
    assert (after.state, after.since, after.priority, after.router.name) == (VrrpState.MASTER, 11.0, 150, name)
    assert [entry.router.name for entry in routers.masters()] == [name]


def test_a_router_on_another_interface_takes_nobodys_place() -> None:
    routers = RouterBook()
    routers.load(resolved_spec(router_called("blue", 50)))
    routers.notice(Notice("blue", VrrpState.MASTER, 150), now=1.0, wall=11.0)
    green = replace(resolved(router_called("green", 50)), interface="eth1")
    routers.load(replace(resolved_spec(router_called("green", 50)), routers=(green,)))
    assert routers.entries["green"].state is VrrpState.INIT


def test_a_router_that_changes_its_vrid_begins_anew() -> None:
    routers = book()
    become(routers, VrrpState.MASTER)
    routers.load(resolved_spec(ROUTER.model_copy(update={"vrid": 99})))
    assert routers.entries["vip"].state is VrrpState.INIT
