"""The door to Docker: what is asked of it, call by call, and our facts as its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import docker
from docker.types.daemon import CancellableStream

from anchor import docker_json, facts
from anchor.bounded import lines
from anchor.connection import ODDITIES, SDK_ERRORS, Connection, ours
from anchor.engine import CHANGE, LOOK, PULL, STOP, STOP_TIMEOUT

STALLED_PULL = 60.0
"""Seconds without a word after which a pull that had begun counts as failed."""

_EVENTS = {
    "type": ["container", "node", "service"],
    "event": [
        *("start", "die", "destroy", "rename", "pause", "unpause", "create", "update", "remove"),
        *("kill", "health_status"),
    ],
}


class Docker:
    """One engine."""

    def __init__(self, connection: Connection) -> None:
        self._ask, self._client = connection.ask, connection.client
        self._stream: CancellableStream[Any] | None = None

    async def describe(self, *, limit: float = LOOK) -> facts.Engine:
        """This engine and its part in the Swarm."""
        return await self._ask(lambda c: docker_json.engine(_with_swarm(c.info())), limit, "info")

    async def ping(self) -> None:
        """Nothing but an answer."""
        await self._ask(lambda c: c.ping(), LOOK, "ping")

    async def nodes(self, *, limit: float = LOOK) -> tuple[facts.Node, ...]:
        """All nodes of the Swarm. Raises NoQuorumError, NotManagingError."""
        return await self._ask(lambda c: tuple(map(docker_json.node, _listed(c.nodes()))), limit, "list of nodes")

    async def service(self, service_id: str, *, limit: float = LOOK) -> facts.Service:
        """The service of that id. Raises NotFoundError when it was removed."""
        what = f"service {service_id}"
        return await self._ask(lambda c: docker_json.service(c.inspect_service(service_id)), limit, what)

    async def services_labelled(self, label: str) -> tuple[facts.LabelledService, ...]:
        """All services of the Swarm that carry the label; Docker chooses them, so the others cost nothing here."""
        return await self._services({"label": label}, f"list of services with {label}")

    async def services_named(self, names: tuple[str, ...]) -> tuple[facts.LabelledService, ...]:
        """Those services of the Swarm that there are among the names; Docker's filter takes them as beginnings."""
        found = await self._services({"name": list(names)}, "list of services by name")
        return tuple(service for service in found if service.name in names)

    async def _services(self, filters: dict[str, str | list[str]], what: str) -> tuple[facts.LabelledService, ...]:
        def call(client: docker.APIClient) -> tuple[facts.LabelledService, ...]:
            return tuple(map(docker_json.labelled_service, _listed(client.services(filters=filters))))

        return await self._ask(call, LOOK, what)

    async def tasks_here(self, service_id: str | None = None) -> tuple[facts.LocalTask, ...]:
        """This node's containers that are tasks of that service, or of any; those that ended are left out."""
        label = f"{facts.SERVICE_ID_LABEL}={service_id}" if service_id else facts.SERVICE_ID_LABEL

        def call(client: docker.APIClient) -> tuple[facts.LocalTask, ...]:
            return tuple(map(docker_json.local_task, _listed(client.containers(filters={"label": label}))))

        return await self._ask(call, LOOK, "list of tasks")

    async def service_tasks(self, service_id: str) -> tuple[facts.ServiceTask, ...]:
        """The tasks of that service that are to run now, or once those before them have ended, of all nodes."""

        def call(client: docker.APIClient) -> tuple[facts.ServiceTask, ...]:
            filters: dict[str, str | list[str]] = {"service": service_id, "desired-state": ["running", "ready"]}
            return tuple(map(docker_json.service_task, _listed(client.tasks(filters=filters))))

        return await self._ask(call, LOOK, "list of the anchors' tasks")

    async def task_template(self, task_id: str) -> str:
        """A hash of the spec from which the task was made, ForceUpdate included."""
        return await self._ask(lambda c: docker_json.template_hash(c.inspect_task(task_id)), LOOK, f"task {task_id}")

    async def own_container(self, task_id: str, hostname: str) -> facts.Container:
        """The container in which this process runs. Raises NotFoundError."""

        def call(client: docker.APIClient) -> str:
            listed = _listed(client.containers(filters={"label": f"{facts.TASK_ID_LABEL}={task_id}"}))
            return next((docker_json.identifier(raw) for raw in listed if docker_json.is_task(raw, task_id)), hostname)

        return await self.container(await self._ask(call, LOOK, "list of containers"))

    async def labelled(self, label: str) -> tuple[facts.Container, ...]:
        """All containers of this node that carry the label, whatever their state."""

        def call(client: docker.APIClient) -> tuple[facts.Container, ...]:
            listed = _listed(client.containers(all=True, filters={"label": label}))
            return tuple(map(docker_json.listed_container, listed))

        return await self._ask(call, LOOK, "list of containers")

    async def running(self) -> tuple[facts.Container, ...]:
        """All containers of this node that run."""

        def call(client: docker.APIClient) -> tuple[facts.Container, ...]:
            return tuple(map(docker_json.listed_container, _listed(client.containers())))

        return await self._ask(call, LOOK, "list of containers")

    async def container(self, name: str) -> facts.Container:
        """One container, inspected. Raises NotFoundError."""
        what = f"container {_short(name)}"
        return await self._ask(lambda c: docker_json.inspected_container(c.inspect_container(name)), LOOK, what)

    async def last_words(self, name: str) -> str:
        """The last line that the container logged; empty where there is none."""
        text = await self._ask(lambda c: bytes(c.logs(name, tail=1)), LOOK, f"log of {_short(name)}")
        return text.decode(errors="replace").strip()

    async def image_id(self, reference: str) -> str | None:
        """The id of the local image of that name, or None where Docker says that it has none."""
        try:
            return await self._ask(
                lambda c: docker_json.identifier(c.inspect_image(reference)), LOOK, f"image {reference}"
            )
        except facts.NotFoundError:
            return None

    async def pull(self, reference: str, *, first_word: float) -> None:
        """Fetch the image. Raises PullError with the registry's answer, or when it says nothing for that long."""
        loop, spoke = asyncio.get_running_loop(), asyncio.Event()

        def spoken() -> None:
            loop.call_soon_threadsafe(spoke.set)

        def work(client: docker.APIClient) -> None:
            _pull(reference, spoken, client)

        pulling = asyncio.create_task(self._ask(work, PULL, f"pull of {reference}", read=STALLED_PULL))
        waiting = asyncio.create_task(spoke.wait())
        await asyncio.wait((pulling, waiting), timeout=first_word, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not spoke.is_set() and not pulling.done():
            pulling.cancel()
            raise facts.PullError(f"the registry of {reference} said nothing for {first_word:g} s")
        try:
            await pulling
        except facts.EngineError as error:
            raise error if isinstance(error, facts.PullError) else facts.PullError(str(error)) from error

    async def create(self, name: str, config: Mapping[str, Any]) -> str:
        """Create a container and return its id. Raises ConflictError when the name is taken."""

        def call(client: docker.APIClient) -> str:
            return docker_json.identifier(client.create_container_from_config(dict(config), name))

        return await self._ask(call, CHANGE, f"create {name}")

    async def start(self, name: str) -> None:
        """Start a container."""
        await self._ask(lambda c: c.start(name), CHANGE, f"start {_short(name)}")

    async def stop(self, name: str) -> None:
        """SIGTERM, and after STOP_TIMEOUT SIGKILL; one that is gone or stopped already is fine."""
        try:
            await self._ask(lambda c: c.stop(name, timeout=STOP_TIMEOUT), STOP, f"stop {_short(name)}")
        except facts.NotFoundError:
            return

    async def remove(self, name: str) -> None:
        """Remove a stopped container; one that is gone already is fine."""
        try:
            await self._ask(lambda c: c.remove_container(name, v=False), CHANGE, f"remove {_short(name)}")
        except facts.NotFoundError:
            return

    async def rename(self, name: str, new_name: str) -> None:
        """Give a container another name."""
        await self._ask(lambda c: c.rename(name, new_name), CHANGE, f"rename {_short(name)}")

    def events(self) -> Iterator[facts.Event | None]:
        """Docker's events as they come, blocking: None first, once subscribed. Raises EngineError at the end."""
        try:
            self._stream = self._client().events_without_end(_EVENTS)
            yield None
            for line in lines(self._stream):
                yield docker_json.event(json.loads(line))
        except (*SDK_ERRORS, *ODDITIES) as error:
            raise ours(error, "events") from error
        raise facts.EngineSilentError("Docker ended the stream of events")

    def end_events(self) -> None:
        """Cut the stream that `events` reads, from another thread."""
        if self._stream is not None:
            self._stream.close()


def _pull(reference: str, heard: Callable[[], None], client: docker.APIClient) -> None:
    for line in client.pull(reference, stream=True, decode=True):
        heard()
        if "error" in line:
            raise facts.PullError(str(line["error"]))


def _short(name: str) -> str:
    """A container's name, or the beginning of its id, as `docker ps` shows it."""
    return name[:12] if len(name) == 64 and set(name) <= set("0123456789abcdef") else name


def _listed(raw: object) -> list[Any]:
    """What Docker lists. Raises ValueError for anything else: no list is not an empty one."""
    if not isinstance(raw, list):
        raise ValueError(f"a list is expected where {type(raw).__name__} stands")
    return raw


def _with_swarm(raw: Any) -> dict[str, Any]:
    """An answer to `GET /info` that says something of the Swarm; one that does not says nothing against it."""
    if not isinstance(raw, dict) or not isinstance(raw.get("Swarm"), dict) or "LocalNodeState" not in raw["Swarm"]:
        raise ValueError("it says nothing of the Swarm")
    return raw
