"""Who may hold the VIP, who steps back, who takes over: the float's decision, and every way to interrupt it."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from float.demotion import RECOVERY, UNDECIDED, Decision, Heard, decide, demoted_content
from shared.models import Condition, Strength, VirtualRouter, VrrpState
from tests.unit.float_samples import (
    BEST,
    LINK_LOST,
    MASTER_DOWN,
    ROUTER,
    SECOND,
    SERVICE_DOWN,
    WORST,
    heard,
    router_called,
)

FRESH = MASTER_DOWN / 2
"""Seconds that an advert may be old and still counts."""

HEALTHY_MASTER = [50, 150, 250, 254, 255]
NOT_BACKUP = [VrrpState.INIT, VrrpState.MASTER, VrrpState.FAULT]
PREEMPTING = ROUTER.model_copy(update={"preempt": True})


def answer(
    state: VrrpState = VrrpState.BACKUP,
    *conditions: Condition,
    hears: Heard | None = None,
    before: Decision = UNDECIDED,
    now: float = 100.0,
    router: VirtualRouter = ROUTER,
    outdated: bool = False,
) -> Decision:
    """One decision; what is not said is that of a healthy BACKUP that hears nobody."""
    return decide(router, state=state, conditions=conditions, heard=hears, before=before, now=now, outdated=outdated)


def waiting(since: float = 100.0) -> Decision:
    """The answer of a healthy BACKUP that hears a demoted master since then, and waits for its better peers."""
    return answer(hears=heard(WORST, 48, since), now=since)


def taking(since: float = 100.0) -> Decision:
    """The answer once the better peers had their time."""
    now = since + 2 * MASTER_DOWN
    return answer(hears=heard(WORST, 48, now), before=waiting(since), now=now)


# What conditions do.


@pytest.mark.parametrize("state", VrrpState)
def test_a_node_with_nothing_against_it_may_hold_the_vip(state: VrrpState) -> None:
    decision = answer(state)
    assert (decision.allowed, decision.demoted, decision.preempt, decision.reason) == (True, False, False, "")


@pytest.mark.parametrize("state", VrrpState)
def test_a_lost_link_demotes_and_never_forbids(state: VrrpState) -> None:
    decision = answer(state, LINK_LOST)
    assert (decision.allowed, decision.demoted) == (True, True)


@pytest.mark.parametrize("state", VrrpState)
def test_a_failing_required_condition_forbids(state: VrrpState) -> None:
    decision = answer(state, SERVICE_DOWN)
    assert (decision.allowed, decision.demoted) == (False, False)


def test_a_node_can_be_forbidden_and_demoted_at_once_and_says_both_reasons() -> None:
    decision = answer(VrrpState.MASTER, LINK_LOST, SERVICE_DOWN)
    assert (decision.allowed, decision.demoted) == (False, True)
    assert decision.reason == "service:web: no task of web runs here; link: the anchor is gone"


def test_a_condition_that_holds_changes_nothing_whatever_its_strength() -> None:
    holds = SERVICE_DOWN.model_copy(update={"ok": True})
    assert answer(VrrpState.MASTER, holds) == answer(VrrpState.MASTER)


def test_a_condition_about_another_virtual_router_changes_nothing() -> None:
    elsewhere = SERVICE_DOWN.model_copy(update={"routers": ("web",)})
    assert answer(VrrpState.MASTER, elsewhere).allowed
    assert not answer(VrrpState.MASTER, elsewhere, router=router_called("web", 78)).allowed


def test_before_the_first_decision_a_node_is_forbidden() -> None:
    assert (UNDECIDED.allowed, UNDECIDED.preempt) == (False, False)


def test_a_condition_that_recovers_gives_the_node_its_rank_back() -> None:
    before = answer(VrrpState.BACKUP, LINK_LOST, SERVICE_DOWN)
    decision = answer(VrrpState.BACKUP, before=before, now=101.0)
    assert (decision.allowed, decision.demoted, decision.reason) == (True, False, "")


def test_the_track_file_brings_the_priority_down_to_the_demoted_one() -> None:
    assert ROUTER.priority - demoted_content(ROUTER) == ROUTER.demoted_priority


# Taking over from a demoted master.


@pytest.mark.parametrize("priority", [1, 25, 49])
def test_the_best_placed_backup_takes_over_from_a_demoted_master_at_once(priority: int) -> None:
    alone = ROUTER.model_copy(update={"peers": (WORST,)})
    decision = answer(hears=heard(WORST, priority, 100.0), router=alone)
    assert (decision.allowed, decision.demoted, decision.preempt) == (True, False, True)
    assert decision.reason == f"the master at 192.0.2.4 is demoted (priority {priority})"


def test_a_backup_leaves_each_better_placed_peer_one_master_down_interval() -> None:
    decision = waiting(100.0)
    assert not decision.preempt
    assert decision.look_again_at == 100.0 + 2 * MASTER_DOWN


def test_a_backup_still_waits_just_before_its_turn() -> None:
    now = 100.0 + 2 * MASTER_DOWN - 0.001
    assert not answer(hears=heard(WORST, 48, now), before=waiting(), now=now).preempt


def test_a_backup_takes_over_when_no_better_placed_peer_did() -> None:
    decision = taking()
    assert decision.preempt
    assert decision.look_again_at is None


def test_a_backup_that_is_still_to_be_updated_lets_even_the_worst_placed_peer_take_over_before_it_begins() -> None:
    best = ROUTER.model_copy(update={"priority": 254, "peers": (SECOND, WORST)})
    worst = ROUTER.model_copy(update={"priority": 60, "peers": (BEST, SECOND)})
    updated = answer(hears=heard(SECOND, 48, 100.0), router=worst)
    outdated = answer(hears=heard(SECOND, 48, 100.0), router=best, outdated=True)
    assert updated.look_again_at == 100.0 + worst.master_down_interval
    assert outdated.look_again_at is not None
    assert outdated.look_again_at > updated.look_again_at + best.master_down_interval
    assert answer(hears=heard(SECOND, 48, 100.0), router=best).preempt


def test_of_two_nodes_the_one_that_is_still_to_be_updated_waits_for_nobody() -> None:
    router = ROUTER.model_copy(update={"priority": 254, "peers": (WORST,)})
    assert answer(hears=heard(WORST, 48, 100.0), router=router, outdated=True).preempt


def test_a_peer_of_whom_nobody_knows_the_priority_is_waited_for_by_nobody_while_an_update_lasts_either() -> None:
    again = SECOND.model_copy(update={"address": ipaddress.ip_address("198.51.100.2"), "priority": None})
    labelled = ROUTER.model_copy(update={"peers": (*ROUTER.peers, again)})
    one, other = (answer(hears=heard(WORST, 48, 100.0), router=r, outdated=True) for r in (ROUTER, labelled))
    assert one.look_again_at == other.look_again_at


def test_a_demoted_master_with_a_longer_advert_interval_is_relieved_as_well() -> None:
    """VRRPv3 adopts the master's interval, so that one may change node by node."""
    slow = replace(heard(WORST, 48, 100.0), interval=4 * ROUTER.advert_interval)
    now = 100.0 + 2 * MASTER_DOWN
    assert answer(hears=slow, before=waiting(), now=now).preempt
    assert not answer(hears=replace(slow, interval=ROUTER.advert_interval), before=waiting(), now=now).preempt


