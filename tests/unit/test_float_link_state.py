"""The float's link to its anchor: up, expected back after a goodbye, hanging, or gone."""

from __future__ import annotations

import pytest

from float.link_state import ENGINE_GONE, PROBATION, RETURN, LinkState
from shared.link_protocol import GoodbyeReason
from shared.models import Condition, Strength

TIMEOUT = 3.0
GRACE = 120.0
UP = LinkState().connected(100.0)
UPDATING = UP.said_goodbye(GoodbyeReason.UPDATE, 110.0, engine=False).ended(110.0)


def condition(link: LinkState, now: float) -> Condition:
    """What it says of the node at that moment."""
    (only,) = link.conditions(now, timeout=TIMEOUT, grace=GRACE)
    return only


def next_change(link: LinkState, now: float) -> float | None:
    """When time alone changes that."""
    return link.next_change(now, timeout=TIMEOUT, grace=GRACE)


def test_a_float_that_no_anchor_ever_spoke_to_is_demoted() -> None:
    assert condition(LinkState(), 1.0) == Condition(name="link", ok=False, reason="the anchor is gone")


def test_a_lost_link_only_demotes() -> None:
    assert condition(LinkState(), 1.0).strength is Strength.PREFER


def test_an_anchor_that_connects_is_enough() -> None:
    assert condition(UP, 100.0) == Condition(name="link", ok=True, reason="the anchor answers")


def test_an_anchor_is_waited_for_up_to_the_timeout() -> None:
    assert condition(UP, 103.0).ok
    assert next_change(UP, 100.0) == 103.0


def test_an_anchor_that_hangs_is_found_out_after_the_timeout() -> None:
    assert condition(UP, 103.001) == Condition(name="link", ok=False, reason="the anchor hangs: nothing heard for 3 s")


def test_an_anchor_that_hung_and_speaks_again_is_up_again() -> None:
    assert condition(UP.heard(200.0), 200.0).ok


def test_an_anchor_that_dies_without_a_goodbye_is_gone_at_once() -> None:
    assert condition(UP.ended(101.0), 101.0).reason == "the anchor is gone"


def test_an_anchor_that_says_it_is_replaced_is_expected_back_for_the_grace() -> None:
    assert condition(UPDATING, 230.0) == Condition(name="link", ok=True, reason="the anchor is being replaced")
    assert next_change(UPDATING, 110.0) == 230.0


def test_a_grace_that_ran_out_demotes() -> None:
    assert condition(UPDATING, 230.001).reason == "the anchor is gone"


def test_an_anchor_that_hangs_after_its_goodbye_is_in_the_grace() -> None:
    link = UP.said_goodbye(GoodbyeReason.UPDATE, 110.0, engine=False)
    assert condition(link, 114.0).ok


@pytest.mark.parametrize("reason", [GoodbyeReason.LEAVE, GoodbyeReason.REMOVED])
def test_a_goodbye_for_ever_gives_no_grace(reason: GoodbyeReason) -> None:
    assert not condition(UP.said_goodbye(reason, 110.0, engine=False).ended(110.0), 110.0).ok


def test_a_new_anchor_that_crashes_early_leaves_the_old_grace_standing() -> None:
    link = UPDATING.connected(120.0).heard(120.0 + PROBATION - 1).ended(120.0 + PROBATION - 1)
    assert condition(link, 160.0).reason == "the anchor is being replaced"


def test_a_node_whose_new_anchor_died_and_never_came_back_steps_back_before_it_is_forgotten() -> None:
    link = UPDATING.connected(120.0).heard(130.0).ended(130.0)
    assert next_change(link, 131.0) == 130.0 + RETURN
    assert condition(link, 130.0 + RETURN).ok
    assert condition(link, 130.001 + RETURN).reason == "the anchor is gone"


def test_the_next_goodbye_gives_a_whole_grace_again() -> None:
    link = (
        UPDATING.connected(120.0)
        .ended(125.0)
        .connected(130.0)
        .said_goodbye(GoodbyeReason.UPDATE, 131.0, engine=False)
        .ended(131.0)
    )
    assert condition(link, 131.0 + GRACE).ok


def test_a_new_anchor_that_crashes_early_does_not_lengthen_the_old_grace() -> None:
    link = UPDATING.connected(220.0).heard(225.0).ended(225.0)
    assert not condition(link, 230.001).ok


