from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from anchor import roster as rosters
from anchor import spread
from anchor.facts import Node
from anchor.managers import Managers
from anchor.roster import Roster
from tests.unit.anchor_fakes import THREE, node

NODES = st.sets(st.sampled_from("abcdefgh"), min_size=2, max_size=7).map(sorted)
VRIDS = st.integers(1, 255)


def roster(*nodes: Node) -> Roster:
    chosen = nodes or THREE
    built = rosters.build(Managers().next(chosen, 0.0), chosen, chosen[0].id, top=254)
    assert built is not None
    return built


def test_many_virtual_routers_share_the_managers_evenly() -> None:
    firsts = Counter(spread.order(["id-a", "id-b", "id-c"], vrid)[0] for vrid in range(1, 256))
    assert min(firsts.values()) > 60


def test_a_lost_nodes_virtual_routers_scatter() -> None:
    seconds = Counter(
        order[1] for vrid in range(1, 256) if (order := spread.order(["id-a", "id-b", "id-c"], vrid))[0] == "id-a"
    )
    assert min(seconds["id-b"], seconds["id-c"]) > 20


@given(NODES, VRIDS)
def test_a_node_that_goes_moves_no_virtual_router_but_its_own(nodes: list[str], vrid: int) -> None:
    before = spread.order(nodes, vrid)
    for gone in nodes:
        assert spread.order([n for n in nodes if n != gone], vrid) == tuple(n for n in before if n != gone)


def test_the_priorities_are_the_rosters_rungs_and_distinct() -> None:
    for vrid in range(1, 256):
        assert sorted(spread.priorities(roster(), vrid).values()) == [204, 229, 254]


def test_a_labelled_priority_is_exact_for_every_virtual_router() -> None:
    labelled = roster(THREE[0], node("b", 2, labels={"keepalived.priority": "240"}), THREE[2])
    assert {spread.priorities(labelled, vrid)["id-b"] for vrid in range(1, 256)} == {240}


def test_no_two_virtual_routers_return_to_a_node_at_the_same_time() -> None:
    delays = spread.return_delays(roster(), range(1, 100))
    preferred = {vrid: spread.order(["id-a", "id-b", "id-c"], vrid)[0] for vrid in delays}
    assert len({(preferred[vrid], delay) for vrid, delay in delays.items()}) == 99
    assert min(delays.values()) >= 10.0


def test_a_node_that_is_down_stands_behind_all_others_and_changes_nobody_elses_preference() -> None:
    whole, lame = roster(), roster(node("a", 1, state="down"), THREE[1], THREE[2])
    for vrid in range(1, 256):
        before, after = spread.priorities(whole, vrid), spread.priorities(lame, vrid)
        assert after["id-a"] == 204
        assert (after["id-b"] > after["id-c"]) is (before["id-b"] > before["id-c"])


def test_what_prefers_a_node_that_is_down_returns_to_its_next_one() -> None:
    lame = roster(node("a", 1, state="down"), THREE[1], THREE[2])
    for vrid in range(1, 256):
        first = next(name for name in spread.order(["id-a", "id-b", "id-c"], vrid) if name != "id-a")
        assert spread.priorities(lame, vrid)[first] == 254


def test_a_node_that_is_unknown_during_an_election_keeps_its_place() -> None:
    shaken = roster(node("a", 1, state="unknown"), THREE[1], THREE[2])
    assert [spread.priorities(shaken, vrid) for vrid in range(1, 256)] == [
        spread.priorities(roster(), vrid) for vrid in range(1, 256)
    ]
