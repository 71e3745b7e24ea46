"""Claims about what the buoy points out beside who is MASTER."""

from __future__ import annotations

from dataclasses import replace

from buoy.cluster_api import Finding, Severity
from buoy.cluster_view import NodeReport
from buoy.findings import findings
from shared.models import Strength
from shared.status import ForeignClaim, ForeignRouter, LinkStatus
from tests.unit.buoy_samples import BACKUP, FAULT, MASTER, condition, peers, report, router, silent, trio


def texts(*reports: NodeReport) -> list[str]:
    return [finding.text for finding in findings(reports)]


def only(*reports: NodeReport) -> Finding:
    (finding,) = findings(reports)
    return finding


def test_three_nodes_that_agree_give_no_finding() -> None:
    assert findings(trio(MASTER, BACKUP, BACKUP)) == ()


def test_a_silent_node_is_named_with_the_reason() -> None:
    assert texts(report("a", router(MASTER)), silent("b")) == ["b does not answer: no connection to its buoy"]


def test_a_node_whose_float_is_silent_is_stale() -> None:
    assert only(report("a", router(MASTER), fresh=False)).kind == "stale"


def test_a_virtual_ip_on_a_node_that_is_not_master_is_an_error() -> None:
    finding = only(report("a", router(BACKUP, True)))

    assert finding.severity is Severity.ERROR
    assert finding.text == "a has 10.0.0.100/32, but is BACKUP of keepalived (VRID 77)"


def test_a_master_that_lacks_a_virtual_ip_is_an_error() -> None:
    finding = only(report("a", router(MASTER, True, False)))

    assert (finding.severity, finding.kind) == (Severity.ERROR, "vip-missing")


def test_a_failing_condition_says_what_it_does_and_why() -> None:
    prefer = report("a", router(MASTER), conditions=(condition("quorum", reason="no leader"),))
    require = report("a", router(BACKUP), conditions=(condition("check:port", strength=Strength.REQUIRE),))

    assert texts(prefer) == ["a is demoted, since quorum fails (no leader)"]
    assert texts(require) == ["a may not be MASTER, since check:port fails"]


def test_a_severed_link_and_an_update_are_told_apart() -> None:
    severed = report("a", router(MASTER), link=LinkStatus(up=False, since=0, reason="end of file"))
    update = report("a", router(MASTER), link=LinkStatus(up=False, since=0, grace=True, reason="it said goodbye"))

    assert texts(severed) == ["a: the link to its anchor is down (end of file)"]
    assert texts(update) == ["a: its anchor is being replaced"]


def test_a_fault_that_no_condition_explains_is_pointed_out() -> None:
    assert texts(report("a", router(FAULT, expected=False, reason="eth0 is down"))) == [
        "a is in FAULT for keepalived (VRID 77) (eth0 is down)"
    ]
    assert texts(report("a", router(FAULT, allowed=False))) == []


def test_a_cable_that_is_out_is_pointed_out_although_it_explains_the_fault() -> None:
    assert texts(report("a", router(FAULT, reason="eth0 is down"))) == [
        "a is in FAULT for keepalived (VRID 77) (eth0 is down)"
    ]


def test_lists_of_virtual_ips_that_differ_are_told_side_by_side() -> None:
    assert texts(report("a", router(MASTER, True, True)), report("b", router(BACKUP, False, priority_base=229))) == [
        "The nodes disagree on the virtual IPs of keepalived (VRID 77): "
        "a 10.0.0.100/32 and 10.0.0.101/32, b 10.0.0.100/32"
    ]


def test_releases_that_differ_are_told() -> None:
    newer = report("b", router(BACKUP, priority_base=229), version="2.0.0")

    assert texts(report("a", router(MASTER)), newer) == [
        "The nodes run different releases of the float: a 1.2.3, b 2.0.0"
    ]


def test_equal_priorities_are_told() -> None:
    assert texts(report("a", router(MASTER)), report("b", router(BACKUP))) == [
        "a and b have the same priority 254 for keepalived (VRID 77)"
    ]


def test_a_priority_that_a_peer_does_not_expect_is_told() -> None:
    other = report("b", router(BACKUP, priority_base=100))

    assert texts(report("a", router(MASTER, peers=peers("b"))), other) == [
        "a expects priority 229 of b for keepalived (VRID 77), it says 100"
    ]


def test_a_node_that_does_not_run_a_virtual_router_of_the_others_is_told() -> None:
    web = router(MASTER, name="web", vrid=90)

    assert texts(report("a", router(MASTER), web), report("b", router(BACKUP, priority_base=229))) == [
        "b does not run web (VRID 90)"
    ]


def test_an_unreachable_nodes_last_word_is_not_held_against_the_others() -> None:
    gone = replace(report("b", router(BACKUP, True)), error="no answer within 1.6 s")

    assert texts(report("a", router(MASTER)), gone) == ["b does not answer: no answer within 1.6 s"]


def test_a_foreign_router_is_told_with_address_version_and_priority() -> None:
    foreign = ForeignRouter(address="10.0.0.66", version=2, priority=255)

    assert texts(report("a", router(MASTER, foreign_routers=(foreign,)))) == [
        "a hears adverts of a foreign router at 10.0.0.66 (VRRPv2, priority 255) for keepalived (VRID 77)"
    ]


def test_a_peer_that_is_not_listened_to_is_told_with_the_reason() -> None:
    other = ForeignRouter(address="10.0.0.2", version=2, priority=100, peer=True)
    routed = ForeignRouter(address="10.0.0.2", version=3, priority=100, peer=True)

    assert texts(report("a", router(MASTER, foreign_routers=(other, routed)))) == [
        "a hears VRRPv2 from its peer 10.0.0.2, and speaks VRRPv3 itself, for keepalived (VRID 77)",
        "a hears adverts that came through a router, or are forged, from its peer 10.0.0.2 for keepalived (VRID 77)",
    ]


def test_a_mac_that_claims_a_virtual_ip_is_named() -> None:
    claim = ForeignClaim(virtual_ip="10.0.0.100", mac="02:00:00:00:00:66", interface="eth0")

    assert texts(report("a", router(MASTER, foreign_claims=(claim,)))) == [
        "02:00:00:00:00:66, which is none of the nodes, claims 10.0.0.100 on eth0 of a"
    ]


def test_a_flood_is_told() -> None:
    assert texts(report("a", router(MASTER), flood="more packets of protocol 112 come than are looked at")) == [
        "a: more packets of protocol 112 come than are looked at"
    ]
