"""The choice of faults: from a seed alone, and never what a lab or a Swarm could not do."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.campaign.choice import LOSSES, TOTAL, Kind, Strike, Update, Where, can_follow, choose

MANY = [choose(seed, number) for seed in range(20) for number in range(100)]


def test_a_seed_says_the_same_for_ever() -> None:
    assert [str(choose(7, number)) for number in (1, 3, 18)] == [
        "partition first for 2s",
        "kill-keepalived-parent holder & restart-dockerd first for 5s, loaded",
        "demote holder for 0.5s, updating anchors",
    ]


def test_a_round_does_not_depend_on_the_rounds_before_it() -> None:
    assert choose(7, 30) == [choose(7, number) for number in range(1, 31)][-1]


def test_every_fault_strikes_alone_and_in_company_but_a_blackout_leaves_nothing_to_strike() -> None:
    alone = Counter(round_.strikes[0].kind for round_ in MANY if len(round_.strikes) == 1)
    paired = Counter(strike.kind for round_ in MANY if len(round_.strikes) == 2 for strike in round_.strikes)

    assert set(alone) == set(Kind)
    assert set(paired) == set(Kind) - {Kind.BLACKOUT}


def test_rounds_come_with_and_without_load_and_with_every_update() -> None:
    assert {round_.load for round_ in MANY} == {True, False}
    assert {round_.update for round_ in MANY} == set(Update)


@pytest.mark.parametrize("total", sorted(TOTAL))
def test_what_is_off_or_frozen_or_gone_is_struck_by_nothing_else(total: Kind) -> None:
    assert not can_follow([Strike(total, Where.HOLDER)], Strike(Kind.KILL_ANCHOR, Where.HOLDER))
    assert can_follow([Strike(total, Where.HOLDER)], Strike(Kind.KILL_ANCHOR, Where.FIRST))


def test_two_of_three_managers_never_leave_for_the_third_could_take_nobody_back() -> None:
    assert not can_follow([Strike(Kind.LEAVE, Where.HOLDER)], Strike(Kind.LEAVE, Where.FIRST))


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_nobody_is_demoted_while_the_swarm_lacks_a_manager(loss: Kind) -> None:
    assert not can_follow([Strike(loss, Where.FIRST)], Strike(Kind.DEMOTE, Where.HOLDER))


def test_one_fault_never_strikes_a_host_twice() -> None:
    assert not can_follow([Strike(Kind.UNPLUG, Where.LAST)], Strike(Kind.UNPLUG, Where.LAST))


def test_only_the_holder_has_an_address_to_delete() -> None:
    deleted = [strike.where for round_ in MANY for strike in round_.strikes if strike.kind is Kind.DELETE_VIP]

    assert set(deleted) == {Where.HOLDER}
