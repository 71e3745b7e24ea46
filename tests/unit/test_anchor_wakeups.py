from __future__ import annotations

import asyncio

import pytest

from anchor.facts import Event
from anchor.local_tasks import LocalTasks
from anchor.wakeups import Bell, EventStream, concerns_float
from tests.unit.anchor_fakes import FakeClock, FakeDocker

FLOAT_DIED = Event("container", "die", "c", {"keepalived.stack": "keepalived"})
OTHER_DIED = Event("container", "die", "x", {"image": "nginx"})
NODE_CHANGED = Event("node", "update", "n")


async def test_many_rings_are_one_wake() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    assert await bell.wait(0.0)
    assert not await bell.wait(0.0)


async def test_a_ring_while_nobody_waits_is_not_lost() -> None:
    bell = Bell()
    bell.ring()
    assert await bell.wait(60)


async def test_a_ring_ends_the_wait() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.wait(60))
    await asyncio.sleep(0)
    bell.ring()
    assert await waiting


async def test_who_is_told_to_end_in_the_moment_of_a_ring_ends() -> None:
    bell = Bell()

    async def loop() -> None:
        while True:
            await bell.wait(60)

    waiting = asyncio.create_task(loop())
    await asyncio.sleep(0.01)
    bell.ring()
    waiting.cancel()
    done, _ = await asyncio.wait({waiting}, timeout=1)
    waiting.cancel()
    assert done == {waiting}


async def rung(*events: Event) -> tuple[bool, bool]:
    """Whether the containers' bell and the Swarm's rang because of the events, the subscription's own ring apart."""
    docker, containers, swarm = FakeDocker(), CountingBell(), CountingBell()
    docker.event_list = list(events)
    tasks = LocalTasks(docker, FakeClock())
    stream = EventStream(docker, FakeClock(), containers=containers, swarm=swarm, tasks=tasks)
    running = asyncio.create_task(stream.run())
    async with asyncio.timeout(5):
        while containers.rings + swarm.rings < 4 + len(events) - (OTHER_DIED in events):
            await asyncio.sleep(0)
    running.cancel()
    return containers.rings > 2, swarm.rings > 2


class CountingBell(Bell):
    """Counts; subscribing and the stream's end each ring once."""

    def __init__(self) -> None:
        super().__init__()
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1
        super().ring()


async def test_a_new_subscription_and_the_end_of_one_are_reasons_to_look() -> None:
    assert await rung() == (False, False)


async def test_a_floats_event_rings_for_the_containers() -> None:
    assert await rung(FLOAT_DIED) == (True, False)


async def test_a_nodes_event_rings_for_the_swarm() -> None:
    assert await rung(NODE_CHANGED) == (False, True)


async def test_other_peoples_containers_wake_nobody() -> None:
    assert await rung(OTHER_DIED) == (False, False)
    assert not concerns_float(OTHER_DIED)


async def test_a_stream_that_ends_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    await rung(FLOAT_DIED)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_stream_that_ends_at_once_each_time_wakes_less_and_less_and_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    docker, containers = FakeDocker(), CountingBell()
    stream = EventStream(
        docker, FakeClock(), containers=containers, swarm=Bell(), tasks=LocalTasks(docker, FakeClock())
    )
    running = asyncio.create_task(stream.run())
    await asyncio.sleep(1.0)
    running.cancel()
    assert containers.rings <= 8
    assert [record.levelname for record in caplog.records] == ["WARNING"]
