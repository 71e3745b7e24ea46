"""What stands against this node: the link, the anchor's verdict, a departure, a handover, and nobody coming back."""

from __future__ import annotations

import pytest

from float.departure import Leaving
from float.lifecycle import Lifecycle
from float.situation import HANDOVER, Situation, handover_time
from shared.link_protocol import GoodbyeReason
from shared.models import Condition, Strength, VrrpState
from tests.unit.float_samples import (
    ALLOWED,
    FORBIDDEN,
    LINK_LOST,
    ROUTER,
    SERVICE_DOWN,
    SPEC,
    WORST,
    entry,
    heard,
    router_called,
)

TIMING = SPEC.model_copy(update={"link_timeout": 3.0, "update_grace": 120.0, "orphan_after": 300.0})


def under_anchor(now: float = 100.0) -> Situation:
    """A float that an anchor has connected to."""
    situation = Situation(now)
    situation.take_timing(TIMING)
    situation.connected(now)
    return situation


def orphan(since: float = 100.0) -> Situation:
    """A float whose anchor died."""
    situation = under_anchor(since)
    situation.ended(since)
    return situation


def failing_names(situation: Situation, now: float) -> list[str]:
    """The conditions against the node."""
    return [condition.name for condition in situation.conditions(now) if not condition.ok]


def test_a_float_that_starts_is_demoted_until_an_anchor_speaks() -> None:
    situation = Situation(100.0)
    assert situation.conditions(100.0) == (LINK_LOST,)
    situation.connected(101.0)
    assert failing_names(situation, 101.0) == []


def test_a_float_alone_misses_no_anchor_and_is_nobodys_orphan() -> None:
    alone = Situation(0.0, alone=True)
    alone.consider_orphanhood((entry(VrrpState.BACKUP, heard=heard(WORST, 100, 1e6)),), 1e6)
    assert alone.conditions(1e6) == ()
    assert alone.leaving is None
    assert alone.link_reason(1e6) == "this float runs alone"


def test_a_float_alone_stops_at_once_since_no_peer_takes_over_before() -> None:
    alone = Situation(0.0, alone=True)
    alone.leave(Leaving("told to stop", 5.0))
    assert alone.over((entry(VrrpState.MASTER),), 5.0)


def test_a_float_alone_hands_over_by_letting_go() -> None:
    alone = Situation(0.0, alone=True)
    alone.hand_over(5.0)
    assert [(c.name, c.strength) for c in alone.conditions(5.0)] == [("handover", Strength.REQUIRE)]


def test_a_float_alone_gives_up_a_keepalived_that_does_not_stay_up() -> None:
    alone, under = Situation(0.0, alone=True), under_anchor(0.0)
    lifecycle = Lifecycle()
    for _ in range(5):
        assert alone.leaving is None
        lifecycle = lifecycle.started(1.0).exited(1.0)
        alone.consider_giving_up(lifecycle, 1.0)
        under.consider_giving_up(lifecycle, 1.0)
    assert alone.leaving is not None
    assert alone.leaving.exit_code == 1
    assert under.leaving is None


def test_the_anchors_verdict_counts_beside_the_link() -> None:
    situation = under_anchor()
    situation.judged((SERVICE_DOWN,))
    assert failing_names(situation, 100.0) == ["service:web"]


def test_each_verdict_replaces_the_one_before() -> None:
    situation = under_anchor()
    situation.judged((SERVICE_DOWN,))
    situation.judged((Condition(name="quorum", ok=True),))
    assert [c.name for c in situation.conditions(100.0)] == ["link", "quorum"]


def test_the_last_verdict_outlives_the_anchor() -> None:
    situation = under_anchor()
    situation.judged((SERVICE_DOWN,))
    situation.ended(101.0)
    assert failing_names(situation, 101.0) == ["link", "service:web"]


def test_a_word_from_an_anchor_that_hung_brings_the_link_back() -> None:
    situation = under_anchor()
    assert situation.heard(110.0)
    assert not situation.heard(110.5)
    assert situation.link_up(110.5)


def test_the_timeout_is_that_of_the_spec() -> None:
    situation = under_anchor()
    situation.take_timing(TIMING.model_copy(update={"link_timeout": 10.0}))
    assert failing_names(situation, 109.0) == []


