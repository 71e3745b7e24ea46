from __future__ import annotations

from anchor import roster as rosters
from anchor import virtual_routers
from anchor.facts import Node
from anchor.roster import Managers
from anchor.virtual_routers import Outcome
from shared.models import Transport
from tests.unit.anchor_fakes import THREE, node, settings


def outcome(*nodes: Node, **env: str) -> Outcome:
    chosen = nodes or THREE
    roster = rosters.build(Managers().next(chosen, 0.0), chosen, "id-a", top=254)
    assert roster is not None
    return virtual_routers.build(settings(**env), roster)


def test_the_stacks_own_virtual_ips_are_the_first_virtual_router() -> None:
    (router,) = outcome(KEEPALIVED_ROUTER_ID="5", KEEPALIVED_VIRTUAL_IPS_EXCLUDED="10.0.0.101").spec.virtual_routers
    assert (router.name, router.vrid, router.priority) == ("VI_1", 5, 254)
    assert [vip.cidr for vip in router.addresses] == ["10.0.0.100/32", "10.0.0.101/32"]
    assert [peer.hostname for peer in router.peers] == ["b", "c"]


def test_the_same_facts_give_the_same_digest() -> None:
    assert outcome().spec.digest == outcome(*reversed(THREE)).spec.digest


def test_an_interface_label_wins_over_the_setting() -> None:
    labelled = node("a", 1, labels={"keepalived.interface": "bond0"})
    assert outcome(labelled, *THREE[1:], KEEPALIVED_INTERFACE="eth1").spec.interface == "bond0"


def test_listed_peers_replace_the_rosters() -> None:
    spec = outcome(KEEPALIVED_UNICAST_PEERS="10.0.0.1 10.0.0.3").spec
    assert [peer.hostname for peer in spec.virtual_routers[0].peers] == ["c"]


def test_multicast_still_tells_who_the_others_are() -> None:
    spec = outcome(KEEPALIVED_UNICAST_PEERS="multicast").spec
    assert spec.transport is Transport.MULTICAST
    assert len(spec.virtual_routers[0].peers) == 2


def test_a_virtual_ip_that_is_a_nodes_own_address_is_a_problem_that_names_the_node() -> None:
    worker = node("w", 9, manager=False, manager_address=None)
    (problem,) = outcome(*THREE, worker, KEEPALIVED_VIRTUAL_IPS="10.0.0.9/24").problems
    assert problem.startswith("KEEPALIVED_VIRTUAL_IPS=10.0.0.9/24: is the address of node w itself")


def test_an_excluded_address_may_not_be_a_nodes_either() -> None:
    (problem,) = outcome(KEEPALIVED_VIRTUAL_IPS_EXCLUDED="10.0.0.2").problems
    assert problem.startswith("KEEPALIVED_VIRTUAL_IPS_EXCLUDED=10.0.0.2")
