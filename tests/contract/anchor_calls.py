"""Every call that the anchor can make of Docker, through its door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from anchor.facts import EngineError
from anchor.swarm import Docker
from tests.contract.paper_engine import PaperEngine

IMAGE = "registry.example:5000/team/keepalived-float"
DIGEST = "sha256:" + "0" * 64
CALLS: dict[str, list[Callable[[Docker], Awaitable[object]]]] = {
    "describe": [lambda d: d.describe()],
    "ping": [lambda d: d.ping()],
    "nodes": [lambda d: d.nodes()],
    "service": [lambda d: d.service("svc1")],
    "services_labelled": [lambda d: d.services_labelled("keepalived.vip")],
    "services_named": [lambda d: d.services_named(("web", "api"))],
    "tasks_here": [lambda d: d.tasks_here("svc1"), lambda d: d.tasks_here()],
    "service_tasks": [lambda d: d.service_tasks("svc1")],
    "task_template": [lambda d: d.task_template("task1")],
    "own_container": [lambda d: d.own_container("task1", "0123abc")],
    "labelled": [lambda d: d.labelled("hidden")],
    "running": [lambda d: d.running()],
    "container": [lambda d: d.container("keepalived-float"), lambda d: d.container("my_float.2")],
    "last_words": [lambda d: d.last_words("keepalived-float")],
    "image_id": [
        lambda d: d.image_id(f"{IMAGE}:1"),
        lambda d: d.image_id(DIGEST),
        lambda d: d.image_id(f"{IMAGE}:1@{DIGEST}"),
        lambda d: d.image_id("[fd00::1]:5000/float"),
    ],
    "pull": [lambda d: d.pull(f"{IMAGE}:1", first_word=5), lambda d: d.pull(f"{IMAGE}@{DIGEST}", first_word=5)],
    "create": [lambda d: d.create("keepalived-float", {"Image": IMAGE})],
    "start": [lambda d: d.start("keepalived-float")],
    "stop": [lambda d: d.stop("keepalived-float")],
    "remove": [lambda d: d.remove("keepalived-float")],
    "rename": [lambda d: d.rename("keepalived-float-next", "keepalived-float")],
}


async def ask_everything(engine: PaperEngine, docker: Docker) -> None:
    """What it answers is not the point; an event's stream that ends is an error like the others."""
    engine.answers["/containers/json"] = (200, [])
    for call in [call for calls in CALLS.values() for call in calls]:
        with suppress(EngineError):
            await call(docker)
    with suppress(EngineError):
        list(docker.events())
