"""Fakes at the anchor's doors: a clock that only a test moves, and a Docker that keeps containers in a dict."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from anchor.container_spec import DIGEST_LABEL, FLOAT_SERVICE_LABEL, FLOAT_STACK_LABEL, TEMPLATE_LABEL, FloatContainer
from anchor.docker_json import TOKEN_VARIABLE
from anchor.facts import (
    ConflictError,
    Container,
    Engine,
    EngineSilentError,
    Event,
    LabelledService,
    LocalTask,
    Mount,
    Node,
    NotFoundError,
    PullError,
    Service,
    ServiceTask,
)
from shared.link_protocol import FromAnchor, SpecMessage, VerdictMessage
from shared.models import FloatSpec, VirtualIp, VirtualRouter, VrrpState
from shared.settings import AnchorSettings
from shared.status import FloatStatus, LinkStatus, RouterStatus

STACK = "keepalived"
NAME = "keepalived-float"
IMAGE = "registry:5000/keepalived-float:1"
FLOAT = FloatContainer(
    stack=STACK,
    service_id="service-1",
    image=IMAGE,
    link=Mount("volume", "keepalived_link"),
    status=Mount("volume", "keepalived_status"),
    node_hostname="a",
    log_level="info",
    log_format="text",
)


def settings(**env: str) -> AnchorSettings:
    return AnchorSettings.from_environment({"KEEPALIVED_VIRTUAL_IPS": "10.0.0.100", "DOCKER_NODE_HOSTNAME": "a", **env})


def node(name: str, number: int, **changes: Any) -> Node:
    return replace(
        Node(
            id=f"id-{name}",
            hostname=name,
            created_at=f"2026-01-01T00:00:{number:02}.000000000",
            manager=True,
            status_address=ipaddress.ip_address(f"10.0.0.{number}"),
            manager_address=ipaddress.ip_address(f"10.0.0.{number}") if changes.get("manager", True) else None,
        ),
        **changes,
    )


THREE = (node("a", 1), node("b", 2), node("c", 3))


def a_float(name: str = NAME, **changes: Any) -> Container:
    labels = {
        FLOAT_STACK_LABEL: STACK,
        FLOAT_SERVICE_LABEL: "service-1",
        DIGEST_LABEL: FLOAT.digest,
        TEMPLATE_LABEL: "template-1",
        **changes.pop("labels", {}),
    }
    return replace(
        Container(
            id=f"id-{name}", name=name, image=IMAGE, image_id="image-1", state="running", labels=labels, token="t-1"
        ),
        **changes,
    )


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + 1_000_000

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


class FakeDocker:
    """Docker as the anchor sees it; `journal` says what was changed, `failures` what fails next."""

    def __init__(self, *containers: Container) -> None:
        self.containers_by_id = {container.id: container for container in containers}
        self.images = {IMAGE: "image-1"}
        self.registry: dict[str, str] = {}
        self.journal: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        self.on_start: Callable[[Container], None] = lambda container: None
        self.engine = Engine(node_id="id-a", hostname="a", swarm_state="active", managing=True)
        self.swarm_nodes: tuple[Node, ...] = THREE
        self.services = {"service-1": Service(id="service-1", name="keepalived_keepalived-anchor")}
        self.templates = {"task-1": "template-1"}
        self.own: Container | None = None
        self.event_list: list[Event] = []
        self.user_services: list[LabelledService] = []
        self.tasks: list[LocalTask] = []
        self.service_task_list: list[ServiceTask] = []
        self.asked_for: list[str | None] = []
        self.made = 0
        self.looks_left: dict[str, int] = {}

    def fail(self, what: str, *errors: Exception) -> None:
        self.failures.setdefault(what, []).extend(errors)

    def remove_slowly(self, container_id: str, *, looks: int) -> None:
        """Somebody's removal of it is under way, and is over after it was looked at that often."""
        self._put(replace(self.containers_by_id[container_id], state="removing"))
        self.looks_left[container_id] = looks

    @property
    def names(self) -> dict[str, str]:
        return {container.name: container.state for container in self.containers_by_id.values()}

    def _find(self, name: str) -> Container:
        for container in self.containers_by_id.values():
            if name in (container.id, container.name):
                return container
        raise NotFoundError(f"no such container {name}")

    def _put(self, container: Container) -> None:
        self.containers_by_id[container.id] = container

    def _may_fail(self, what: str) -> None:
        if waiting := self.failures.get(what):
            raise waiting.pop(0)

    async def describe(self, *, limit: float = 5) -> Engine:
        self._may_fail("describe")
        return self.engine

    async def ping(self) -> None:
        self._may_fail("ping")

    async def nodes(self, *, limit: float = 5) -> tuple[Node, ...]:
        self._may_fail("nodes")
        return self.swarm_nodes

    async def service(self, service_id: str, *, limit: float = 5) -> Service:
        self._may_fail("service")
        if service_id not in self.services:
            raise NotFoundError(f"service {service_id} not found")
        return self.services[service_id]

    async def services_labelled(self, label: str) -> tuple[LabelledService, ...]:
        self._may_fail("services_labelled")
        return tuple(service for service in self.user_services if label in service.labels)

    async def services_named(self, names: tuple[str, ...]) -> tuple[LabelledService, ...]:
        self._may_fail("services_named")
        return tuple(service for service in self.user_services if service.name in names)

    async def tasks_here(self, service_id: str | None = None) -> tuple[LocalTask, ...]:
        self._may_fail("tasks_here")
        self.asked_for.append(service_id)
        return tuple(task for task in self.tasks if service_id in (None, task.service_id))

    async def service_tasks(self, service_id: str) -> tuple[ServiceTask, ...]:
        self._may_fail("service_tasks")
        return tuple(self.service_task_list)

    async def task_template(self, task_id: str) -> str:
        self._may_fail("task_template")
        return self.templates[task_id]

    async def own_container(self, task_id: str, hostname: str) -> Container:
        self._may_fail("own_container")
        if self.own is None:
            raise NotFoundError("no such container")
        return self.own

    async def labelled(self, label: str) -> tuple[Container, ...]:
        self._may_fail("labelled")
        return tuple(container for container in self.containers_by_id.values() if label in container.labels)

    async def running(self) -> tuple[Container, ...]:
        self._may_fail("running")
        return tuple(container for container in self.containers_by_id.values() if container.running)

    async def container(self, name: str) -> Container:
        self._may_fail("container")
        found = self._find(name)
        if self.looks_left.get(found.id, 1) == 0:
            del self.containers_by_id[found.id]
            raise NotFoundError(f"no such container {name}")
        if found.id in self.looks_left:
            self.looks_left[found.id] -= 1
        return found

    async def last_words(self, name: str) -> str:
        return "Traceback: boom"

    async def image_id(self, reference: str) -> str | None:
        self._may_fail("image_id")
        return reference if reference in self.images.values() else self.images.get(reference)

    async def pull(self, reference: str, *, first_word: float) -> None:
        self.journal.append(f"pull {reference}")
        self._may_fail("pull")
        if reference not in self.registry:
            raise PullError("manifest unknown")
        self.images[reference] = self.registry[reference]

    async def create(self, name: str, config: Mapping[str, Any]) -> str:
        self._may_fail("create")
        if name in self.names:
            raise ConflictError(f"{name} is in use")
        self.made += 1
        self.journal.append(f"create {name} of {config['Image']}")
        image = self.images.get(config["Image"], config["Image"])
        token = next(entry.partition("=")[2] for entry in config["Env"] if entry.startswith(TOKEN_VARIABLE))
        self._put(Container(f"new-{self.made}", name, config["Image"], image, "created", config["Labels"], token=token))
        return f"new-{self.made}"

    async def start(self, name: str) -> None:
        self._may_fail("start")
        started = replace(self._find(name), state="running")
        self.journal.append(f"start {started.name}")
        self._put(started)
        self.on_start(started)

    async def stop(self, name: str) -> None:
        self._may_fail("stop")
        try:
            container = self._find(name)
        except NotFoundError:
            return
        self.journal.append(f"stop {container.name}")
        self._put(replace(container, state="exited"))

    async def remove(self, name: str) -> None:
        self._may_fail("remove")
        try:
            container = self._find(name)
        except NotFoundError:
            return
        if container.running or container.leaving:
            raise ConflictError(f"it is {container.state}")
        self.journal.append(f"remove {container.name}")
        del self.containers_by_id[container.id]

    async def rename(self, name: str, new_name: str) -> None:
        self._may_fail("rename")
        if new_name in self.names:
            raise ConflictError(f"{new_name} is in use")
        self.journal.append(f"rename {self._find(name).name} {new_name}")
        self._put(replace(self._find(name), name=new_name))

    def events(self) -> Iterator[Event | None]:
        yield None
        yield from self.event_list
        raise EngineSilentError("the stream ended")

    def end_events(self) -> None: ...


