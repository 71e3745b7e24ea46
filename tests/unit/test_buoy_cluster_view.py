"""Claims about who is said to hold a virtual IP, and when the buoy refuses to say that all is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from buoy.cluster_api import ClusterAnswer, Verdict
from buoy.cluster_view import NodeReport, cluster_answer, masters_by_vrid, with_peers
from tests.unit.buoy_samples import ADDRESSES, BACKUP, FAULT, INIT, MASTER, peers, report, router, silent, trio


def view(reports: Sequence[NodeReport]) -> ClusterAnswer:
    return cluster_answer("a", with_peers(reports), ())


def test_one_master_of_three_holds_it() -> None:
    answer = view(trio(BACKUP, MASTER, BACKUP))

    assert answer.ok
    assert answer.virtual_routers[0].holder == "b"
    assert answer.virtual_routers[0].virtual_ips[0].present_on == ("b",)
    assert answer.findings == ()


def test_a_node_alone_is_a_whole_cluster() -> None:
    assert view([report("a", router(MASTER))]).ok


def test_two_masters_are_a_split_brain_and_both_are_named() -> None:
    answer = view(trio(MASTER, BACKUP, MASTER))

    assert not answer.ok
    assert answer.virtual_routers[0].verdict is Verdict.SPLIT_BRAIN
    assert answer.findings[0].text == "Split brain: a and c are MASTER of keepalived (VRID 77) at the same time"
    assert masters_by_vrid(answer) == {77: 2}


def test_a_claim_that_was_not_repeated_since_another_node_took_over_is_not_a_split_brain() -> None:
    lost_power = replace(report("a", router(MASTER), heard_at=10), claims={77: 1.0})
    new_holder = report("b", router(MASTER), heard_at=10.3)

    answer = view([lost_power, new_holder])

    assert answer.virtual_routers[0].holder == "b"


def test_a_claim_that_was_repeated_since_is_a_split_brain() -> None:
    still_there = replace(report("a", router(MASTER), heard_at=11), claims={77: 1.0})
    new_holder = report("b", router(MASTER), heard_at=10.3)

    assert view([still_there, new_holder]).virtual_routers[0].verdict is Verdict.SPLIT_BRAIN


def test_a_claim_keeps_its_age_while_it_is_repeated_and_loses_it_when_it_ends() -> None:
    first = report("a", router(MASTER), heard_at=10)
    repeated = NodeReport.of(first.answer, 11, first) if first.answer else first
    ended = report("a", router(BACKUP), heard_at=12)

    assert (repeated.heard_at, repeated.claims) == (11, {77: 10})
    assert ended.claims == {}


def test_no_master_is_an_error() -> None:
    answer = view(trio(BACKUP, INIT, BACKUP))

    assert not answer.ok
    assert answer.findings[0].text == "No node is MASTER of keepalived (VRID 77)"
    assert masters_by_vrid(answer) == {77: 0}


def test_no_master_is_expected_when_conditions_forbid_every_node_and_the_reasons_are_said() -> None:
    reports = [
        report(name, router(FAULT, allowed=False, reason=f"port 80 of {name} is closed", peers=peers(other)))
        for name, other in (("a", "b"), ("b", "a"))
    ]

    answer = view(reports)

    assert answer.ok
    assert answer.findings[0].text == (
        "Nobody may hold keepalived (VRID 77): a: port 80 of a is closed, b: port 80 of b is closed"
    )


def test_no_master_is_not_expected_when_a_node_that_might_be_allowed_does_not_answer() -> None:
    forbidden = report("a", router(FAULT, allowed=False, reason="port 80 is closed", peers=peers("b")))

    answer = view([forbidden, silent("b")])

    assert not answer.ok
    assert answer.virtual_routers[0].verdict is Verdict.NO_MASTER


def test_a_silent_node_whose_adverts_are_heard_still_holds_it() -> None:
    hears = report("a", router(BACKUP, master_address=ADDRESSES["b"], peers=peers("b")))

    answer = view([hears, silent("b")])

    assert answer.ok
    assert answer.virtual_routers[0].verdict is Verdict.HEARD
    assert answer.virtual_routers[0].text.startswith("b holds keepalived (VRID 77), by its adverts")
    assert masters_by_vrid(answer) == {77: 1}


def test_a_silent_node_whose_adverts_are_heard_where_nobody_else_may_be_master_still_holds_it() -> None:
    hears = {"master_address": ADDRESSES["b"], "allowed": False, "reason": "no task of web runs on this node"}
    reports = [
        report("a", router(FAULT, peers=peers("b", "c"), **hears)),
        report("c", router(FAULT, peers=peers("a", "b"), **hears)),
    ]

    answer = view([*reports, silent("b")])

    assert answer.ok
    assert answer.virtual_routers[0].verdict is Verdict.HEARD


def test_what_a_master_whose_claim_is_not_repeated_has_heard_names_no_holder() -> None:
    hears = router(MASTER, peers=peers("b"), master_address=ADDRESSES["b"])
    unclaimed = replace(report("a", hears), claims={})

    assert view([unclaimed, silent("b")]).virtual_routers[0].verdict is Verdict.NO_MASTER


@pytest.mark.parametrize("gone", ["unreachable", "stale"])
def test_the_last_word_of_a_node_that_is_gone_counts_for_nothing(gone: str) -> None:
    words = {
        "unreachable": replace(report("b", router(MASTER)), error="no answer within 1.6 s"),
        "stale": report("b", router(MASTER), fresh=False),
    }

    answer = view([report("a", router(MASTER)), words[gone]])

    assert answer.virtual_routers[0].holder == "a"
    assert masters_by_vrid(answer) == {77: 1}


def test_a_peer_that_nobody_heard_of_is_shown_as_unreachable() -> None:
    answer = view([report("a", router(MASTER, peers=peers("b")))])

    assert [(node.hostname, node.reachable) for node in answer.nodes] == [("a", True), ("b", False)]
    assert answer.ok


def test_without_any_virtual_router_nothing_is_well() -> None:
    answer = view([report("a")])

    assert not answer.ok
    assert answer.findings[0].text == "No virtual router is known of"


def test_every_virtual_router_is_judged_on_its_own() -> None:
    web = router(BACKUP, name="web", vrid=90)
    answer = view([report("a", router(MASTER), web), report("b", router(BACKUP), web)])

    assert [(r.vrid, r.verdict.good) for r in answer.virtual_routers] == [(77, True), (90, False)]
    assert not answer.ok