def test_an_anchor_that_is_replaced_is_not_held_against_the_node() -> None:
    situation = under_anchor()
    situation.said_goodbye(GoodbyeReason.UPDATE, 101.0, engine=False)
    situation.ended(101.0)
    assert situation.in_grace(221.0)
    assert failing_names(situation, 221.0) == []
    assert failing_names(situation, 221.5) == ["link"]
    assert situation.leaving is None


def test_a_handover_demotes_for_a_while() -> None:
    situation = under_anchor()
    situation.hand_over(100.0)
    assert failing_names(situation, 100.0 + 2.5) == ["handover"]
    situation.heard(100.0 + HANDOVER)
    assert failing_names(situation, 100.0 + HANDOVER) == []


def test_a_handover_lasts_until_every_peer_has_had_its_turn() -> None:
    slow = TIMING.model_copy(update={"virtual_routers": (ROUTER.model_copy(update={"advert_interval": 1.0}),)})
    assert len(ROUTER.peers) == 3
    assert handover_time(slow) == 17.0
    assert handover_time(TIMING) == HANDOVER


def test_a_node_that_leaves_is_demoted_until_it_ends() -> None:
    situation = under_anchor()
    situation.said_goodbye(GoodbyeReason.LEAVE, 101.0, engine=False)
    assert "departure" in failing_names(situation, 103.0)


def test_a_leaving_master_ends_only_when_a_peer_came_or_time_is_up() -> None:
    situation = under_anchor()
    situation.leave(Leaving("told to stop", 101.0))
    assert not situation.over([entry(VrrpState.MASTER)], 103.9)
    assert situation.over([], 101.5)
    assert situation.over([entry(VrrpState.MASTER)], 104.0)


def test_a_float_that_is_not_leaving_never_ends() -> None:
    assert not under_anchor().over([], 1_000_000.0)


def test_the_shorter_of_two_departures_wins() -> None:
    situation = under_anchor()
    situation.leave(Leaving("told to stop", 101.0))
    situation.said_goodbye(GoodbyeReason.REMOVED, 102.0, engine=False)
    assert situation.over([entry(VrrpState.MASTER)], 102.0)


def test_a_second_order_to_leave_does_not_lengthen_the_first() -> None:
    situation = under_anchor()
    situation.leave(Leaving("told to stop", 101.0))
    situation.leave(Leaving("told to stop again", 103.5))
    assert situation.over([entry(VrrpState.MASTER)], 104.0)


def test_the_next_change_is_the_soonest_of_all() -> None:
    situation = under_anchor(100.0)
    assert situation.next_change(100.0) == 103.0
    situation.leave(Leaving("told to stop", 99.0))
    assert situation.next_change(100.0) == 102.0
    situation.hand_over(96.5)
    assert situation.next_change(100.0) == 101.5


def test_nothing_is_due_when_time_changes_nothing() -> None:
    assert orphan().next_change(150.0) is None


def test_a_float_without_anchor_leaves_when_another_node_serves() -> None:
    situation = orphan(100.0)
    situation.consider_orphanhood([entry(heard=heard(WORST, 100, 400.0))], 400.0)
    assert situation.leaving is not None
    assert situation.leaving.reason == "no anchor for 300 s, and another node serves"


def test_a_float_without_anchor_waits_before_it_leaves() -> None:
    situation = orphan(100.0)
    situation.consider_orphanhood([entry(heard=heard(WORST, 100, 399.0))], 399.0)
    assert situation.leaving is None


def test_the_last_holder_serves_on_without_anchor_and_says_so_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    situation, ours = orphan(100.0), [entry(VrrpState.MASTER, decision=ALLOWED)]
    for now in (400.0, 401.0, 460.0):
        situation.consider_orphanhood(ours, now)
    assert situation.leaving is None
    assert caplog.messages == [
        "no anchor for 300 s; nobody else advertises vip, so this float serves on",
        "no anchor for 360 s; nobody else advertises vip, so this float serves on",
    ]


def test_a_float_without_anchor_yields_for_good_what_others_serve_and_keeps_what_nobody_else_does() -> None:
    situation = orphan(100.0)
    ours = entry(VrrpState.MASTER, router=router_called("web", 78), decision=ALLOWED)
    situation.consider_orphanhood([entry(heard=heard(WORST, 100, 400.0), decision=ALLOWED), ours], 400.0)
    situation.consider_orphanhood([entry(decision=ALLOWED), ours], 800.0)
    assert situation.leaving is None
    yielded = next(condition for condition in situation.conditions(800.0) if condition.name == "orphan")
    assert (yielded.ok, yielded.strength, yielded.routers) == (False, Strength.REQUIRE, ("vip",))


