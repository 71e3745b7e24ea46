from __future__ import annotations

import logging
from pathlib import Path

import pytest

from anchor.conversation import Conversation
from anchor.memory import FILE, Memory
from shared.link_protocol import Beat, FloatHello, Goodbye, GoodbyeReason, Report, SpecAnswer, VerdictMessage
from shared.models import Condition, VrrpState
from tests.unit.anchor_fakes import FakeClock, Wire, spec, status

SPEC = spec()
OTHER_WIRE = spec(password="secret")
OTHER_SPEC = spec(link_timeout=5)
FINE = (Condition(name="engine", ok=True),)
HELLO = FloatHello(version="1", token="t-1")
RUNS_SPEC = FloatHello(version="1", token="t-1", spec_digest=SPEC.digest, spec=SPEC)


class Talk:
    """A conversation with everything around it."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.wire, self.memory = FakeClock(), Wire(), Memory(folder)
        self.wakes = 0
        self.talk = Conversation(self.memory, self.clock, node="a", wake=self._wake)
        self.talk.speak_through(self.wire)
        self.talk.expect("container-1", "t-1")

    def _wake(self) -> None:
        self.wakes += 1

    def accept(self, *, trial: bool = False) -> None:
        assert self.talk.spec is not None
        self.talk.said(SpecAnswer(digest=self.talk.spec.digest, trial=trial, accepted=True))

    def running(self) -> None:
        """The float runs SPEC and said so."""
        self.talk.want(SPEC, updating=False)
        self.talk.arrived(HELLO)
        self.accept()
        self.wire.said.clear()


@pytest.fixture
def world(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def test_who_connects_is_told_verdict_and_spec(world: Talk) -> None:
    world.talk.judge(FINE)
    world.talk.want(SPEC, updating=False)
    assert world.wire.said == []
    world.talk.arrived(HELLO)
    assert world.wire.verdicts == [{"engine": True}]
    assert world.wire.specs == [(SPEC.digest, False)]
    assert world.talk.connected == "container-1"


def test_the_log_names_the_release_of_the_float_that_connects(world: Talk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world.talk.arrived(HELLO)
    (connected,) = [record for record in caplog.records if record.message == "The float is connected."]
    assert vars(connected)["version"] == HELLO.version


def test_who_connects_again_is_told_again(world: Talk) -> None:
    world.running()
    world.talk.left()
    world.talk.arrived(HELLO.model_copy(update={"spec_digest": SPEC.digest}))
    assert world.wire.specs == [(SPEC.digest, False)]


def test_a_spec_is_said_once_while_it_stays_the_same(world: Talk) -> None:
    world.running()
    world.talk.want(SPEC, updating=False)
    assert world.wire.specs == []
    world.talk.want(OTHER_SPEC, updating=False)
    assert world.wire.specs == [(OTHER_SPEC.digest, False)]


def test_only_a_known_token_is_let_in(world: Talk) -> None:
    assert world.talk.knows(HELLO)
    assert not world.talk.knows(FloatHello(version="1", token="other"))
    assert not world.talk.knows(FloatHello(version="1", token=""))


def test_conditions_are_said_when_they_change_and_logged_when_they_flip(
    world: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.running()
    world.talk.judge(FINE)
    world.talk.judge(FINE)
    world.talk.judge((Condition(name="engine", ok=False, reason="no answer"),))
    assert world.wire.verdicts == [{"engine": True}, {"engine": False}]
    assert "Condition engine fails: no answer" in caplog.messages


def test_a_roll_out_that_is_still_to_come_to_this_node_is_said(world: Talk) -> None:
    world.running()
    world.talk.judge(FINE, outdated=True)
    assert world.wire.said == [VerdictMessage(conditions=FINE, outdated=True)]


def test_a_beat_is_said_only_while_the_loop_is_alive(world: Talk) -> None:
    world.running()
    world.talk.pulse(alive=False)
    assert world.wire.said == []
    world.talk.pulse(alive=True)
    assert world.wire.said == [Beat()]


def test_nothing_is_said_after_the_goodbye(world: Talk) -> None:
    world.running()
    world.talk.goodbye(GoodbyeReason.LEAVE, "drained")
    world.talk.pulse(alive=True)
    assert world.wire.said == [Goodbye(reason=GoodbyeReason.LEAVE, detail="drained")]


def test_a_refusal_is_kept_with_its_problems_and_wakes_the_loop(world: Talk) -> None:
    world.talk.want(SPEC, updating=False)
    world.talk.arrived(HELLO)
    before = world.wakes
    world.talk.said(SpecAnswer(digest=SPEC.digest, accepted=False, problems=("no eth9",)))
    assert world.talk.refusal == ("no eth9",)
    assert not world.talk.ever_accepted
    assert world.wakes == before + 1


def test_an_answer_to_an_older_offer_is_ignored(world: Talk) -> None:
    world.talk.want(SPEC, updating=False)
    world.talk.arrived(HELLO)
    world.talk.want(OTHER_SPEC, updating=False)
    world.talk.said(SpecAnswer(digest=SPEC.digest, accepted=False, problems=("no eth9",)))
    assert world.talk.answer is None


def test_a_change_of_the_wire_format_is_only_tried_while_the_service_is_updated(world: Talk) -> None:
    world.running()
    world.talk.want(OTHER_WIRE, updating=True)
    assert world.wire.specs == [(OTHER_WIRE.digest, True)]
    assert world.talk.holding
    world.accept(trial=True)
    world.talk.want(OTHER_WIRE, updating=False)
    assert world.wire.specs[1:] == [(OTHER_WIRE.digest, False)]
    assert not world.talk.holding


def test_a_new_anchor_knows_from_its_predecessor_what_the_float_speaks(world: Talk, tmp_path: Path) -> None:
    world.running()
    successor = Talk(tmp_path)
    successor.talk.want(OTHER_WIRE, updating=True)
    successor.talk.arrived(RUNS_SPEC)
    assert successor.wire.specs == [(OTHER_WIRE.digest, True)]


def test_a_rolled_back_change_of_the_wire_format_is_never_applied(world: Talk) -> None:
    world.running()
    world.talk.want(OTHER_WIRE, updating=True)
    world.accept(trial=True)
    world.talk.want(SPEC, updating=True)
    assert world.wire.specs == [(OTHER_WIRE.digest, True), (SPEC.digest, False)]


def test_any_other_change_is_applied_at_once_during_an_update(world: Talk) -> None:
    world.running()
    world.talk.want(OTHER_SPEC, updating=True)
    assert world.wire.specs == [(OTHER_SPEC.digest, False)]


def test_a_float_that_died_while_a_change_is_held_back_does_not_get_it_early(world: Talk) -> None:
    world.running()
    world.talk.want(OTHER_WIRE, updating=True)
    world.talk.left()
    world.talk.arrived(HELLO)
    assert world.wire.specs[-1] == (OTHER_WIRE.digest, True)


def test_a_float_that_died_while_a_change_is_held_back_comes_back_with_what_it_ran(world: Talk) -> None:
    world.running()
    world.talk.want(OTHER_WIRE, updating=True)
    world.talk.left()
    world.wire.said.clear()
    world.talk.arrived(HELLO)
    assert world.wire.specs == [(SPEC.digest, False), (OTHER_WIRE.digest, True)]
    world.talk.said(SpecAnswer(digest=SPEC.digest, accepted=True))
    world.accept(trial=True)
    assert world.talk.holding


def test_a_later_anchor_gives_it_back_too(world: Talk, tmp_path: Path) -> None:
    world.running()
    successor = Talk(tmp_path)
    successor.talk.want(OTHER_WIRE, updating=True)
    successor.talk.arrived(HELLO)
    assert successor.wire.specs == [(SPEC.digest, False), (OTHER_WIRE.digest, True)]


def test_a_password_is_remembered_by_the_float_alone(world: Talk, tmp_path: Path) -> None:
    world.talk.want(OTHER_WIRE, updating=False)
    world.talk.arrived(HELLO)
    world.accept()
    assert "secret" not in (tmp_path / FILE).read_text()
    successor = Talk(tmp_path)
    successor.talk.want(SPEC, updating=True)
    successor.talk.arrived(FloatHello(version="1", token="t-1", spec_digest=OTHER_WIRE.digest, spec=OTHER_WIRE))
    successor.talk.left()
    successor.wire.said.clear()
    successor.talk.arrived(HELLO)
    assert successor.wire.specs == [(OTHER_WIRE.digest, False), (SPEC.digest, True)]


def test_a_float_whose_spec_with_a_password_nobody_knows_any_more_waits_for_the_update_to_end(
    world: Talk, tmp_path: Path
) -> None:
    world.talk.want(OTHER_WIRE, updating=False)
    world.talk.arrived(HELLO)
    world.accept()
    successor = Talk(tmp_path)
    successor.talk.want(SPEC, updating=True)
    successor.talk.arrived(HELLO)
    assert successor.wire.specs == [(SPEC.digest, True)]


def test_the_first_float_of_a_node_gets_its_spec_even_during_an_update(world: Talk) -> None:
    world.talk.want(SPEC, updating=True)
    world.talk.arrived(HELLO)
    assert world.wire.specs == [(SPEC.digest, False)]


def test_a_float_that_runs_an_unknown_spec_is_only_asked_during_an_update(world: Talk) -> None:
    world.talk.want(SPEC, updating=True)
    world.talk.arrived(HELLO.model_copy(update={"spec_digest": "unknown"}))
    assert world.wire.specs == [(SPEC.digest, True)]


def test_a_float_that_is_to_be_replaced_is_only_asked(world: Talk) -> None:
    world.talk.trial_only = True
    world.talk.want(SPEC, updating=False)
    world.talk.arrived(HELLO)
    assert world.wire.specs == [(SPEC.digest, True)]
    assert not world.talk.holding


def test_transitions_are_logged_once_each(world: Talk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world.running()
    for state in (VrrpState.BACKUP, VrrpState.BACKUP, VrrpState.MASTER):
        world.talk.said(Report(status=status(SPEC.digest, state)))
    moves = [record for record in caplog.records if "Virtual router" in record.getMessage()]
    assert [record.getMessage() for record in moves] == [
        "Virtual router VI_1 is BACKUP.",
        "Virtual router VI_1 is MASTER.",
    ]
    assert vars(moves[1])["reason"] == "because"


def test_silence_is_counted_from_the_last_word(world: Talk) -> None:
    world.running()
    for _ in range(10):
        world.clock.now += 1
        world.talk.pulse(alive=True)
    assert world.talk.silence == 10


def test_a_pause_of_the_anchor_is_not_the_floats_silence(world: Talk) -> None:
    world.running()
    world.talk.pulse(alive=True)
    world.clock.now += 60
    world.talk.pulse(alive=True)
    assert world.talk.silence == 0
