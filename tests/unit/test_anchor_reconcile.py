from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from anchor.asking import Asking
from anchor.blackout import PATIENCE
from anchor.conversation import Conversation
from anchor.facts import EngineError, EngineSilentError, Node, ServiceTask
from anchor.float_keeper import FloatKeeper
from anchor.hands import Hands
from anchor.local_tasks import LocalTasks
from anchor.memory import Memory
from anchor.patience import Patience
from anchor.plan import Desired
from anchor.reconcile import LAST_RETRY, TIMER, Reconciler
from anchor.replacement import Replacement
from anchor.spec_keeper import SpecKeeper
from anchor.survey import Survey
from shared.errors import SettingsError, SpecRefusedError
from shared.link_protocol import FloatHello, Report, SpecAnswer
from shared.models import Condition, Strength, VrrpState
from shared.settings import Quorum
from shared.user_files import UserFiles
from tests.unit.anchor_fakes import (
    FLOAT,
    NAME,
    STACK,
    THREE,
    FakeClock,
    FakeDocker,
    Wire,
    a_float,
    node,
    settings,
    status,
    user_service,
)

CLOSED = Condition(name="check:port", ok=False, strength=Strength.REQUIRE, reason="closed")


class World:
    """A whole anchor on a node whose float runs already."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.docker, self.clock, self.wire, memory = FakeDocker(a_float()), FakeClock(), Wire(), Memory(folder)
        self.talk = Conversation(memory, self.clock, node="a", wake=lambda: None)
        self.talk.speak_through(self.wire)
        self.asking = Asking(self.clock)
        self.survey = Survey(
            self.docker,
            self.clock,
            memory,
            node_id="id-a",
            service_id="service-1",
            tracked=settings(**env).track_services,
        )
        hands = Hands(self.docker, self.asking, self.talk, container=FLOAT, memory=memory, sleep=self.clock.sleep)
        self.specs = SpecKeeper(
            settings(**env),
            self.survey,
            self.talk,
            tasks=LocalTasks(self.docker, self.clock),
            files=UserFiles(settings(**env), carried=True),
            node_id="id-a",
        )
        replacement = Replacement(
            hands,
            self.talk,
            memory=memory,
            clock=self.clock,
            patience=Patience(self.clock, self.clock.sleep),
            rank=lambda: 0,
        )
        self.keeper = FloatKeeper(
            hands,
            Desired(NAME, STACK, FLOAT.digest, "image-1", "template-1"),
            self.talk,
            memory=memory,
            clock=self.clock,
            replacement=replacement,
        )
        self.loop = Reconciler(
            self.keeper,
            self.specs,
            self.talk,
            survey=self.survey,
            asking=self.asking,
            clock=self.clock,
            quorum=Quorum.PREFER,
        )

    async def begin(self, *, accepted: bool = True) -> None:
        await self.survey.look()
        await self.keeper.prepare()
        self.talk.arrived(FloatHello(version="1", token="t-1"))
        await self.loop.turn()
        self.answer(accepted=accepted)

    def answer(self, *, accepted: bool) -> None:
        digest, trial = self.wire.specs[-1]
        problems = () if accepted else ("no eth9",)
        self.talk.said(SpecAnswer(digest=digest, trial=trial, accepted=accepted, problems=problems))

    async def turn(self, *failures: EngineError, after: float = 0.0) -> None:
        self.clock.now += after
        self.docker.fail("labelled", *failures)
        await self.loop.turn()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_turn_tells_the_float_its_spec_and_verdict_and_ends_in_a_sentence(world: World) -> None:
    await world.begin()
    assert len(world.wire.specs) == 1
    assert world.wire.verdicts == [{"engine": True, "quorum": True}]
    assert world.loop.summary.endswith(f"the float {NAME} is adopted")
    await world.turn()
    assert world.loop.summary == "nothing changed"


async def test_a_newcomer_among_the_managers_changes_the_spec_and_nothing_else(world: World) -> None:
    await world.begin()
    world.docker.journal.clear()
    world.docker.swarm_nodes = (*THREE, node("d", 4))
    await world.survey.look()
    await world.turn()
    assert len(world.wire.specs) == 2
    assert world.docker.journal == []


async def test_once_the_anchor_ends_a_float_that_goes_is_not_made_anew(world: World) -> None:
    await world.begin()
    world.docker.journal.clear()
    world.docker.containers_by_id.clear()
    world.loop.resting = True
    await world.turn()
    assert world.docker.journal == []
    assert world.keeper.restarts.total == 0


async def test_a_first_spec_that_the_float_refuses_ends_the_anchor(world: World) -> None:
    await world.begin(accepted=False)
    with pytest.raises(SpecRefusedError, match="no eth9") as error:
        await world.turn()
    assert error.value.exit_code == 5


async def label(world: World, *others: Node, **labels: str) -> None:
    """Give node a these labels, and the Swarm these managers beside."""
    named = {f"keepalived.{name}": value for name, value in labels.items()}
    world.docker.swarm_nodes = (node("a", 1, labels=named), *THREE[1:], *others)
    await world.survey.look()
    await world.turn()


async def test_a_label_that_the_float_refuses_is_ignored_with_a_warning_and_changes_nothing(world: World) -> None:
    await world.begin()
    before = world.talk.spec
    await label(world, interface="eth9")
    world.answer(accepted=False)
    await world.turn()
    assert world.talk.spec == before
    world.answer(accepted=True)
    await world.turn()
    ignored = "Labels of this node are ignored (keepalived.interface=eth9): the float refuses them: no eth9"
    assert world.loop.warnings == (ignored,)
    world.talk.said(Report(status=status(before.digest if before else "")))
    assert world.loop.unhealthy is None


async def test_beside_a_label_that_is_ignored_the_roster_goes_on(world: World) -> None:
    await world.begin()
    await label(world, interface="eth9")
    world.answer(accepted=False)
    await world.turn()
    world.answer(accepted=True)
    await label(world, node("d", 4), interface="eth9")
    world.answer(accepted=False)  # with another peer it is another spec, which is tried with the label first
    await world.turn()
    world.answer(accepted=True)
    assert world.talk.spec is not None
    assert world.talk.spec.interface is None
    assert [peer.hostname for peer in world.talk.spec.virtual_routers[0].peers] == ["b", "c", "d"]


async def test_an_anchor_that_begins_beside_such_a_label_goes_on(world: World) -> None:
    world.docker.swarm_nodes = (node("a", 1, labels={"keepalived.interface": "eth9"}), *THREE[1:])
    await world.begin(accepted=False)
    await world.turn()
    world.answer(accepted=True)
    await world.turn()
    assert world.talk.refusal == ()


async def test_what_the_swarm_says_does_not_wait_for_a_turn_that_waits_for_docker(world: World) -> None:
    await world.begin()
    world.docker.swarm_nodes = (*THREE, node("d", 4))
    await world.survey.look()
    world.loop.surveyed()
    assert len(world.wire.specs) == 1  # the loop rests, and the bell wakes it
    world.loop.turning = True
    world.loop.surveyed()
    assert len(world.wire.specs) == 2


async def test_a_later_spec_that_the_float_refuses_is_a_warning_and_no_reason_to_be_replaced(world: World) -> None:
    await world.begin()
    before = world.talk.spec
    world.docker.swarm_nodes = (*THREE, node("d", 4))
    await world.survey.look()
    await world.turn()
    world.answer(accepted=False)
    await world.turn()
    assert world.loop.warnings == ("The float refuses the spec: no eth9",)
    world.talk.said(Report(status=status(before.digest if before else "")))
    assert world.loop.unhealthy is None


async def test_a_virtual_ip_that_is_a_nodes_address_stops_the_start(world: World) -> None:
    world.docker.swarm_nodes = (*THREE, node("x", 100))
    await world.survey.look()
    with pytest.raises(SettingsError, match="is the address of node x itself"):
        world.specs.refresh()


def follower(folder: Path) -> World:
    """An anchor that is to follow two services, of which the Swarm has one."""
    world = World(folder, KEEPALIVED_TRACK_SERVICES="web wbe")
    world.docker.user_services = [user_service("web", 1)]
    return world


@pytest.fixture
def following(tmp_path: Path) -> World:
    return follower(tmp_path)


def swarm_says(world: World, update: str) -> None:
    world.docker.services["service-1"] = replace(world.docker.services["service-1"], update_state=update)


async def test_an_update_that_follows_an_unknown_service_stops_the_start_before_the_float_hears_of_it(
    following: World,
) -> None:
    swarm_says(following, "updating")
    following.docker.swarm_nodes = (*THREE, node("x", 100))
    await following.survey.look()
    with pytest.raises(SettingsError) as error:
        following.specs.refresh()
    clash, unknown = error.value.problems
    assert "is the address of node x itself" in clash
    assert unknown == "KEEPALIVED_TRACK_SERVICES=wbe: the Swarm has no service of that name (see docker service ls)"
    assert following.wire.specs == []


async def test_a_service_that_the_anchor_before_followed_may_be_gone_at_an_update(tmp_path: Path) -> None:
    await follower(tmp_path).begin()
    updated = follower(tmp_path)
    swarm_says(updated, "updating")
    await updated.begin()
    assert updated.talk.spec is not None


async def test_what_a_refused_update_would_have_followed_is_not_remembered(tmp_path: Path) -> None:
    for world in (follower(tmp_path), follower(tmp_path)):
        swarm_says(world, "updating")
        await world.survey.look()
        assert world.survey.unknown == ("wbe",)


@pytest.mark.parametrize("update", ["", "completed", "rollback_started"])
async def test_without_an_update_the_service_may_come_later(following: World, update: str) -> None:
    swarm_says(following, update)
    await following.begin()
    assert len(following.wire.specs) == 1


async def test_a_service_that_goes_during_an_update_is_no_wrong_setting(following: World) -> None:
    following.docker.user_services.append(user_service("wbe", 2))
    swarm_says(following, "updating")
    await following.begin()
    following.docker.user_services.pop()
    await following.survey.look()
    await following.turn()


async def update_without_a_holder(world: World) -> None:
    """What the float of an updated node says when its check, as that of all others, forbids it to go on."""
    swarm_says(world, "updating")
    await world.begin()
    digest = world.wire.specs[-1][0]
    world.talk.said(Report(status=status(digest)))
    world.loop.pulse()
    world.talk.said(Report(status=status(digest, VrrpState.FAULT, conditions=(CLOSED,))))
    world.loop.pulse()
    world.clock.now += PATIENCE


@pytest.fixture
def checking(tmp_path: Path) -> World:
    """An anchor that brings a check."""
    return World(tmp_path, KEEPALIVED_CHECK_PORT="81")


async def test_an_update_that_takes_the_virtual_ips_from_all_ends_the_anchor_at_a_pulse(checking: World) -> None:
    await update_without_a_holder(checking)
    with pytest.raises(SettingsError, match="no manager may hold the virtual IPs, and one did: check:port: closed"):
        checking.loop.pulse()


async def test_an_anchor_that_ends_does_not_judge_the_update(checking: World) -> None:
    await update_without_a_holder(checking)
    checking.loop.resting = True
    checking.loop.pulse()


async def test_a_node_that_joins_with_a_virtual_ip_as_its_address_is_a_warning(world: World) -> None:
    await world.begin()
    world.docker.swarm_nodes = (*THREE, node("x", 100))
    await world.survey.look()
    await world.turn()
    assert "is the address of node x itself" in world.loop.warnings[0]
    assert len(world.wire.specs) == 1


async def test_a_swarm_that_cannot_be_asked_leaves_the_float_its_spec(world: World) -> None:
    await world.begin()
    world.docker.fail("nodes", EngineSilentError("no answer"))
    await world.survey.look()
    await world.turn()
    assert len(world.wire.specs) == 1


async def test_a_night_of_failed_turns_does_not_end_the_loop(world: World) -> None:
    await world.begin()
    for _ in range(1100):
        await world.turn(EngineSilentError("no answer"))
        assert world.loop.pause <= LAST_RETRY


async def test_trouble_is_logged_once_backs_off_and_its_end_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await world.begin()
    pauses = []
    for _ in range(6):
        await world.turn(EngineSilentError("no answer"))
        pauses.append(world.loop.pause)
    await world.turn()
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert world.loop.pause == TIMER
    assert [message for message in caplog.messages if "econcile" in message or "asked again" in message] == [
        f"Reconciled: the spec is {world.wire.specs[0][0]}, the float {NAME} is adopted.",
        "Cannot reconcile, trying again: no answer",
        "Docker does what it is asked again.",
    ]


async def test_the_engines_condition_fails_after_ten_seconds_without_an_answer_and_recovers_after_five(
    world: World,
) -> None:
    await world.begin()
    await world.turn(EngineSilentError("no answer"))
    await world.turn(EngineSilentError("no answer"), after=10)
    assert world.wire.verdicts[-1] == {"engine": False, "quorum": True}
    await world.turn()
    world.clock.now += 5
    world.loop.pulse()
    assert world.wire.verdicts[-1] == {"engine": True, "quorum": True}


async def test_an_unexpected_error_is_logged_with_its_trace_and_the_loop_goes_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.begin()
    world.docker.failures["labelled"] = [ZeroDivisionError("a bug")]
    await world.turn()
    assert "ZeroDivisionError: a bug" in caplog.text
    await world.turn()
    assert world.loop.summary == "nothing changed"


async def test_a_loop_that_does_not_turn_says_no_beat_and_is_not_healthy(world: World) -> None:
    await world.begin()
    world.clock.now += 60
    world.wire.said.clear()
    world.loop.pulse()
    assert world.wire.said == []
    assert world.loop.unhealthy == "the reconcile loop does not turn"


async def test_a_drained_node_is_demoted_before_swarm_tells_its_anchor_to_stop(world: World) -> None:
    await world.begin()
    world.docker.swarm_nodes = (replace(THREE[0], availability="drain"), *THREE[1:])
    await world.survey.look()
    await world.turn()
    assert world.wire.verdicts[-1] == {"engine": True, "node": False, "quorum": True}
    world.docker.swarm_nodes = THREE
    await world.survey.look()
    await world.turn()
    assert world.wire.verdicts[-1] == {"engine": True, "quorum": True}


async def test_what_the_doctor_told_the_float_is_a_warning_of_this_node(world: World) -> None:
    await world.begin()
    told = "doctor: systemd-networkd runs on this host"
    world.talk.said(Report(status=status(None, warnings=(told,))))
    assert told in world.loop.warnings


async def test_a_swarm_that_was_never_seen_gives_no_spec_so_that_nothing_is_taken_from_the_float(world: World) -> None:
    world.docker.fail("nodes", EngineSilentError("no answer"))
    await world.survey.look()
    await world.keeper.prepare()
    world.talk.arrived(FloatHello(version="1", token="t-1"))
    await world.loop.turn()
    assert world.wire.specs == []
    await world.survey.look()
    await world.turn()
    assert len(world.wire.specs) == 1


async def test_an_unexpected_error_that_stays_fills_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.begin()
    world.docker.failures["labelled"] = [ZeroDivisionError("a bug") for _ in range(9)]
    for _ in range(9):
        await world.turn()
    assert caplog.text.count("Traceback") == 1


async def test_a_new_anchor_whose_first_look_fails_amid_an_update_changes_no_wire_format_by_itself(
    world: World, tmp_path: Path
) -> None:
    await world.begin()
    running = world.talk.spec
    assert running is not None
    known = world.docker.services["service-1"]
    new = World(tmp_path, KEEPALIVED_ROUTER_ID="78")
    new.docker.services["service-1"] = replace(known, update_state="updating", template="new")
    new.docker.fail("services_labelled", EngineSilentError("no answer"))
    await new.survey.look()
    await new.keeper.prepare()
    new.talk.arrived(FloatHello(version="1", token="t-1", spec_digest=running.digest, spec=running))
    await new.loop.turn()
    assert [trial for _, trial in new.wire.specs] == [True]


async def test_a_paused_node_that_holds_a_change_of_the_wire_format_up_is_named(world: World, tmp_path: Path) -> None:
    await world.begin()
    new = World(tmp_path, KEEPALIVED_ROUTER_ID="78")
    new.docker.service_task_list = [
        ServiceTask("id-a", running=True, template="new"),
        ServiceTask("id-c", running=True, template="old"),
    ]
    await new.begin()
    await new.turn()
    assert any("the anchor on c is of another update" in warning for warning in new.loop.warnings)
    new.docker.service_task_list.pop()
    await new.survey.look()
    await new.turn()
    await new.turn()
    assert [trial for _, trial in new.wire.specs] == [True, False]
    assert not new.loop.warnings