VIP = VirtualIp.parse("10.0.0.100")


class Wire:
    """Everything that an anchor said, and a float that answers if it is told how."""

    def __init__(self) -> None:
        self.said: list[FromAnchor] = []

    def __call__(self, message: FromAnchor) -> None:
        self.said.append(message)

    @property
    def specs(self) -> list[tuple[str, bool]]:
        return [(message.spec.digest, message.trial) for message in self.said if isinstance(message, SpecMessage)]

    @property
    def verdicts(self) -> list[dict[str, bool]]:
        verdicts = [message for message in self.said if isinstance(message, VerdictMessage)]
        return [{condition.name: condition.ok for condition in verdict.conditions} for verdict in verdicts]


def spec(**changes: Any) -> FloatSpec:
    router = VirtualRouter(name="VI_1", vrid=77, priority=254, demoted_priority=49, virtual_ips=(VIP,))
    return FloatSpec(**{"router_name": "a", "hostname": "a", "virtual_routers": (router,), **changes})


def status(digest: str | None, state: VrrpState = VrrpState.MASTER, **changes: Any) -> FloatStatus:
    router = RouterStatus(
        name="VI_1",
        vrid=77,
        state=state,
        since=changes.pop("since", 0.0),
        interface="eth0",
        priority_base=254,
        priority_effective=254,
        advert_interval=0.1,
        expected=changes.pop("expected", True),
        reason="because",
    )
    return FloatStatus(
        version="1",
        hostname="a",
        container_id="c",
        boot_id="b",
        monotonic=0,
        written_at=0,
        started_at=0,
        keepalived="RUNNING",
        spec_digest=digest,
        link=LinkStatus(up=True, since=0),
        virtual_routers=changes.pop("virtual_routers", (router,)),
        **changes,
    )


def user_service(name: str, number: int, **labels: str) -> LabelledService:
    """A service of a user's, the one of a lower number the older; `vip="…"` is the label `keepalived.vip`."""
    on_host = labels.pop("on_host", "") == "yes"
    return LabelledService(
        id=f"id-{name}",
        name=name,
        created_at=f"2026-02-01T00:00:{number:02}.000000000",
        labels={f"keepalived.{key.replace('_', '-')}": value for key, value in labels.items()},
        publishes_on_host=on_host,
    )
