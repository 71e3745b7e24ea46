from __future__ import annotations

from pathlib import Path

import pytest

from anchor.conversation import Conversation
from anchor.health import ANSWER_LIMIT, PENDING_LIMIT, unhealthy
from anchor.memory import Memory
from shared.link_protocol import FloatHello, Report, SpecAnswer
from shared.models import Condition, Strength, VrrpState
from shared.status import FloatStatus
from tests.unit.anchor_fakes import FakeClock, spec, status

SPEC = spec()
CLOCK = FakeClock()


@pytest.fixture
def talk(tmp_path: Path) -> Conversation:
    talk = Conversation(Memory(tmp_path), CLOCK, node="a", wake=lambda: None)
    talk.expect("c", "t")
    return talk


def said(talk: Conversation, report: FloatStatus, *, accepted: bool = True) -> Conversation:
    talk.want(SPEC, updating=False)
    talk.arrived(FloatHello(version="1", token="t"))
    talk.said(SpecAnswer(digest=SPEC.digest, accepted=accepted, problems=() if accepted else ("no eth9",)))
    talk.said(Report(status=report))
    return talk


def reason(talk: Conversation, *, later: float = 0.0) -> str | None:
    return unhealthy(talk, now=CLOCK.now + later, wall=CLOCK.wall())


@pytest.mark.parametrize("state", [VrrpState.MASTER, VrrpState.BACKUP])
def test_a_float_that_runs_the_spec_as_master_or_backup_is_fine(talk: Conversation, state: VrrpState) -> None:
    assert reason(said(talk, status(SPEC.digest, state))) is None


def test_a_fault_that_a_condition_explains_is_fine_and_another_is_not(talk: Conversation) -> None:
    assert reason(said(talk, status(SPEC.digest, VrrpState.FAULT, expected=True))) is None
    unexpected = status(SPEC.digest, VrrpState.FAULT, expected=False)
    assert reason(said(talk, unexpected)) == "virtual router VI_1 is FAULT: because"


def test_a_check_that_has_found_out_nothing_yet_holds_up_a_roll_out_for_a_while_only(talk: Conversation) -> None:
    pending = Condition(
        name="check:port", ok=False, strength=Strength.REQUIRE, reason="not looked at yet", pending=True
    )
    for state, since, expected in (
        (VrrpState.FAULT, 1, "check:port: not looked at yet"),
        (VrrpState.FAULT, PENDING_LIMIT, None),
        (VrrpState.BACKUP, 1, None),
    ):
        told = status(SPEC.digest, state, since=CLOCK.wall() - since, conditions=(pending,))
        assert reason(said(talk, told)) == expected
    failing = pending.model_copy(update={"pending": False})
    told = status(SPEC.digest, VrrpState.FAULT, since=CLOCK.wall() - 1, conditions=(failing,))
    assert reason(said(talk, told)) is None


def test_a_virtual_router_may_be_on_its_way_for_a_moment_only(talk: Conversation) -> None:
    assert reason(said(talk, status(SPEC.digest, VrrpState.INIT, since=CLOCK.wall() - 1))) is None
    late = status(SPEC.digest, VrrpState.INIT, since=CLOCK.wall() - 60)
    assert reason(said(talk, late)) == "virtual router VI_1 is INIT: because"


def test_without_a_float_the_anchor_is_not_healthy(talk: Conversation) -> None:
    assert reason(talk) == "the float is not connected"


def test_without_a_spec_the_anchor_is_not_healthy(talk: Conversation) -> None:
    talk.arrived(FloatHello(version="1", token="t"))
    assert reason(talk) == "the Swarm's managers are not known yet, so the float has no spec"


def test_before_the_floats_answer_the_anchor_is_not_healthy(talk: Conversation) -> None:
    talk.want(SPEC, updating=False)
    talk.arrived(FloatHello(version="1", token="t"))
    assert reason(talk) == "the float has not answered to the spec yet"


def test_a_refusal_is_said_in_the_floats_words(talk: Conversation) -> None:
    assert reason(said(talk, status("old"), accepted=False)) == "the float refuses the spec: no eth9"


def test_a_float_that_runs_another_spec_is_not_healthy(talk: Conversation) -> None:
    assert reason(said(talk, status("old"))) == "the float does not run the current spec"


def test_a_float_that_stopped_reporting_is_not_healthy(talk: Conversation) -> None:
    assert reason(said(talk, status(SPEC.digest)), later=4) == "the float does not report"


def test_a_float_without_virtual_routers_is_not_healthy(talk: Conversation) -> None:
    assert reason(said(talk, status(SPEC.digest, virtual_routers=()))) == "the float runs no virtual router"


def test_a_spec_that_is_held_back_is_fine_once_the_float_would_run_it(talk: Conversation) -> None:
    said(talk, status(SPEC.digest))
    other = spec(password="secret")
    talk.want(other, updating=True)
    talk.said(SpecAnswer(digest=other.digest, trial=True, accepted=True))
    assert reason(talk) is None


def test_a_float_that_is_about_to_be_replaced_does_not_count(talk: Conversation) -> None:
    talk.trial_only = True
    talk.want(SPEC, updating=False)
    talk.arrived(FloatHello(version="1", token="t"))
    talk.said(SpecAnswer(digest=SPEC.digest, trial=True, accepted=True))
    assert reason(talk) == "the float is about to be replaced"


def test_a_float_that_ran_a_spec_before_may_be_at_work_on_the_next_for_a_while(talk: Conversation) -> None:
    said(talk, status(SPEC.digest))
    talk.want(spec(link_timeout=5), updating=False)
    assert reason(talk) is None
    talk.heard_at = CLOCK.now + ANSWER_LIMIT
    assert reason(talk, later=ANSWER_LIMIT) == "the float has not answered to the spec yet"


def test_specs_that_come_faster_than_answers_make_no_anchor_unhealthy(talk: Conversation) -> None:
    said(talk, status(SPEC.digest))
    for timeout in range(4, 40):
        CLOCK.now += ANSWER_LIMIT / 2
        before = talk.spec
        assert before is not None
        talk.want(spec(link_timeout=timeout), updating=False)
        talk.said(SpecAnswer(digest=before.digest, accepted=True))
        talk.said(Report(status=status(before.digest)))
        assert reason(talk) is None


def test_answers_to_another_anchors_specs_make_nobody_healthy(talk: Conversation) -> None:
    talk.want(SPEC, updating=False)
    talk.arrived(FloatHello(version="1", token="t"))
    talk.said(SpecAnswer(digest="of the anchor before", accepted=True))
    talk.said(Report(status=status("of the anchor before")))
    assert reason(talk) == "the float has not answered to the spec yet"


def test_an_anchor_that_starts_amid_many_changes_is_healthy_once_any_spec_of_its_own_is_accepted(
    talk: Conversation,
) -> None:
    talk.want(SPEC, updating=False)
    talk.arrived(FloatHello(version="1", token="t"))
    talk.want(spec(link_timeout=5), updating=False)
    assert reason(talk) == "the float has not answered to the spec yet"
    talk.said(SpecAnswer(digest=SPEC.digest, accepted=True))
    talk.said(Report(status=status(SPEC.digest)))
    assert reason(talk) is None
