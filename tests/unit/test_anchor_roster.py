from __future__ import annotations

import ipaddress
from dataclasses import replace

from anchor import roster as rosters
from anchor.facts import Node
from anchor.managers import LINGER, Managers
from anchor.roster import Roster
from shared.models import Peer
from tests.unit.anchor_fakes import THREE, node

A, B, C = THREE


def seen_from(name: str, *nodes: Node, top: int = 254) -> Roster:
    chosen = nodes or THREE
    roster = rosters.build(Managers().next(chosen, 0.0), chosen, f"id-{name}", top=top)
    assert roster is not None
    return roster


def test_priorities_step_down_by_25_in_the_order_in_which_the_managers_joined() -> None:
    roster = seen_from("a", C, A, B)
    assert roster.me.priority == 254
    assert [(peer.hostname, peer.priority) for peer in roster.peers] == [("b", 229), ("c", 204)]


def test_a_newcomer_renumbers_nobody() -> None:
    newcomer = node("0-comes-first-in-the-alphabet", 9)
    assert seen_from("b", *THREE, newcomer).me.priority == seen_from("b").me.priority


def test_managers_that_joined_at_the_same_time_are_ordered_by_id() -> None:
    same = {"created_at": A.created_at}
    assert seen_from("a", node("b", 2, **same), A).rank == 0


def test_demoted_priorities_go_down_from_49_by_rank() -> None:
    assert [seen_from(name).me.demoted_priority for name in "abc"] == [49, 48, 47]


def test_rungs_move_closer_only_when_many_managers_must_fit_above_50() -> None:
    assert rosters.ladder(9, 254)[-1] == 54
    eleven = rosters.ladder(11, 254)
    assert min(eleven) >= 50
    assert len(set(eleven)) == 11


def test_a_top_without_room_gives_duplicates_that_are_warned_of() -> None:
    assert rosters.ladder(3, 50) == (50, 50, 50)
    assert "Priority 50 belongs to 3 managers (a, b, c)" in seen_from("a", top=50).warnings[0]


def test_a_priority_label_is_exact_and_moves_no_other_node() -> None:
    labelled = node("b", 2, labels={"keepalived.priority": "3"})
    assert seen_from("b", A, labelled, C).me.priority == 3
    assert seen_from("c", A, labelled, C).me.priority == 204


def test_a_label_that_equals_another_nodes_priority_is_warned_of() -> None:
    labelled = node("b", 2, labels={"keepalived.priority": "254"})
    assert any("Priority 254 belongs to 2 managers (a, b)" in text for text in seen_from("a", A, labelled, C).warnings)


def test_managers_of_one_name_are_warned_of() -> None:
    namesake = node("b", 2, hostname="a")
    assert seen_from("c", A, namesake, C).warnings == (
        "Hostname a belongs to 2 managers: the buoys take them for one node. "
        "Give each a name of its own, and restart its Docker.",
    )


def test_what_a_manager_that_joined_anew_left_in_the_list_is_no_namesake() -> None:
    assert seen_from("c", A, node("b", 2, hostname="a", state="down"), C).warnings == ()


def test_a_bad_label_is_a_warning_and_otherwise_ignored() -> None:
    labels = {"keepalived.priority": "255", "keepalived.interface": "no such name", "keepalived.address": "here"}
    bad = node("b", 2, labels=labels)
    roster = seen_from("b", A, bad, C)
    assert roster.me.priority == 229
    assert roster.me.labels.interface is None
    assert roster.me.address == B.manager_address
    assert len(roster.warnings) == 3
    assert "Label keepalived.priority='255' of node b is ignored" in roster.warnings[0]


def test_an_address_label_wins_over_what_docker_says() -> None:
    labelled = node("b", 2, labels={"keepalived.address": "192.168.1.2"})
    assert seen_from("a", A, labelled).peers[0].address == ipaddress.ip_address("192.168.1.2")


