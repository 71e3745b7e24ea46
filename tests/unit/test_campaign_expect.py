"""Who must, may and must not have the virtual IP while faults last."""

from __future__ import annotations

from tests.campaign.choice import Kind
from tests.campaign.expect import HostView, has_quorum, troubles


def view(
    name: str, *faults: Kind, on: bool = True, cable: bool = True, island: bool = False, holds: bool = False
) -> HostView:
    return HostView(name, on=on, cable=cable, island=island, faults=frozenset(faults), holds=holds)


def test_one_holder_is_right() -> None:
    assert troubles([view("h1", holds=True), view("h2"), view("h3")]) == []


def test_two_holders_that_hear_each_other_are_wrong() -> None:
    assert troubles([view("h1", holds=True), view("h2", holds=True), view("h3")]) == [
        "among the reachable hosts the VIP is on h1 and h2"
    ]


def test_a_holder_on_each_side_of_a_partition_is_right() -> None:
    assert troubles([view("h1", Kind.PARTITION, island=True, holds=True), view("h2", holds=True), view("h3")]) == []


def test_nobody_is_wrong_while_a_sound_host_is_left() -> None:
    assert troubles([view("h1", Kind.POWER_OFF, on=False), view("h2"), view("h3", Kind.KILL_ANCHOR)]) == [
        "among the reachable hosts (h2, h3) nobody has the VIP"
    ]


def test_nobody_may_be_where_only_a_drained_host_is_left() -> None:
    assert troubles([view("h1", Kind.POWER_OFF, on=False), view("h2", Kind.DRAIN)]) == []


def test_a_host_without_a_cable_must_not_keep_it() -> None:
    assert troubles([view("h1", Kind.UNPLUG, cable=False, holds=True), view("h2", holds=True)]) == [
        "h1 has the VIP and cannot serve it"
    ]


def test_a_frozen_float_must_lose_it() -> None:
    assert troubles([view("h1", Kind.PAUSE_FLOAT, holds=True), view("h2")]) == ["h1 has the VIP and cannot serve it"]


def test_a_struck_host_is_not_counted_upon_without_quorum() -> None:
    lost = [view("h1", Kind.POWER_OFF, on=False), view("h2", Kind.RESTART_DOCKERD), view("h3", Kind.KILL_DOCKERD)]

    assert not has_quorum({host.name: host.faults for host in lost})
    assert troubles(lost) == []


def test_a_demoted_or_drained_manager_takes_no_quorum_away() -> None:
    assert has_quorum({"h1": {Kind.DEMOTE}, "h2": {Kind.DRAIN}, "h3": set()})


def test_a_frozen_host_may_keep_what_it_has_and_is_heard_by_nobody() -> None:
    frozen = view("h1", Kind.FREEZE, island=True, holds=True)

    assert troubles([frozen, view("h2", holds=True), view("h3")]) == []
    assert troubles([frozen, view("h2", Kind.PARTITION, island=True, holds=True), view("h3", holds=True)]) == []
    assert troubles([frozen, view("h2"), view("h3")]) == ["among the reachable hosts (h2, h3) nobody has the VIP"]


def test_a_host_that_left_the_swarm_hands_over() -> None:
    assert troubles([view("h1", Kind.LEAVE), view("h2", holds=True), view("h3")]) == []
    wrong = ["h1 has the VIP and cannot serve it"]
    assert troubles([view("h1", Kind.LEAVE, holds=True), view("h2"), view("h3")]) == wrong


def test_a_host_that_left_a_swarm_without_a_quorum_serves_on_as_all_are_demoted() -> None:
    assert troubles([view("h1", Kind.LEAVE, holds=True), view("h2"), view("h3", Kind.POWER_OFF, on=False)]) == []


def test_in_a_blackout_nobody_has_it() -> None:
    assert troubles([view(name, Kind.BLACKOUT, on=False) for name in ("h1", "h2", "h3")]) == []
