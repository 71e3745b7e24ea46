from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from anchor.asking import Asking
from anchor.conversation import Conversation
from anchor.departure import Known
from anchor.facts import EngineSilentError
from anchor.farewell import Farewell
from anchor.hands import Hands
from anchor.memory import Memory
from shared.link_protocol import GoodbyeReason
from tests.unit.anchor_fakes import FLOAT, NAME, THREE, FakeClock, FakeDocker, a_float, node

OTHER_STACKS = a_float("other", labels={"keepalived.stack": "other"})


class World:
    def __init__(self, folder: Path) -> None:
        self.docker, clock, memory = FakeDocker(a_float(), OTHER_STACKS), FakeClock(), Memory(folder)
        talk = Conversation(memory, clock, node="a", wake=lambda: None)
        hands = Hands(self.docker, Asking(clock), talk, container=FLOAT, memory=memory, sleep=clock.sleep)
        self.farewell = Farewell(self.docker, hands, service_id="service-1")

    async def why(self, known: Known | None = None) -> GoodbyeReason:
        return (await self.farewell.why(known or Known(), "id-a")).reason


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_an_ordinary_stop_is_an_update(world: World) -> None:
    assert await world.why() is GoodbyeReason.UPDATE


async def test_a_service_that_docker_does_not_know_any_more_was_removed(world: World) -> None:
    world.docker.services.clear()
    assert await world.why() is GoodbyeReason.REMOVED


async def test_a_drained_node_leaves(world: World) -> None:
    world.docker.swarm_nodes = (node("a", 1, availability="drain"), *THREE[1:])
    assert await world.why() is GoodbyeReason.LEAVE


async def test_a_node_that_manages_no_more_leaves(world: World) -> None:
    world.docker.engine = replace(world.docker.engine, managing=False)
    assert await world.why() is GoodbyeReason.LEAVE


async def test_a_node_that_was_just_demoted_leaves_though_its_engine_calls_itself_a_manager_still(world: World) -> None:
    world.docker.swarm_nodes = (node("a", 1, manager=False), *THREE[1:])
    assert world.docker.engine.managing
    assert await world.why() is GoodbyeReason.LEAVE
    world.docker.fail("nodes", EngineSilentError("no leader"))
    assert await world.why(Known(managing=False)) is GoodbyeReason.LEAVE


async def test_a_node_that_was_promoted_again_stays(world: World) -> None:
    assert await world.why(Known(managing=False)) is GoodbyeReason.UPDATE


async def test_an_engine_in_trouble_does_not_say_that_the_node_left(world: World) -> None:
    world.docker.engine = replace(world.docker.engine, managing=False, swarm_state="error")
    assert await world.why() is GoodbyeReason.UPDATE


async def test_where_docker_is_gone_what_was_seen_before_decides(world: World) -> None:
    for call in ("service", "describe", "nodes"):
        world.docker.fail(call, EngineSilentError("x"), EngineSilentError("x"))
    assert await world.why() is GoodbyeReason.UPDATE
    assert await world.why(Known(availability="drain")) is GoodbyeReason.LEAVE


async def test_the_float_is_stopped_before_it_is_removed_and_other_stacks_floats_stay(world: World) -> None:
    await world.farewell.take_along()
    assert world.docker.journal == [f"stop {NAME}", f"remove {NAME}"]
    assert world.docker.names == {"other": "running"}


async def test_a_removal_that_somebody_began_is_waited_for(world: World) -> None:
    world.docker.remove_slowly(f"id-{NAME}", looks=2)
    await world.farewell.take_along()
    assert world.docker.names == {"other": "running"}


async def test_a_float_that_cannot_be_removed_is_said_and_ends_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.docker.fail("stop", EngineSilentError("Docker is gone"))
    await world.farewell.take_along()
    assert "ends by itself: Docker is gone" in caplog.text