def test_a_labelled_peer_is_written_to_where_the_swarm_knows_it_too_since_its_float_may_refuse_the_label() -> None:
    labelled = node("b", 2, labels={"keepalived.address": "10.0.0.33"})
    peers = seen_from("a", A, labelled, node("c", 3)).peers
    assert [(str(peer.address), peer.hostname, peer.priority) for peer in peers] == [
        ("10.0.0.33", "b", 229),
        ("10.0.0.3", "c", 204),
        ("10.0.0.2", "b", None),
    ]
    at_home = rosters.build(Managers((A, labelled)), (A, labelled), "id-b", top=254, but_my_place=True)
    assert at_home is not None
    assert at_home.me.address in {peer.address for peer in peers}


def test_the_managers_address_wins_over_the_status_which_a_leader_does_not_know_of_itself() -> None:
    leader = node("b", 2, status_address=None)
    assert seen_from("a", A, leader).peers[0].address == leader.manager_address


def test_workers_are_no_peers() -> None:
    worker = node("b", 2, manager=False, manager_address=None)
    assert seen_from("a", A, worker, C).peers == (
        Peer(address="10.0.0.3", hostname="c", priority=229, demoted_priority=48),
    )


def test_down_drained_and_unreachable_managers_stay_peers() -> None:
    roster = seen_from("a", A, node("b", 2, state="down"), node("c", 3, availability="drain"))
    assert [peer.hostname for peer in roster.peers] == ["b", "c"]


def test_an_own_address_is_never_a_peer_and_no_peer_comes_twice() -> None:
    twins = [node("b", 2, manager_address=A.manager_address), node("c", 3), node("d", 3)]
    assert [peer.hostname for peer in seen_from("a", A, *twins).peers] == ["c"]


def test_a_manager_of_the_other_ip_version_is_no_peer_and_is_warned_of() -> None:
    other = node("b", 2, manager_address=ipaddress.ip_address("fd00::2"))
    roster = seen_from("a", A, other)
    assert roster.peers == ()
    assert "another IP version" in roster.warnings[0]


def test_a_labelled_address_of_another_ip_version_than_most_managers_have_is_ignored_and_told() -> None:
    odd = node("b", 2, labels={"keepalived.address": "fd00::2"})
    for name in "abc":
        roster = seen_from(name, A, odd, C)
        assert {str(peer.address) for peer in roster.peers} | {str(roster.me.address)} == {
            str(member.manager_address) for member in (A, odd, C)
        }
        assert "Label keepalived.address='fd00::2' of node b is ignored: most managers have" in roster.warnings[0]


def test_managers_that_are_all_labelled_with_the_other_ip_version_speak_it() -> None:
    labelled = [node(name, n, labels={"keepalived.address": f"fd00::{n}"}) for n, name in enumerate("abc", 1)]
    assert [str(peer.address) for peer in seen_from("a", *labelled).peers][:2] == ["fd00::2", "fd00::3"]


def test_a_swarm_of_one_has_no_peers() -> None:
    assert seen_from("a", A).peers == ()


def test_a_node_that_is_no_manager_has_no_roster() -> None:
    assert rosters.build(Managers().next(THREE, 0.0), THREE, "id-x", top=254) is None


def test_a_manager_that_left_stays_a_peer_for_a_while_so_that_its_handover_is_heard() -> None:
    managers = Managers().next(THREE, 0.0).next((A, C), 10.0)
    assert managers.ranked == THREE
    assert managers.next((A, C), 10.0 + LINGER - 1).ranked == THREE
    assert managers.next((A, C), 10.0 + LINGER).ranked == (A, C)


def test_a_manager_that_left_by_force_stays_a_peer_until_its_float_has_ended() -> None:
    silent = replace(B, state="down")
    managers = Managers().next((A, silent, C), 0.0).next((A, C), 10.0, orphan_after=300.0)
    for now, ranked, remembered in (
        (10.0 + LINGER - 1, (A, silent, C), ()),
        (10.0 + LINGER, (A, C), (silent,)),
        (10.0 + LINGER + 299, (A, C), (silent,)),
        (10.0 + LINGER + 300, (A, C), ()),
    ):
        later = managers.next((A, C), now, orphan_after=300.0)
        assert (later.ranked, later.remembered) == (ranked, remembered)