def test_the_demoted_master_itself_is_not_waited_for() -> None:
    decision = answer(hears=heard(BEST, 49, 100.0))
    assert decision.look_again_at == 100.0 + MASTER_DOWN


def test_the_demoted_master_is_known_by_its_priority_where_its_address_is_a_link_local_one() -> None:
    best = BEST.model_copy(update={"demoted_priority": 49})
    router = ROUTER.model_copy(update={"peers": (best, SECOND, WORST)})
    hears = Heard(ipaddress.ip_address("fe80::1"), 49, 100.0)
    assert answer(hears=hears, router=router).look_again_at == 100.0 + MASTER_DOWN


def test_a_priority_tells_nothing_of_an_advert_that_names_its_sender() -> None:
    best = BEST.model_copy(update={"demoted_priority": 49})
    router = ROUTER.model_copy(update={"peers": (best, SECOND, WORST)})
    assert answer(hears=heard(WORST, 49, 100.0), router=router).look_again_at == 100.0 + 2 * MASTER_DOWN


def test_worse_placed_peers_are_not_waited_for() -> None:
    first = ROUTER.model_copy(update={"peers": (WORST,)})
    assert answer(hears=heard(WORST, 48, 100.0), router=first).preempt


def test_later_adverts_of_the_same_demoted_master_do_not_begin_the_wait_anew() -> None:
    now = 100.0 + MASTER_DOWN
    decision = answer(hears=heard(WORST, 48, now), before=waiting(100.0), now=now)
    assert decision.look_again_at == 100.0 + 2 * MASTER_DOWN


