"""Claims about when a node counts as healthy, and what is said when it does not."""

from __future__ import annotations

from buoy.health import not_ready, problems, reason_against
from buoy.node import NodeView
from shared.status import LinkStatus
from tests.unit.buoy_samples import BACKUP, FAULT, INIT, MASTER, node, router


def test_a_master_with_all_its_virtual_ips_is_healthy() -> None:
    assert reason_against(node(router(MASTER, True, True))) is None


def test_a_backup_without_any_virtual_ip_is_healthy() -> None:
    assert reason_against(node(router(BACKUP, False, False))) is None


def test_a_node_whose_float_never_spoke_is_neither_ready_nor_healthy() -> None:
    empty = NodeView("a")

    assert not_ready(empty) is not None
    assert reason_against(empty) == not_ready(empty)


def test_a_stale_status_is_a_reason_of_its_own_and_says_from_when_it_is() -> None:
    stale = node(router(MASTER, True), fresh=False)

    assert reason_against(stale) == (
        "the float's last word is of 1970-01-01T00:00:00Z, more than 3 s ago: it ended or hangs"
    )
    assert not_ready(stale) is None


def test_a_master_without_its_address_is_unhealthy_and_the_address_is_named() -> None:
    assert reason_against(node(router(MASTER, True, False))) == (
        "keepalived (VRID 77) is MASTER, but the kernel lacks 10.0.0.101/32 on eth0"
    )


def test_a_backup_that_still_has_an_address_is_unhealthy() -> None:
    assert reason_against(node(router(BACKUP, True))) == (
        "keepalived (VRID 77) is BACKUP, but the kernel still has 10.0.0.100/32 on eth0"
    )


def test_fault_is_unhealthy_with_the_reason_that_the_float_gave() -> None:
    against = reason_against(node(router(FAULT, False, reason="the check of port 80 fails")))

    assert against == "keepalived (VRID 77) is FAULT: the check of port 80 fails"


def test_a_severed_link_is_unhealthy_outside_the_update_grace_only() -> None:
    severed = LinkStatus(up=False, since=0, reason="the anchor died")
    updating = LinkStatus(up=False, since=0, grace=True)

    assert reason_against(node(router(MASTER, True), link=severed)) == (
        "the link to the anchor is down: the anchor died"
    )
    assert reason_against(node(router(MASTER, True), link=updating)) is None


def test_a_float_without_a_spec_tells_why_the_spec_was_refused_in_one_line() -> None:
    assert reason_against(node(refused_reason="eth9 is not there\nVRID 0 is out of range")) == (
        "the float runs no virtual router yet: eth9 is not there; VRID 0 is out of range"
    )


def test_every_reason_is_told_and_not_only_the_first() -> None:
    against = problems(node(router(FAULT, False), router(INIT, False), keepalived="BACKOFF"))

    assert against == (
        "keepalived is BACKOFF, not RUNNING",
        "keepalived (VRID 77) is FAULT",
        "keepalived (VRID 77) is INIT",
    )