def test_a_demoted_manager_whose_engine_its_swarm_does_not_hear_stays_a_peer_as_one_that_left_by_force() -> None:
    """Docker cannot stop its anchor then."""
    worker = replace(B, manager=False, manager_address=None)
    deaf = replace(worker, state="down")
    managers = Managers().next(THREE, 0.0).next((A, worker, C), 10.0, orphan_after=300.0)
    managers = managers.next((A, deaf, C), 30.0, orphan_after=300.0)
    for now, ranked, remembered in (
        (10.0 + LINGER - 1, (A, B, C), ()),
        (10.0 + LINGER, (A, C), ("b",)),
        (10.0 + LINGER + 299, (A, C), ("b",)),
        (10.0 + LINGER + 300, (A, C), ()),
    ):
        managers = managers.next((A, deaf, C), now, orphan_after=300.0)
        assert [node.id for node in managers.ranked] == [node.id for node in ranked]
        assert tuple(node.hostname for node in managers.remembered) == remembered


def test_a_manager_that_joins_after_one_left_by_force_ranks_all_as_the_others_do() -> None:
    silent, newcomer = replace(B, state="down"), node("d", 4)
    knows = Managers().next((A, silent, C), 0.0).next((A, C), 10.0, orphan_after=300.0)
    knows = knows.next((A, C, newcomer), 10.0 + LINGER, orphan_after=300.0)
    old = rosters.build(knows, (A, C, newcomer), A.id, top=254)
    new = seen_from("d", A, C, newcomer)
    assert old is not None
    assert {(peer.hostname, peer.priority) for peer in old.peers} == {("b", None), ("c", 229), ("d", 204)}
    assert new.me.priority == 204


def test_an_anchor_that_begins_anew_ranks_as_the_one_before_it_did_before_its_first_look() -> None:
    silent, now = replace(B, state="down"), 10.0 + LINGER
    before = (
        Managers()
        .next((A, silent, C), 0.0)
        .next((A, C), 10.0, orphan_after=300.0)
        .next((A, C), now, orphan_after=300.0)
    )
    anew = Managers(before.listed, before.left).bounded(now, orphan_after=300.0)
    assert (anew.ranked, anew.remembered) == (before.ranked, before.remembered) == ((A, C), (silent,))


def test_a_manager_that_returns_as_another_node_does_not_come_twice() -> None:
    silent, again = replace(B, state="down"), replace(B, id="id-again", created_at="2026-02-02T00:00:00.000000000Z")
    managers = Managers().next((A, silent, C), 0.0).next((A, C), 10.0, orphan_after=300.0)
    assert managers.next((A, C, again), 20.0, orphan_after=300.0).ranked == (A, C, again)


def test_a_manager_that_was_demoted_lingers_too_and_one_that_returns_does_not_come_twice() -> None:
    demoted = node("b", 2, manager=False)
    managers = Managers().next(THREE, 0.0).next((A, demoted, C), 1.0)
    assert managers.ranked == THREE
    assert managers.next(THREE, 2.0) == Managers(THREE)


def test_a_demoted_manager_that_the_quorum_still_has_stays_a_peer_for_as_long_as_that_lasts() -> None:
    demoted = replace(B, manager=False)
    managers = Managers().next(THREE, 0.0).next((A, demoted, C), 1.0).next((A, demoted, C), 1000.0)
    assert managers.ranked == (A, demoted, C)
    worker = replace(demoted, manager_address=None)
    managers = managers.next((A, worker, C), 1001.0)
    assert managers.next((A, worker, C), 1001.0 + LINGER - 1).ranked == (A, demoted, C)
    assert managers.next((A, worker, C), 1001.0 + LINGER).ranked == (A, C)


def test_listed_peers_lose_the_own_address_and_take_what_the_roster_knows() -> None:
    wanted = [ipaddress.ip_address(text) for text in ("10.0.0.1", "10.0.0.2", "10.0.0.2", "10.9.9.9")]
    peers = rosters.listed_peers(seen_from("a"), wanted)
    assert [(str(peer.address), peer.hostname, peer.priority) for peer in peers] == [
        ("10.0.0.2", "b", 229),
        ("10.9.9.9", "10.9.9.9", None),
    ]