def test_a_virtual_router_that_may_serve_nowhere_keeps_no_float_without_anchor() -> None:
    situation = orphan(100.0)
    served = entry(heard=heard(WORST, 100, 400.0), decision=ALLOWED)
    situation.consider_orphanhood([served, entry(router=router_called("web", 78), decision=FORBIDDEN)], 400.0)
    assert situation.leaving is not None


def test_a_float_without_anchor_stays_where_nobody_may_serve() -> None:
    situation = orphan(100.0)
    situation.consider_orphanhood([entry(decision=FORBIDDEN)], 400.0)
    assert situation.leaving is None


def test_a_float_that_never_got_a_spec_ends_when_no_anchor_comes() -> None:
    situation = orphan(100.0)
    situation.consider_orphanhood([], 400.0)
    assert situation.leaving is not None


def test_a_hanging_anchor_makes_an_orphan_as_a_dead_one_does() -> None:
    situation = under_anchor(97.0)
    situation.consider_orphanhood([], 399.0)
    assert situation.leaving is None
    situation.consider_orphanhood([], 400.0)
    assert situation.leaving is not None


@pytest.mark.parametrize("how", ["anew", "from its hang"])
def test_an_anchor_that_comes_back_gives_back_what_was_yielded(how: str) -> None:
    situation = under_anchor(100.0) if how == "from its hang" else orphan(100.0)
    ours = entry(VrrpState.MASTER, router=router_called("web", 78), decision=ALLOWED)
    entries = [entry(heard=heard(WORST, 100, 405.0), decision=ALLOWED), ours]
    situation.consider_orphanhood(entries, 405.0)
    assert "orphan" in failing_names(situation, 405.0)
    (situation.heard if how == "from its hang" else situation.connected)(406.0)
    situation.consider_orphanhood(entries, 406.0)
    assert failing_names(situation, 406.0) == []


@pytest.mark.parametrize(("strength", "later"), [(Strength.REQUIRE, ["link", "quorum"]), (Strength.PREFER, ["link"])])
def test_a_required_quorum_is_not_believed_for_longer_than_10_s_after_the_anchor(
    strength: Strength, later: list[str]
) -> None:
    situation = under_anchor(100.0)
    situation.judged((Condition(name="quorum", ok=True, strength=strength),))
    situation.ended(100.0)
    assert situation.next_change(105.0) == 110.0
    assert failing_names(situation, 109.9) == ["link"]
    assert failing_names(situation, 110.0) == later
    situation.connected(111.0)
    assert failing_names(situation, 111.0) == []


def test_a_required_quorum_stands_while_the_anchor_is_replaced() -> None:
    situation = under_anchor(100.0)
    situation.judged((Condition(name="quorum", ok=True, strength=Strength.REQUIRE),))
    situation.said_goodbye(GoodbyeReason.UPDATE, 100.0, engine=False)
    situation.ended(100.0)
    assert failing_names(situation, 219.0) == []


def test_an_anchor_that_comes_back_ends_the_orphanhood() -> None:
    situation = orphan(100.0)
    situation.connected(399.0)
    situation.consider_orphanhood([entry(heard=heard(WORST, 100, 400.0))], 400.0)
    assert situation.leaving is None


def test_the_link_is_logged_when_it_turns_and_not_at_every_look(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    situation = under_anchor()
    for now in (100.0, 104.0, 105.0):
        situation.say_link_changes(now)
    situation.heard(106.0)
    situation.say_link_changes(106.0)
    assert caplog.messages == ["link: the anchor hangs: nothing heard for 3 s", "link: the anchor answers"]


def test_the_floats_own_conditions_stand_beside_the_verdict() -> None:
    situation = under_anchor()
    situation.judged((Condition(name="quorum", ok=True),))
    situation.observed("checks", (Condition(name="check:port", ok=False),))
    assert [c.name for c in situation.conditions(100.0)] == ["link", "check:port", "quorum"]


def test_a_source_of_own_conditions_replaces_only_its_own() -> None:
    situation = under_anchor()
    situation.observed("checks", (Condition(name="check:port", ok=False),))
    situation.observed("probe", (Condition(name="probe", ok=False),))
    situation.observed("checks", ())
    assert failing_names(situation, 100.0) == ["probe"]
