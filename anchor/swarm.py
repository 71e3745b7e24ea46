"""The door to Docker: what is asked of it, call by call, and our facts as its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import docker
from docker.types.daemon import CancellableStream

from anchor import docker_json, facts
from anchor.connection import SDK_ERRORS, Connection, ours
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
        return docker_json.engine(await self._ask(lambda c: c.info(), limit, "info"))

    async def ping(self, *, limit: float = LOOK) -> None:
        """Nothing but an answer."""
        await self._ask(lambda c: c.ping(), limit, "ping")

    async def nodes(self, *, limit: float = LOOK) -> tuple[facts.Node, ...]:
        """All nodes of the Swarm. Raises NoQuorumError, NotManagingError."""
        return tuple(map(docker_json.node, await self._ask(lambda c: c.nodes(), limit, "list of nodes")))

    async def service(self, service_id: str, *, limit: float = LOOK) -> facts.Service:
        """The service of that id. Raises NotFoundError when it was removed."""
        raw = await self._ask(lambda c: c.inspect_service(service_id), limit, f"service {service_id}")
        return docker_json.service(raw)

    async def services_labelled(self, label: str, *, limit: float = LOOK) -> tuple[facts.LabelledService, ...]:
        """All services of the Swarm that carry the label; Docker chooses them, so the others cost nothing here."""
        filters = {"label": label}
        raw = await self._ask(lambda c: c.services(filters=filters), limit, f"list of services with {label}")
        return tuple(map(docker_json.labelled_service, raw))

    async def services_named(self, names: tuple[str, ...], *, limit: float = LOOK) -> tuple[facts.LabelledService, ...]:
        """Those services of the Swarm that there are among the names; Docker's filter takes them as beginnings."""
        raw = await self._ask(lambda c: c.services(filters={"name": list(names)}), limit, "list of services by name")
        return tuple(service for service in map(docker_json.labelled_service, raw) if service.name in names)

    async def tasks_here(self, service_id: str | None = None, *, limit: float = LOOK) -> tuple[facts.LocalTask, ...]:
        """This node's containers that are tasks of that service, or of any; those that ended are left out."""
        label = f"{facts.SERVICE_ID_LABEL}={service_id}" if service_id else facts.SERVICE_ID_LABEL
        raw = await self._ask(lambda c: c.containers(filters={"label": label}), limit, "list of tasks")
        return tuple(map(docker_json.local_task, raw))

    async def task_template(self, task_id: str, *, limit: float = LOOK) -> str:
        """A hash of the spec from which the task was made, ForceUpdate included."""
        raw = await self._ask(lambda c: c.inspect_task(task_id), limit, f"task {task_id}")
        return docker_json.template_hash(raw)

    async def own_container(self, task_id: str, hostname: str, *, limit: float = LOOK) -> facts.Container:
        """The container in which this process runs. Raises NotFoundError."""
        label = f"{facts.TASK_ID_LABEL}={task_id}"
        listed = await self._ask(lambda c: c.containers(filters={"label": label}), limit, "list of containers")
        mine = next((raw["Id"] for raw in listed if docker_json.is_task(raw, task_id)), hostname)
        return await self.container(mine, limit=limit)

    async def labelled(self, label: str, *, limit: float = LOOK) -> tuple[facts.Container, ...]:
        """All containers of this node that carry the label, whatever their state."""
        listed = await self._ask(
            lambda c: c.containers(all=True, filters={"label": label}), limit, "list of containers"
        )
        return tuple(map(docker_json.listed_container, listed))

    async def running(self, *, limit: float = LOOK) -> tuple[facts.Container, ...]:
        """All containers of this node that run."""
        return tuple(
            map(docker_json.listed_container, await self._ask(lambda c: c.containers(), limit, "list of containers"))
        )

    async def container(self, name: str, *, limit: float = LOOK) -> facts.Container:
        """One container, inspected. Raises NotFoundError."""
        raw = await self._ask(lambda c: c.inspect_container(name), limit, f"container {name}")
        return docker_json.inspected_container(raw)

    async def last_words(self, name: str, *, limit: float = LOOK) -> str:
        """The last line that the container logged; empty where there is none."""
        text = await self._ask(lambda c: c.logs(name, tail=1), limit, f"log of {name}")
        return bytes(text).decode(errors="replace").strip()

    async def image_id(self, reference: str, *, limit: float = LOOK) -> str | None:
        """The id of the local image of that name, or None where Docker says that it has none."""
        try:
            raw = await self._ask(lambda c: c.inspect_image(reference), limit, f"image {reference}")
        except facts.NotFoundError:
            return None
        return str(raw["Id"])

    async def pull(self, reference: str, *, first_word: float, limit: float = PULL) -> None:
        """Fetch the image. Raises PullError with the registry's answer, or when it says nothing for that long."""
        loop, spoke = asyncio.get_running_loop(), asyncio.Event()

        def spoken() -> None:
            loop.call_soon_threadsafe(spoke.set)

        def work(client: docker.APIClient) -> None:
            _pull(reference, spoken, client)

        pulling = asyncio.create_task(self._ask(work, limit, f"pull of {reference}", read=STALLED_PULL))
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

    async def create(self, name: str, config: Mapping[str, Any], *, limit: float = CHANGE) -> str:
        """Create a container and return its id. Raises ConflictError when the name is taken."""
        made = await self._ask(lambda c: c.create_container_from_config(dict(config), name), limit, f"create {name}")
        return str(made["Id"])

    async def start(self, name: str, *, limit: float = CHANGE) -> None:
        """Start a container."""
        await self._ask(lambda c: c.start(name), limit, f"start {name}")

    async def stop(self, name: str, *, limit: float = STOP) -> None:
        """SIGTERM, and after STOP_TIMEOUT SIGKILL; one that is gone or stopped already is fine."""
        try:
            await self._ask(lambda c: c.stop(name, timeout=STOP_TIMEOUT), limit, f"stop {name}")
        except facts.NotFoundError:
            return

    async def remove(self, name: str, *, limit: float = CHANGE) -> None:
        """Remove a stopped container; one that is gone already is fine."""
        try:
            await self._ask(lambda c: c.remove_container(name, v=False), limit, f"remove {name}")
        except facts.NotFoundError:
            return

    async def rename(self, name: str, new_name: str, *, limit: float = CHANGE) -> None:
        """Give a container another name."""
        await self._ask(lambda c: c.rename(name, new_name), limit, f"rename {name}")

    def events(self) -> Iterator[facts.Event | None]:
        """Docker's events as they come, blocking: None first, once subscribed. Raises EngineError at the end."""
        try:
            self._stream = self._client().events(decode=True, filters=_EVENTS)
            yield None
            for raw in self._stream:
                yield docker_json.event(raw)
        except (*SDK_ERRORS, ValueError) as error:
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
