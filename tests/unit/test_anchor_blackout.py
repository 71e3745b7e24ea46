"""An update that leaves the virtual IPs to nobody is told from a node that is merely forbidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from anchor.blackout import PATIENCE, SOON, Blackout
from anchor.conversation import Conversation
from anchor.facts import Service
from anchor.memory import Memory
from anchor.rollout import Rollout
from anchor.survey import Survey
from shared.additions import PortCheck
from shared.errors import SettingsError
from shared.link_protocol import Report
from shared.models import Condition, FloatSpec, Strength, VrrpState
from tests.unit.anchor_fakes import FakeClock, FakeDocker, spec, status

CLOSED = Condition(name="check:port", ok=False, strength=Strength.REQUIRE, reason="port 81 is closed")
ABSENT = Condition(name="service:web", ok=False, strength=Strength.REQUIRE, reason="no task of web")
NO_QUORUM = Condition(name="quorum", ok=False, strength=Strength.REQUIRE, reason="no leader")
WITH_A_CHECK = spec(checks=(PortCheck(port=81),))
OPTIONAL = CLOSED.model_copy(update={"strength": Strength.PREFER})
UNKNOWN_YET = CLOSED.model_copy(update={"pending": True})
OF_ANOTHER = Condition(name="service:api", ok=False, strength=Strength.REQUIRE, routers=("api",))


class World:
    """An anchor whose service is being updated, and what its float says."""

    def __init__(self, folder: Path, *, before: FloatSpec | None = None, followed: tuple[str, ...] = ()) -> None:
        self.clock = FakeClock()
        memory = Memory(folder)
        memory.update(spec=before, tracked_names=followed)
        self.talk = Conversation(memory, self.clock, node="a", wake=lambda: None)
        self.talk.want(WITH_A_CHECK, updating=True)
        self.survey = Survey(FakeDocker(), self.clock, memory, node_id="id-a", service_id="service-1", tracked=("web",))
        self.swarm_says("updating")
        self.blackout = Blackout(self.talk, self.survey, self.clock)

    def swarm_says(self, update: str) -> None:
        self.survey.rollout = Rollout(Service(id="service-1", name="anchor", update_state=update))

    def report(self, state: VrrpState, *conditions: Condition, hears: str | None = None, after: float = 0.0) -> None:
        """The float's next word, and the beat after it."""
        self.clock.now += after
        told = status("digest", state, conditions=conditions)
        router = told.virtual_routers[0].model_copy(update={"master_address": hears})
        self.talk.said(Report(status=told.model_copy(update={"virtual_routers": (router,)})))
        self.blackout.look()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_holder_that_the_update_forbids_and_that_hears_nobody_ends_its_anchor_after_its_patience(
    world: World,
) -> None:
    world.report(VrrpState.MASTER)
    world.report(VrrpState.FAULT, CLOSED, after=2)
    world.report(VrrpState.FAULT, CLOSED, ABSENT, after=PATIENCE - 0.1)

    with pytest.raises(SettingsError) as error:
        world.report(VrrpState.FAULT, CLOSED, ABSENT, after=0.1)

    told = "check:port: port 81 is closed; service:web: no task of web"
    assert error.value.problems == (f"With these settings no manager may hold the virtual IPs, and one did: {told}",)


def test_one_that_heard_the_holder_leaves_the_word_to_it(world: World) -> None:
    world.report(VrrpState.BACKUP, hears="10.0.0.2")
    world.report(VrrpState.FAULT, CLOSED, after=2)
    world.report(VrrpState.FAULT, CLOSED, after=60)


def test_a_check_and_a_service_that_were_there_before_may_fail_at_any_time(tmp_path: Path) -> None:
    world = World(tmp_path, before=WITH_A_CHECK, followed=("web",))
    world.report(VrrpState.MASTER)
    world.report(VrrpState.FAULT, CLOSED, ABSENT)
    world.report(VrrpState.FAULT, CLOSED, ABSENT, after=60)


def test_a_check_of_another_port_is_a_new_one(tmp_path: Path) -> None:
    world = World(tmp_path, before=spec(checks=(PortCheck(port=80),)))
    world.report(VrrpState.MASTER)
    world.report(VrrpState.FAULT, CLOSED)
    with pytest.raises(SettingsError):
        world.report(VrrpState.FAULT, CLOSED, after=PATIENCE)


def test_a_forbidden_node_is_no_fault_while_another_serves(world: World) -> None:
    world.report(VrrpState.MASTER)
    for _ in range(20):
        world.report(VrrpState.FAULT, CLOSED, hears="10.0.0.2", after=1)


def test_a_task_that_is_back_in_time_begins_the_patience_anew(world: World) -> None:
    world.report(VrrpState.MASTER)
    world.report(VrrpState.FAULT, ABSENT)
    world.report(VrrpState.MASTER, after=PATIENCE - 1)
    world.report(VrrpState.FAULT, ABSENT, after=1)
    world.report(VrrpState.FAULT, ABSENT, after=PATIENCE - 1)


def test_where_nobody_served_before_there_is_nothing_to_lose(world: World) -> None:
    world.report(VrrpState.FAULT, CLOSED)
    world.report(VrrpState.FAULT, CLOSED, after=60)


@pytest.mark.parametrize("update", ["", "completed", "paused", "rollback_started", "rollback_completed"])
def test_without_an_update_under_way_nobody_could_roll_back(world: World, update: str) -> None:
    world.swarm_says(update)
    world.report(VrrpState.MASTER)
    world.report(VrrpState.FAULT, CLOSED)
    world.report(VrrpState.FAULT, CLOSED, after=60)


def test_what_begins_long_after_the_anchor_is_not_of_its_making(world: World) -> None:
    world.report(VrrpState.MASTER)
    world.report(VrrpState.FAULT, CLOSED, after=SOON)
    world.report(VrrpState.FAULT, CLOSED, after=60)


@pytest.mark.parametrize("other", [NO_QUORUM, OPTIONAL, OF_ANOTHER, UNKNOWN_YET])
def test_another_reason_is_not_the_settings_fault(world: World, other: Condition) -> None:
    world.report(VrrpState.MASTER)
    world.report(VrrpState.FAULT, other)
    world.report(VrrpState.FAULT, other, after=60)


def test_beside_a_reason_that_is_not_of_the_settings_they_are_not_blamed(world: World) -> None:
    world.report(VrrpState.MASTER)
    world.report(VrrpState.FAULT, CLOSED, NO_QUORUM)
    world.report(VrrpState.FAULT, CLOSED, NO_QUORUM, after=60)
