from __future__ import annotations

from anchor import roster as rosters
from anchor import virtual_routers
from anchor.facts import Node
from anchor.followed import Follow
from anchor.managers import Managers
from anchor.virtual_routers import Outcome, Swarm
from shared.models import Transport
from tests.unit.anchor_fakes import THREE, node, settings, user_service

EMPTY = Swarm()


def outcome(*nodes: Node, swarm: Swarm = EMPTY, **env: str) -> Outcome:
    chosen = nodes or THREE
    roster = rosters.build(Managers().next(chosen, 0.0), chosen, "id-a", top=254)
    assert roster is not None
    return virtual_routers.build(settings(**env), roster, swarm)


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


def test_a_labelled_service_has_a_virtual_router_under_its_name() -> None:
    web = user_service("web", 1, vip="10.0.0.50", on_host="yes")
    found = outcome(swarm=Swarm(labelled=(web,)))
    own, router = found.spec.virtual_routers
    assert (router.name, router.vrid, router.claims[0].label) == ("web", 50, "10.0.0.50")
    assert (router.priority, router.peers) == (own.priority, own.peers)
    assert found.follows == (Follow("web", "id-web", ("web",)),)


def test_a_service_that_asks_for_the_stacks_own_is_refused_alone_and_warned_of() -> None:
    web = user_service("web", 1, vip="10.0.0.100")
    found = outcome(swarm=Swarm(labelled=(web,)))
    assert len(found.spec.virtual_routers) == 1
    assert found.problems == ()
    assert "10.0.0.100 belongs to the stack itself" in found.warnings[0]


def test_a_service_with_the_name_of_the_stacks_own_router_has_another() -> None:
    service = user_service("VI_1", 1, vip="10.0.0.50")
    assert [r.name for r in outcome(swarm=Swarm(labelled=(service,))).spec.virtual_routers] == ["VI_1", "VI_1.service"]


def test_no_two_services_have_virtual_routers_of_one_name() -> None:
    names = ["VI_1", "VI_1.service", "VI_1.service.service", "web", "web.service"]
    services = [user_service(name, number, vip=f"10.0.0.{number + 10}") for number, name in enumerate(names)]
    routers = [router.name for router in outcome(swarm=Swarm(tuple(services))).spec.virtual_routers]
    assert len(set(routers)) == 1 + len(names)
    assert {"web", "web.service"} < set(routers)


def test_tracked_services_concern_the_stacks_own_virtual_ips_alone() -> None:
    proxy = user_service("proxy", 1)
    found = outcome(swarm=Swarm(tracked=(proxy,)), KEEPALIVED_TRACK_SERVICES="proxy absent")
    assert found.follows == (Follow("proxy", "id-proxy", ("VI_1",)), Follow("absent", "", ("VI_1",)))


def test_a_service_that_is_tracked_and_has_a_virtual_ip_has_one_condition() -> None:
    proxy = user_service("proxy", 1, vip="10.0.0.50", track="local")
    swarm = Swarm(labelled=(proxy,), tracked=(proxy,))
    assert outcome(swarm=swarm, KEEPALIVED_TRACK_SERVICES="proxy").follows == (
        Follow("proxy", "id-proxy", ("VI_1", "proxy")),
    )


def test_spread_deals_every_routers_priorities_anew_and_lets_it_return() -> None:
    services = tuple(user_service(f"s{n}", n, vip=f"10.0.0.{n}", track="local") for n in range(50, 60))
    routers = outcome(swarm=Swarm(labelled=services), KEEPALIVED_SPREAD="true").spec.virtual_routers
    assert {router.priority for router in routers} == {254, 229, 204}
    for router in routers:
        assert sorted([router.priority, *(peer.priority or 0 for peer in router.peers)]) == [204, 229, 254]
        assert router.return_after is not None


def test_a_service_that_says_preempt_returns_at_once_and_not_in_its_turn() -> None:
    service = user_service("web", 1, vip="10.0.0.50", preempt="true")
    router = outcome(swarm=Swarm(labelled=(service,)), KEEPALIVED_SPREAD="true").spec.virtual_routers[1]
    assert (router.preempt, router.return_after) == (True, None)


def test_a_virtual_router_that_goes_on_with_another_vrid_is_said_with_who_has_the_old_one() -> None:
    young, old = user_service("young", 2, vip="10.0.0.50"), user_service("old", 1, vip="10.9.0.50")
    before, after = outcome(swarm=Swarm((young,))).spec, outcome(swarm=Swarm((young, old))).spec
    (sentence,) = virtual_routers.renumbered(before, after)
    assert sentence.startswith("Virtual router young has VRID ")
    assert sentence.endswith(" now: old has 50, which it had before.")


def test_virtual_routers_that_come_and_go_are_not_renumbered() -> None:
    one = outcome(swarm=Swarm((user_service("web", 1, vip="10.0.0.50"),))).spec
    other = outcome(swarm=Swarm((user_service("api", 2, vip="10.0.0.51"),))).spec
    assert virtual_routers.renumbered(one, other) == ()
