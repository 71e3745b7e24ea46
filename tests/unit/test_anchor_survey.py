from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from anchor.facts import (
    EngineError,
    EngineSilentError,
    NoQuorumError,
    NotManagingError,
    OddAnswerError,
    ServiceTask,
)
from anchor.managers import LINGER
from anchor.memory import Memory
from anchor.rollout import FORGETTING
from anchor.survey import ALERT, CALM, Survey
from tests.unit.anchor_fakes import THREE, FakeClock, FakeDocker, node, user_service


class World:
    def __init__(self, folder: Path) -> None:
        self.docker, self.clock, self._folder = FakeDocker(), FakeClock(), folder
        self.survey = self.of_a_new_anchor()

    def of_a_new_anchor(self, *tracked: str) -> Survey:
        memory = Memory(self._folder)
        return Survey(self.docker, self.clock, memory, node_id="id-a", service_id="service-1", tracked=tracked)

    async def look(self, *errors: EngineError, what: str = "nodes", after: float = 0.0) -> Survey:
        self.clock.now += after
        self.docker.fail(what, *errors)
        await self.survey.look()
        return self.survey

    def update_state(self, state: str, *, template: str = "", patience: int = 0) -> None:
        known = self.docker.services["service-1"]
        new = replace(known, update_state=state, template=template, patience=patience)
        self.docker.services["service-1"] = new


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_look_finds_nodes_service_and_this_nodes_part(world: World) -> None:
    survey = await world.look()
    assert survey.nodes == THREE
    assert survey.known.service_exists is True
    assert survey.known.availability == "active"
    assert survey.pause == CALM


@pytest.mark.parametrize("error", [NoQuorumError("no leader"), EngineSilentError("no answer"), EngineError("500")])
async def test_a_failed_look_changes_nothing_of_what_was_seen(world: World, error: EngineError) -> None:
    await world.look()
    survey = await world.look(error)
    assert survey.nodes == THREE
    assert survey.managers.ranked == THREE
    assert survey.known.service_exists is True
    assert survey.pause == ALERT


async def test_a_look_finds_the_services_that_ask_for_a_virtual_ip_and_no_others(world: World) -> None:
    asking = user_service("web", 1, vip="10.0.0.50")
    world.docker.user_services = [asking, user_service("quiet", 2)]
    assert (await world.look()).labelled == (asking,)
    world.docker.user_services = []
    assert (await world.look(NoQuorumError("no leader"))).labelled == (asking,)