def test_a_new_anchor_that_hangs_early_does_not_have_the_whole_of_the_old_grace() -> None:
    link = UPDATING.connected(112.0).heard(115.0)
    assert condition(link, 115.0 + RETURN).ok
    assert next_change(link, 119.0) == 115.0 + RETURN
    assert condition(link, 115.001 + RETURN).reason == "the anchor hangs: nothing heard for 3 s"


def test_a_new_anchor_that_has_proven_itself_ends_the_grace() -> None:
    link = UPDATING.connected(120.0).heard(120.0 + PROBATION).ended(120.0 + PROBATION)
    assert condition(link, 151.0).reason == "the anchor is gone"


def test_each_connection_has_to_prove_itself_anew() -> None:
    crash_loop = UPDATING.connected(112.0).heard(120.0).ended(120.0).connected(135.0).heard(145.0).ended(145.0)
    assert condition(crash_loop, 150.0).ok


def test_the_end_of_a_link_that_was_already_gone_changes_nothing() -> None:
    gone = UP.ended(101.0)
    assert gone.ended(200.0) == gone


def test_a_dead_link_is_down_since_its_end() -> None:
    assert UP.ended(101.0).down_since(TIMEOUT) == 101.0


def test_a_hanging_link_is_down_since_its_timeout() -> None:
    assert UP.heard(105.0).down_since(TIMEOUT) == 108.0


def test_nothing_is_waited_for_when_time_changes_nothing() -> None:
    assert next_change(UP.ended(101.0), 101.0) is None
    assert next_change(UPDATING, 500.0) is None


def test_an_engine_that_listens_no_more_ends_the_grace() -> None:
    link = UP.said_goodbye(GoodbyeReason.UPDATE, 110.0, engine=True).ended(110.0)
    assert not link.asks_for_the_engine(110.5)
    assert link.asks_for_the_engine(111.0)
    link = link.engine_looked_at(111.0, listens=True).engine_looked_at(112.0, listens=False)
    assert condition(link, 111.0 + ENGINE_GONE).ok
    assert next_change(link, 112.0) == 111.0 + ENGINE_GONE
    gone = condition(link, 111.1 + ENGINE_GONE)
    assert (gone.ok, gone.reason) == (False, "the anchor is gone, and the engine left the Swarm or ended")


def test_an_engine_that_listens_again_in_time_changes_nothing() -> None:
    link = UP.said_goodbye(GoodbyeReason.UPDATE, 110.0, engine=True).ended(110.0)
    link = link.engine_looked_at(111.0, listens=False).engine_looked_at(110.0 + ENGINE_GONE, listens=True)
    assert condition(link, 110.0 + GRACE).ok


def test_an_engine_that_joins_again_later_does_not_bring_the_grace_back() -> None:
    link = UP.said_goodbye(GoodbyeReason.UPDATE, 110.0, engine=True).ended(110.0)
    link = link.engine_looked_at(111.0, listens=False).engine_looked_at(111.0 + ENGINE_GONE, listens=True)
    assert not condition(link, 112.0 + ENGINE_GONE).ok


def test_a_float_that_stood_still_and_did_not_look_holds_nothing_against_the_engine() -> None:
    link = UP.said_goodbye(GoodbyeReason.UPDATE, 110.0, engine=True).ended(110.0)
    assert condition(link, 150.0).ok
    assert condition(link.engine_looked_at(150.0, listens=True), 110.0 + GRACE).ok


def test_an_engine_that_listens_on_does_not_prolong_the_grace() -> None:
    link = UP.said_goodbye(GoodbyeReason.UPDATE, 110.0, engine=True).ended(110.0)
    link = link.engine_looked_at(231.0, listens=True)
    assert condition(link, 231.0).reason == "the anchor is gone"


@pytest.mark.parametrize("reason", GoodbyeReason)
def test_an_engine_that_never_listened_is_not_asked_for(reason: GoodbyeReason) -> None:
    assert not UP.said_goodbye(reason, 110.0, engine=False).ended(110.0).asks_for_the_engine(200.0)


def test_an_anchor_that_proves_itself_ends_the_looks_at_the_engine() -> None:
    link = UP.said_goodbye(GoodbyeReason.UPDATE, 110.0, engine=True).ended(110.0).connected(120.0)
    link = link.heard(120.0 + PROBATION)
    assert not link.asks_for_the_engine(300.0)
    assert condition(link.ended(300.0), 300.0).reason == "the anchor is gone"
