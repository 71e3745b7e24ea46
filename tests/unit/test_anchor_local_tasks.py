from __future__ import annotations

from dataclasses import replace

from anchor.facts import SERVICE_ID_LABEL, Container, EngineError, Event, LocalTask
from anchor.followed import STOPPING_FOR, Follow
from anchor.local_tasks import RETIRE_FOR, LocalTasks
from tests.unit.anchor_fakes import FakeClock, FakeDocker

WEB = Follow("web", "id-web", ("web",))
API = Follow("api", "id-api", ("api",))
TASK = LocalTask("c1", "web.1", "id-web", "running")


def event(action: str, service: str = "id-web", **labels: str) -> Event:
    return Event("container", action, "c1", {SERVICE_ID_LABEL: service, **labels})


class World:
    def __init__(self, *follows: Follow) -> None:
        self.docker, self.clock = FakeDocker(), FakeClock()
        self.docker.tasks = [TASK]
        self.tasks = LocalTasks(self.docker, self.clock)
        self.tasks.follow(follows)

    def ok(self) -> dict[str, bool]:
        return {condition.name: condition.ok for condition in self.tasks.conditions()}


async def test_nothing_is_asked_while_nothing_is_followed() -> None:
    world = World()
    assert not await world.tasks.look()
    assert world.docker.asked_for == []
    assert not world.tasks.concerned(event("die"))


async def test_a_followed_service_is_looked_at_and_forbidden_until_then() -> None:
    world = World(WEB)
    assert world.ok() == {"service:web": False}
    assert await world.tasks.look()
    assert world.ok() == {"service:web": True}


async def test_an_event_has_its_own_service_looked_at_and_no_other() -> None:
    world = World(WEB, API)
    await world.tasks.look()
    world.docker.tasks, world.docker.asked_for = [], []
    world.tasks.happened(event("die"))
    assert await world.tasks.look()
    assert world.docker.asked_for == ["id-web"]
    assert world.ok() == {"service:web": False, "service:api": False}


async def test_a_task_that_is_told_to_stop_counts_as_gone_at_once() -> None:
    world = World(WEB)
    await world.tasks.look()
    world.tasks.happened(event("kill", signal="15"))
    assert await world.tasks.look()
    assert world.ok() == {"service:web": False}


async def test_one_that_does_not_stop_serves_again_after_a_while() -> None:
    world = World(WEB)
    world.tasks.happened(event("kill", signal="15"))
    await world.tasks.look()
    world.clock.now += STOPPING_FOR
    assert world.ok() == {"service:web": True}


async def test_a_container_that_is_started_again_serves_at_once() -> None:
    world = World(WEB)
    world.tasks.happened(event("kill", signal="15"))
    world.tasks.happened(event("start"))
    await world.tasks.look()
    assert world.ok() == {"service:web": True}


async def test_a_look_that_fails_changes_nothing_and_is_tried_again() -> None:
    world = World(WEB)
    await world.tasks.look()
    world.docker.fail("tasks_here", EngineError("no answer"))
    world.docker.tasks = [replace(TASK, state="paused")]
    world.tasks.happened(event("pause"))
    assert not await world.tasks.look()
    assert world.ok() == {"service:web": True}
    await world.tasks.look()
    assert world.ok() == {"service:web": False}


async def test_after_lost_events_all_services_are_looked_at_with_one_call() -> None:
    world = World(WEB, API)
    await world.tasks.look()
    world.docker.asked_for = []
    world.tasks.distrust()
    await world.tasks.look()
    assert world.docker.asked_for == [None]


async def test_a_condition_outlives_its_virtual_router_for_a_moment() -> None:
    world = World(WEB)
    await world.tasks.look()
    world.tasks.follow(())
    assert world.ok() == {"service:web": True}
    world.clock.now += RETIRE_FOR
    assert world.ok() == {}


async def test_a_dead_container_that_a_late_list_still_calls_running_does_not_serve() -> None:
    world = World(WEB)
    world.tasks.happened(event("kill", signal="15"))
    world.tasks.happened(event("die"))
    await world.tasks.look()
    assert world.ok() == {"service:web": False}


async def test_a_virtual_router_that_serves_is_not_forbidden_until_its_newly_followed_service_was_looked_at() -> None:
    world = World()
    world.tasks.follow([WEB], running=["VI_1", "web"])
    assert world.ok() == {}
    world.docker.tasks = []
    assert await world.tasks.look()
    assert world.ok() == {"service:web": False}


async def test_a_new_virtual_router_stays_forbidden_though_its_spec_was_told_before_its_tasks_were_seen() -> None:
    world = World(WEB)
    world.tasks.follow([WEB], running=["VI_1", "web"])
    assert world.ok() == {"service:web": False}


async def test_a_service_made_anew_frees_no_router_that_was_forbidden() -> None:
    world = World(Follow("web", "", ("VI_1",)))
    world.tasks.follow([Follow("web", "id-web", ("VI_1",))], running=["VI_1"])
    assert world.ok() == {"service:web": False}


async def test_a_service_counts_as_seen_only_after_a_look_that_succeeded() -> None:
    world = World(WEB)
    world.docker.fail("tasks_here", EngineError("no answer"))
    await world.tasks.look()
    assert not world.tasks.seen
    await world.tasks.look()
    assert world.tasks.seen


async def test_a_task_whose_image_names_a_stop_signal_of_its_own_counts_as_told_to_stop_by_that_one_alone() -> None:
    world = World(WEB)
    await world.tasks.look()
    world.docker.containers_by_id["c1"] = Container("c1", "web.1", "httpd", "i", "running", stop_signal="SIGWINCH")
    world.tasks.happened(event("kill", signal="1"))
    await world.tasks.look()
    assert world.ok() == {"service:web": True}
    world.tasks.happened(event("kill", signal="28"))
    assert await world.tasks.look()
    assert world.ok() == {"service:web": False}


async def test_a_container_that_cannot_be_asked_for_its_stop_signal_is_asked_again() -> None:
    world = World(WEB)
    await world.tasks.look()
    world.docker.containers_by_id["c1"] = Container("c1", "web.1", "httpd", "i", "running", stop_signal="28")
    world.docker.fail("container", EngineError("500"))
    world.tasks.happened(event("kill", signal="28"))
    await world.tasks.look()
    assert world.ok() == {"service:web": True}
    await world.tasks.look()
    assert world.ok() == {"service:web": False}