async def test_trouble_is_said_once_and_its_end_too(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for _ in range(3):
        await world.look(NoQuorumError("no leader"))
    await world.look()
    await world.look()
    assert len(caplog.messages) == 2


async def test_a_removed_service_is_remembered_and_not_forgotten_in_silence(world: World) -> None:
    del world.docker.services["service-1"]
    await world.look()
    assert (await world.look(EngineSilentError("no answer"))).known.service_exists is False


async def test_a_node_that_manages_no_more_is_remembered(world: World) -> None:
    assert (await world.look(NotManagingError("not a manager"))).known.managing is False


async def test_it_is_known_since_when_a_node_manages_no_more(world: World) -> None:
    assert (await world.look()).unmanaged_since is None
    first = (await world.look(NotManagingError("not a manager"))).unmanaged_since
    assert first == world.clock.monotonic()
    assert (await world.look(NotManagingError("not a manager"), after=10)).unmanaged_since == first
    assert (await world.look(EngineSilentError("no answer"), after=10)).unmanaged_since == first
    assert (await world.look()).unmanaged_since is None


@pytest.mark.parametrize("state", ["pending", "error", "locked"])
async def test_a_manager_whose_swarm_begins_anew_is_one_without_a_quorum(world: World, state: str) -> None:
    world.docker.engine = replace(world.docker.engine, managing=False, swarm_state=state)
    await world.look()
    assert (await world.look(NotManagingError("not a manager"))).known.managing is True
    assert not (await world.look(NotManagingError("not a manager"), after=10)).quorum.ok


async def test_a_node_that_manages_no_more_is_remembered_though_docker_says_nothing_else(world: World) -> None:
    world.docker.fail("describe", EngineSilentError("no answer"))
    assert (await world.look(NotManagingError("not a manager"))).known.managing is False


async def test_a_drained_node_is_remembered(world: World) -> None:
    world.docker.swarm_nodes = (node("a", 1, availability="drain"), *THREE[1:])
    assert (await world.look()).known.availability == "drain"


async def test_no_leader_for_ten_seconds_is_no_quorum(world: World) -> None:
    await world.look(NoQuorumError("no leader"))
    assert (await world.look(NoQuorumError("no leader"), after=9)).quorum.ok
    assert not (await world.look(NoQuorumError("no leader"), after=1)).quorum.ok


async def test_a_swarm_that_hangs_while_docker_answers_has_no_quorum(world: World) -> None:
    await world.look(EngineSilentError("no answer"))
    assert not (await world.look(EngineSilentError("no answer"), after=10)).quorum.ok


async def test_a_silent_docker_says_nothing_about_the_quorum(world: World) -> None:
    world.docker.fail("ping", EngineSilentError("x"), EngineSilentError("x"))
    await world.look(EngineSilentError("no answer"))
    assert (await world.look(EngineSilentError("no answer"), after=60)).quorum.ok


@pytest.mark.parametrize(
    ("state", "updating"),
    [
        ("", False),
        ("updating", True),
        ("paused", True),
        ("rollback_started", True),
        ("rollback_paused", True),
        ("completed", False),
        ("rollback_completed", False),
    ],
)
async def test_an_update_lasts_until_it_is_completed_or_rolled_back(world: World, state: str, updating: bool) -> None:
    world.update_state(state)
    survey = await world.look()
    assert survey.rollout.updating is updating
    assert survey.rollout.complete is not updating
    assert survey.pause == (ALERT if updating else CALM)


@pytest.mark.parametrize(
    ("state", "template", "outdated"),
    [
        ("updating", "old", True),
        ("rollback_started", "old", True),
        ("updating", "new", False),
        ("updating", None, False),
        ("completed", "old", False),
    ],
)
async def test_an_anchor_of_another_template_is_outdated_while_the_update_lasts(
    world: World, state: str, template: str | None, outdated: bool
) -> None:
    world.update_state(state, template="new")
    assert (await world.look()).outdated(template) is outdated


def tasks(*templates: str, running: bool = True) -> list[ServiceTask]:
    return [ServiceTask(f"id-{name}", running, template) for name, template in zip("abc", templates, strict=True)]


async def test_before_the_first_look_succeeds_no_update_counts_as_completed(world: World) -> None:
    assert not (await world.look(NoQuorumError("no leader"))).rollout.complete
    assert (await world.look()).rollout.complete


@pytest.mark.parametrize("state", ["", "completed", "rollback_completed"])
async def test_whatever_the_swarm_says_an_update_lasts_while_an_anchor_is_of_another_one(
    world: World, state: str
) -> None:
    """Docker empties the state when the same is deployed again, and leaves paused nodes out."""
    world.docker.service_task_list = tasks("new", "new", "old")
    world.update_state(state)
    survey = await world.look()
    assert not survey.rollout.complete
    assert survey.rollout.late == ("c",)
    assert survey.pause == ALERT
    world.docker.service_task_list = tasks("new", "new", "new")
    assert (await world.look()).rollout.complete


async def test_an_anchor_on_a_node_that_is_down_or_gone_holds_nothing_up(world: World) -> None:
    world.docker.service_task_list = tasks("new", "new", "old")
    world.docker.swarm_nodes = (*THREE[:2], replace(THREE[2], state="down"))
    assert (await world.look()).rollout.complete


async def test_an_election_in_which_every_node_is_unknown_ends_no_wait_for_an_old_anchor(world: World) -> None:
    world.docker.service_task_list = tasks("new", "new", "old")
    world.docker.swarm_nodes = (*THREE[:2], replace(THREE[2], state="unknown"))
    assert (await world.look()).rollout.late == ("c",)
    survey = await world.look(NoQuorumError("no leader"), what="service_tasks")
    assert survey.rollout.late == ("c",)
    assert not survey.rollout.complete


async def test_where_nobody_tells_of_the_tasks_the_services_state_has_to_do(world: World) -> None:
    assert (await world.look(EngineError("403 Forbidden"), what="service_tasks")).rollout.complete
    world.update_state("updating")
    assert not (await world.look(EngineError("403 Forbidden"), what="service_tasks")).rollout.complete


async def test_tasks_are_asked_for_only_while_they_may_change(world: World) -> None:
    await world.look()
    world.docker.fail("service_tasks", EngineSilentError("not asked"))
    assert (await world.look()).pause == CALM
    world.update_state("updating")
    await world.look()
    assert not world.docker.failures["service_tasks"]


async def test_an_update_that_the_swarm_forgot_to_end_counts_as_ended(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.update_state("updating", patience=15)
    world.docker.service_task_list = tasks("new", "new", "new", running=False)
    assert (await world.look()).rollout.late == ("a", "b", "c")
    world.docker.service_task_list = tasks("new", "new", "new")
    await world.look(after=1000)
    assert not (await world.look(after=15 + FORGETTING)).rollout.complete
    assert (await world.look(after=1)).rollout.complete
    await world.look(after=1)
    assert [text for text in caplog.messages if "forgot" in text] == caplog.messages
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("state", ["paused", "rollback_paused"])
async def test_an_update_that_waits_for_its_user_is_not_forgotten(world: World, state: str) -> None:
    world.update_state(state)
    world.docker.service_task_list = tasks("new", "new", "new")
    await world.look()
    assert not (await world.look(after=1000)).rollout.complete


async def test_a_manager_that_left_is_looked_after_until_it_may_be_forgotten(world: World) -> None:
    await world.look()
    world.docker.swarm_nodes = THREE[:2]
    assert (await world.look()).managers.ranked == THREE
    assert world.survey.pause == ALERT
    assert (await world.look(after=LINGER)).managers.ranked == THREE[:2]


async def test_a_manager_that_left_while_the_anchor_was_replaced_is_a_peer_for_a_while_still(world: World) -> None:
    await world.look()
    world.docker.swarm_nodes = THREE[:2]
    world.survey = world.of_a_new_anchor()
    assert (await world.look()).managers.ranked == THREE
    assert (await world.look(after=LINGER)).managers.ranked == THREE[:2]


async def test_a_manager_that_left_counts_no_longer_for_an_anchor_that_began_later_than_for_the_others(
    world: World,
) -> None:
    await world.look()
    world.docker.swarm_nodes = THREE[:2]
    await world.look()
    world.clock.now += LINGER - 5
    world.survey = world.of_a_new_anchor()
    assert (await world.look()).managers.ranked == THREE
    assert (await world.look(after=5)).managers.ranked == THREE[:2]


async def test_after_a_reboot_one_that_left_counts_for_as_long_as_one_that_leaves_then(world: World) -> None:
    world.clock.now = 1e6
    await world.look()
    world.docker.swarm_nodes = THREE[:2]
    await world.look()
    world.clock.now = 10.0
    world.survey = world.of_a_new_anchor()
    assert (await world.look(after=LINGER - 1)).managers.ranked == THREE
    assert (await world.look(after=1)).managers.ranked == THREE[:2]


async def test_the_anchor_after_next_knows_nothing_of_a_manager_that_was_forgotten(world: World) -> None:
    await world.look()
    world.docker.swarm_nodes = THREE[:2]
    await world.look()
    await world.look(after=LINGER)
    world.survey = world.of_a_new_anchor()
    assert (await world.look()).managers.ranked == THREE[:2]


async def test_an_answer_that_cannot_be_understood_ends_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.look()
    world.docker.failures["nodes"] = [KeyError("Hostname")]
    assert (await world.look()).nodes == THREE
    assert "KeyError: 'Hostname'" in caplog.text
    assert world.survey.pause == ALERT


async def test_a_list_of_nodes_without_this_one_is_no_list(world: World) -> None:
    await world.look()
    world.docker.swarm_nodes = THREE[1:]
    survey = await world.look()
    assert survey.nodes == THREE
    assert survey.managers.listed == THREE
    assert survey.known.managing is True


async def test_an_answer_that_makes_no_sense_says_nothing_about_the_quorum(world: World) -> None:
    await world.look(OddAnswerError("what?"))
    assert (await world.look(OddAnswerError("what?"), after=60)).quorum.ok


async def test_what_an_anchor_saw_is_what_the_next_one_begins_with_when_its_first_look_fails(world: World) -> None:
    asking = user_service("web", 1, vip="10.0.0.50")
    world.docker.user_services = [asking]
    await world.look()
    world.survey = world.of_a_new_anchor()
    survey = await world.look(NoQuorumError("no leader"))
    assert survey.seen
    assert (survey.nodes, survey.labelled) == (THREE, (asking,))


async def test_an_anchor_that_never_saw_the_swarm_and_remembers_nothing_knows_that(world: World) -> None:
    assert not (await world.look(NoQuorumError("no leader"))).seen
    assert (await world.look()).seen


async def test_a_service_that_is_newly_tracked_is_not_missing_because_the_last_anchor_did_not_ask_for_it(
    world: World,
) -> None:
    await world.look()
    assert not world.of_a_new_anchor("db").seen