def test_the_wait_counts_on_when_one_demoted_master_follows_another() -> None:
    now = 100.0 + MASTER_DOWN
    decision = answer(hears=heard(BEST, 49, now), before=waiting(100.0), now=now)
    assert decision.preempt


# What it never takes over from, and when it never does.


@pytest.mark.parametrize("priority", HEALTHY_MASTER)
def test_nobody_takes_over_from_a_healthy_master(priority: int) -> None:
    decision = answer(hears=heard(BEST, priority, 100.0))
    assert (decision.preempt, decision.look_again_at, decision.weaker_master_since) == (False, None, None)


def test_a_master_that_says_it_leaves_is_left_to_the_election() -> None:
    decision = answer(hears=heard(BEST, 0, 100.0))
    assert (decision.preempt, decision.look_again_at) == (False, None)


def test_silence_is_left_to_the_election() -> None:
    assert not answer(hears=None).preempt


def test_an_advert_older_than_a_master_down_interval_is_silence() -> None:
    alone = ROUTER.model_copy(update={"peers": (WORST,)})
    decision = answer(hears=heard(WORST, 48, 100.0), router=alone, now=100.0 + MASTER_DOWN + 0.001)
    assert not decision.preempt


@pytest.mark.parametrize("against", [LINK_LOST, SERVICE_DOWN])
def test_a_demoted_or_forbidden_backup_never_takes_over(against: Condition) -> None:
    alone = ROUTER.model_copy(update={"peers": (WORST,)})
    decision = answer(VrrpState.BACKUP, against, hears=heard(WORST, 48, 100.0), router=alone)
    assert (decision.preempt, decision.look_again_at, decision.weaker_master_since) == (False, None, None)


@pytest.mark.parametrize("state", NOT_BACKUP)
def test_only_a_backup_takes_over(state: VrrpState) -> None:
    alone = ROUTER.model_copy(update={"peers": (WORST,)})
    assert not answer(state, hears=heard(WORST, 48, 100.0), router=alone).preempt


def test_a_node_whose_healthy_priority_is_that_of_a_demoted_one_never_takes_over() -> None:
    low = ROUTER.model_copy(update={"priority": 40, "demoted_priority": 20, "peers": (WORST,)})
    assert not answer(hears=heard(WORST, 10, 100.0), router=low).preempt


def test_plain_keepalived_preempts_no_master_of_a_low_priority() -> None:
    plain = ROUTER.model_copy(update={"demoted_priority": ROUTER.priority, "peers": ()})
    assert not answer(hears=heard(WORST, 10, 100.0), router=plain).preempt
    assert demoted_content(plain) == 0


# The preemption ends; the user's own preempt setting stays.


def test_the_preemption_ends_when_the_node_has_become_master() -> None:
    decision = answer(VrrpState.MASTER, hears=heard(WORST, 48, 101.0), before=taking(), now=101.0)
    assert (decision.preempt, decision.weaker_master_since, decision.reason) == (False, None, "")


def test_the_preemption_ends_when_a_healthy_master_is_heard() -> None:
    decision = answer(hears=heard(BEST, 250, 101.0), before=taking(), now=101.0)
    assert (decision.preempt, decision.weaker_master_since) == (False, None)


def test_the_preemption_lasts_while_the_demoted_master_goes_on() -> None:
    now = 102.0
    assert answer(hears=heard(WORST, 48, now - FRESH), before=taking(100.0), now=now).preempt


@pytest.mark.parametrize("state", VrrpState)
@pytest.mark.parametrize("conditions", [(), (LINK_LOST,), (SERVICE_DOWN,)])
def test_preempt_as_set_by_the_user_is_kept_in_every_state(state: VrrpState, conditions: tuple[Condition, ...]) -> None:
    assert answer(state, *conditions, hears=heard(BEST, 250, 100.0), router=PREEMPTING).preempt


