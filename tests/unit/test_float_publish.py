"""One virtual router as the status file tells it."""

from __future__ import annotations

from dataclasses import replace

from float.demotion import Decision
from float.publish import router_status
from float.routers import RouterEntry
from shared.models import VrrpState
from shared.status import PeerStatus, RouterStatus, VipStatus
from tests.unit.float_samples import ALLOWED, BEST, FORBIDDEN, MASTER_DOWN, ROUTER, VIP6, address, entry, heard, host

DEMOTED = Decision(allowed=True, demoted=True, preempt=False, reason="link: the anchor is gone")
CABLE_OUT = host(down=frozenset({"eth0"}))


def status(known: RouterEntry, *, now: float = 100.0) -> RouterStatus:
    """Its status on a host that carries no VIP."""
    return router_status(known, host(), version=3, now=now)


def test_a_healthy_node_has_its_full_priority() -> None:
    told = status(entry(decision=ALLOWED))
    assert (told.priority_base, told.priority_effective, told.demoted, told.allowed) == (150, 150, False, True)


def test_a_demoted_node_shows_the_priority_that_it_fell_to() -> None:
    told = status(entry(decision=DEMOTED))
    assert (told.priority_base, told.priority_effective, told.demoted) == (150, 47, True)


def test_a_master_that_is_heard_is_named() -> None:
    told = status(entry(heard=heard(BEST, 250, 100.0)))
    assert (told.master_address, told.master_priority) == ("192.0.2.1", 250)


def test_a_master_that_fell_silent_is_named_no_longer() -> None:
    told = status(entry(heard=heard(BEST, 250, 100.0)), now=100.0 + MASTER_DOWN + 0.001)
    assert (told.master_address, told.master_priority) == (None, None)


def test_peers_are_told_with_their_names_and_healthy_priorities() -> None:
    assert status(entry()).peers[0] == PeerStatus(address="192.0.2.1", hostname="best", priority=250)


def test_each_vip_tells_whether_the_kernel_has_it() -> None:
    router = ROUTER.model_copy(update={"excluded": (VIP6,)})
    told = router_status(entry(router=router), host(address("192.0.2.100/32")), version=3, now=100.0)
    assert told.virtual_ips == (
        VipStatus(address="192.0.2.100/32", interface="eth0", present=True),
        VipStatus(address="2001:db8::100/128", interface="eth0", present=False, excluded=True),
    )


def test_a_vip_on_another_interface_is_not_present() -> None:
    told = router_status(entry(), host(address("192.0.2.100/32", "eth1")), version=3, now=100.0)
    assert not told.virtual_ips[0].present


def test_a_fault_that_a_condition_explains_is_expected() -> None:
    assert status(entry(VrrpState.FAULT, decision=FORBIDDEN)).expected


def test_a_fault_that_nothing_explains_is_not_expected() -> None:
    assert not status(entry(VrrpState.FAULT, decision=ALLOWED)).expected


def test_a_fault_of_a_cable_that_is_out_is_expected_and_says_so() -> None:
    known = replace(entry(VrrpState.FAULT, decision=ALLOWED), reason="keepalived reports a fault; is eth0 up?")
    told = router_status(known, CABLE_OUT, version=3, now=100.0)
    assert (told.expected, told.reason) == (True, "eth0 is down")


def test_a_cable_that_is_out_is_no_reason_while_there_is_no_fault() -> None:
    known = replace(entry(decision=ALLOWED), reason="ready to take over")
    assert router_status(known, CABLE_OUT, version=3, now=100.0).reason == "ready to take over"


def test_a_router_may_have_no_state_for_a_moment_after_the_start() -> None:
    starting = entry(VrrpState.INIT, state_at=100.0)
    assert status(starting, now=104.9).expected
    assert not status(starting, now=105.0).expected


def test_the_counters_of_keepalived_are_passed_on() -> None:
    assert status(replace(entry(), counters={"become_master": 2})).counters == {"become_master": 2}
