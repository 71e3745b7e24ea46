from __future__ import annotations

import pytest

from anchor import conditions
from anchor.conditions import FAILS_AFTER, RECOVERS_AFTER, Steadied
from anchor.managers import LINGER
from shared.models import Strength
from shared.settings import Quorum

OK = Steadied()
FAILED = Steadied(ok=False, reason="no answer")


def test_trouble_that_lasts_ten_seconds_fails_the_condition() -> None:
    state = OK.bad(100.0, "no answer")
    assert state.at(100.0 + FAILS_AFTER - 0.1).ok
    assert not state.at(100.0 + FAILS_AFTER).ok
    assert state.at(100.0 + FAILS_AFTER).reason == "no answer"


def test_the_time_of_an_unanswered_question_counts() -> None:
    assert not OK.bad(105.0, "no answer", asked=100.0).at(110.0).ok


def test_an_election_that_ends_in_time_fails_nothing() -> None:
    state = OK.bad(100.0, "no leader").bad(104.0, "no leader").good(108.0)
    assert state.at(200.0).ok


def test_trouble_counts_from_its_beginning_not_from_its_last_sight() -> None:
    assert not OK.bad(100.0, "x").bad(106.0, "x").at(110.0).ok


def test_five_good_seconds_bring_it_back() -> None:
    state = FAILED.good(100.0)
    assert not state.at(100.0 + RECOVERS_AFTER - 0.1).ok
    assert state.at(100.0 + RECOVERS_AFTER).ok


def test_a_relapse_within_the_five_seconds_starts_them_anew() -> None:
    state = FAILED.good(100.0).bad(103.0, "again").good(104.0)
    assert not state.at(106.0).ok
    assert state.at(109.0).ok


def test_a_late_look_does_not_lose_what_the_time_had_decided() -> None:
    assert not OK.bad(100.0, "x").good(120.0).ok


def test_the_engine_is_only_preferred() -> None:
    (engine, *_) = conditions.judge(FAILED, OK, Quorum.PREFER)
    assert (engine.name, engine.ok, engine.strength, engine.reason) == ("engine", False, Strength.PREFER, "no answer")


def test_the_quorum_is_ignored_preferred_or_required_as_the_setting_says() -> None:
    assert [c.name for c in conditions.judge(OK, FAILED, Quorum.IGNORE)] == ["engine"]
    assert conditions.judge(OK, FAILED, Quorum.PREFER)[1].strength is Strength.PREFER
    assert conditions.judge(OK, FAILED, Quorum.REQUIRE)[1].strength is Strength.REQUIRE


def test_where_the_quorum_is_required_a_docker_that_says_nothing_has_none_to_show() -> None:
    quorum = conditions.judge(FAILED, OK, Quorum.REQUIRE)[1]
    assert (quorum.ok, quorum.strength) == (False, Strength.REQUIRE)
    assert quorum.reason == "Docker cannot tell whether there is a leader of the Swarm: no answer"
    assert conditions.judge(FAILED, OK, Quorum.PREFER)[1].ok


@pytest.mark.parametrize(("managers", "words"), [(1, "with 1 manager: its loss"), (2, "with 2 managers: the loss of")])
def test_a_required_quorum_of_fewer_than_three_managers_is_warned_of(managers: int, words: str) -> None:
    assert words in (conditions.quorum_warning(Quorum.REQUIRE, managers) or "")


@pytest.mark.parametrize(("mode", "managers"), [(Quorum.REQUIRE, 3), (Quorum.PREFER, 1), (Quorum.IGNORE, 2)])
def test_other_quorums_are_not_warned_of(mode: Quorum, managers: int) -> None:
    assert conditions.quorum_warning(mode, managers) is None


def test_only_a_node_that_is_about_to_go_has_that_against_it() -> None:
    node = next(c for c in conditions.judge(OK, OK, Quorum.PREFER, leaving="this node is drained") if c.name == "node")

    assert (node.ok, node.strength, node.reason) == (False, Strength.PREFER, "this node is drained")
    assert "node" not in [c.name for c in conditions.judge(OK, OK, Quorum.PREFER)]


def test_a_node_that_is_no_manager_any_more_must_not_serve_before_the_managers_forget_it() -> None:
    def strength(unmanaged: float) -> Strength:
        found = conditions.judge(OK, OK, Quorum.IGNORE, leaving="this node is no longer a manager", unmanaged=unmanaged)
        return next(condition.strength for condition in found if condition.name == "node")

    assert strength(conditions.FORBIDDEN_AFTER - 0.1) is Strength.PREFER
    assert strength(conditions.FORBIDDEN_AFTER) is Strength.REQUIRE
    assert conditions.FORBIDDEN_AFTER < LINGER