# Interrupted sequences: whatever cuts the wait short, it begins anew.


@pytest.mark.parametrize("interrupted_by", [taking(), waiting()])
def test_a_better_peer_that_takes_over_meanwhile_ends_the_wait(interrupted_by: Decision) -> None:
    healthy = answer(hears=heard(BEST, 250, 100.5), before=interrupted_by, now=100.5)
    again = answer(hears=heard(SECOND, 48, 200.0), before=healthy, now=200.0)
    assert not again.preempt
    assert again.weaker_master_since == 200.0


@pytest.mark.parametrize(("against", "longer"), [(LINK_LOST, RECOVERY), (SERVICE_DOWN, 0.0)])
@pytest.mark.parametrize("interrupted", [taking(), waiting()])
def test_a_backup_that_is_itself_struck_gives_up_and_waits_anew_when_it_recovers(
    against: Condition, longer: float, interrupted: Decision
) -> None:
    struck = answer(VrrpState.BACKUP, against, hears=heard(WORST, 48, 101.0), before=interrupted, now=101.0)
    recovered = answer(hears=heard(WORST, 48, 102.0), before=struck, now=102.0)
    assert not struck.preempt
    assert not recovered.preempt
    assert recovered.look_again_at == 102.0 + longer + 2 * MASTER_DOWN


def test_nodes_that_were_demoted_together_recover_together_and_the_vip_stays() -> None:
    struck = answer(VrrpState.BACKUP, LINK_LOST, hears=heard(BEST, 49, 101.0), before=answer(), now=101.0)
    recovered = answer(hears=heard(BEST, 49, 102.0), before=struck, now=102.0)
    late = answer(hears=heard(BEST, 49, 102.0 + RECOVERY - 0.1), before=recovered, now=102.0 + RECOVERY - 0.1)
    master_too = answer(hears=heard(BEST, 254, 102.0 + RECOVERY), before=late, now=102.0 + RECOVERY)
    assert [recovered.preempt, late.preempt, master_too.preempt] == [False, False, False]
    assert master_too.weaker_master_since is None


def test_a_master_that_does_not_recover_is_relieved_by_the_node_that_did() -> None:
    struck = answer(VrrpState.BACKUP, LINK_LOST, hears=heard(BEST, 49, 101.0), before=answer(), now=101.0)
    recovered = answer(hears=heard(BEST, 49, 102.0), before=struck, now=102.0)
    assert recovered.look_again_at is not None
    at = recovered.look_again_at
    assert answer(hears=heard(BEST, 49, at), before=recovered, now=at).preempt


@pytest.mark.parametrize("interrupted", [taking(), waiting()])
def test_a_demoted_master_that_falls_silent_ends_the_wait(interrupted: Decision) -> None:
    silent = answer(hears=heard(WORST, 48, 101.0), before=interrupted, now=101.0 + MASTER_DOWN + 0.001)
    again = answer(hears=heard(WORST, 48, 110.0), before=silent, now=110.0)
    assert not silent.preempt
    assert again.weaker_master_since == 110.0


@pytest.mark.parametrize("interrupted", [taking(), waiting()])
@pytest.mark.parametrize("state", NOT_BACKUP)
def test_a_node_that_is_no_longer_backup_ends_the_wait(state: VrrpState, interrupted: Decision) -> None:
    moved = answer(state, hears=heard(WORST, 48, 101.0), before=interrupted, now=101.0)
    again = answer(hears=heard(WORST, 48, 102.0), before=moved, now=102.0)
    assert not moved.preempt
    assert again.weaker_master_since == 102.0


def test_a_demoted_master_that_recovers_before_anyone_came_keeps_the_vip() -> None:
    recovered = answer(hears=heard(WORST, 100, 100.3), before=waiting(), now=100.3)
    later = answer(hears=heard(WORST, 100, 105.0), before=recovered, now=105.0)
    assert (recovered.preempt, later.preempt) == (False, False)


def test_a_new_holder_that_is_demoted_in_turn_is_relieved_in_turn() -> None:
    master = answer(VrrpState.MASTER, hears=heard(WORST, 48, 101.0), before=taking(), now=101.0)
    demoted = answer(VrrpState.MASTER, LINK_LOST, hears=heard(WORST, 48, 101.5), before=master, now=101.5)
    assert (demoted.allowed, demoted.demoted, demoted.preempt) == (True, True, False)


# Whatever happens.

CONDITIONS = st.lists(
    st.builds(
        Condition,
        name=st.just("c"),
        ok=st.booleans(),
        strength=st.sampled_from(Strength),
        routers=st.sampled_from([None, ("vip",), ("web",)]),
    ),
    max_size=4,
)
HEARD = st.none() | st.builds(
    Heard, st.sampled_from([BEST.address, WORST.address]), st.integers(0, 255), st.floats(0, 200)
)
BEFORE = st.sampled_from([UNDECIDED, waiting(), taking()])


@given(state=st.sampled_from(VrrpState), conditions=CONDITIONS, hears=HEARD, before=BEFORE, now=st.floats(100, 200))
def test_prefer_never_forbids_and_require_always_does(
    state: VrrpState, conditions: list[Condition], hears: Heard | None, before: Decision, now: float
) -> None:
    decision = answer(state, *conditions, hears=hears, before=before, now=now)
    required = [c for c in conditions if c.strength is Strength.REQUIRE and c.routers != ("web",)]
    assert decision.allowed is all(c.ok for c in required)


@given(state=st.sampled_from(VrrpState), conditions=CONDITIONS, hears=HEARD, before=BEFORE, now=st.floats(100, 200))
def test_whoever_takes_over_is_a_healthy_backup_that_hears_a_demoted_master_now(
    state: VrrpState, conditions: list[Condition], hears: Heard | None, before: Decision, now: float
) -> None:
    decision = answer(state, *conditions, hears=hears, before=before, now=now)
    may = (
        state is VrrpState.BACKUP
        and decision.allowed
        and not decision.demoted
        and hears is not None
        and 1 <= hears.priority <= 49
        and now - hears.at <= MASTER_DOWN
    )
    assert may or not decision.preempt


@given(state=st.sampled_from(VrrpState), conditions=CONDITIONS, hears=HEARD, before=BEFORE, now=st.floats(100, 200))
def test_a_wait_always_ends_in_the_future(
    state: VrrpState, conditions: list[Condition], hears: Heard | None, before: Decision, now: float
) -> None:
    decision = answer(state, *conditions, hears=hears, before=before, now=now)
    assert decision.look_again_at is None or decision.look_again_at > now


# Routers that return to the node that they prefer (KEEPALIVED_SPREAD).

HOME = ROUTER.model_copy(update={"priority": 254, "return_after": 10.0})
"""This node is the one that the router prefers."""


def returning(now: float, *, before: Decision = UNDECIDED, hears: Heard | None = None) -> Decision:
    """A healthy BACKUP's answer while a healthy node of lower priority is master."""
    return answer(hears=hears or heard(SECOND, 200, now), before=before, now=now, router=HOME)


def test_a_router_returns_only_after_its_delay() -> None:
    first = returning(100.0)
    assert (first.preempt, first.look_again_at) == (False, 110.0)
    assert not returning(109.9, before=first).preempt
    again = returning(110.0, before=first)
    assert again.preempt
    assert again.reason == "it prefers this node, and returns from 192.0.2.2 (priority 200)"


def test_a_router_returns_to_nobody_but_the_node_that_it_prefers_most() -> None:
    second = HOME.model_copy(update={"priority": 225})
    decision = answer(hears=heard(SECOND, 200, 100.0), now=100.0, router=second)
    assert (decision.preempt, decision.look_again_at) == (False, None)


def test_a_demoted_master_is_relieved_without_the_delay() -> None:
    waited = returning(100.0)
    assert returning(101.0, before=waited, hears=heard(SECOND, 48, 101.0)).preempt


def test_the_delay_begins_anew_when_the_return_was_interrupted() -> None:
    struck = answer(VrrpState.BACKUP, LINK_LOST, hears=heard(SECOND, 200, 105.0), before=returning(100.0), now=105.0)
    assert not returning(111.0, before=struck).preempt


def test_a_router_that_came_home_is_not_preempting_any_more() -> None:
    taken = returning(110.0, before=returning(100.0))
    assert not answer(VrrpState.MASTER, before=taken, now=110.5, router=HOME).preempt
