"""The shape of the door to Docker: what the anchor asks of it. `swarm.Docker` is the real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from anchor.facts import Container, Event, LabelledService, LocalTask, Node, Service, ServiceTask
from anchor.facts import Engine as EngineFacts

LOOK = 5.0
"""Seconds that Docker has for telling something."""

CHANGE = 20.0
"""Seconds that Docker has for creating, starting, renaming or removing a container."""

STOP_TIMEOUT = 10
"""Seconds that a float has for handing over before Docker kills it."""

STOP = STOP_TIMEOUT + 5.0
PULL = 300.0
"""Seconds that one pull may take while it makes progress."""


class Engine(Protocol):
    """Docker, as the anchor needs it. Every method but `events` answers within its limit or raises EngineError."""

    async def describe(self, *, limit: float = LOOK) -> EngineFacts:
        """This engine and its part in the Swarm."""
        ...

    async def ping(self) -> None:
        """Nothing but an answer."""
        ...

    async def nodes(self, *, limit: float = LOOK) -> tuple[Node, ...]:
        """All nodes of the Swarm. Raises NoQuorumError, NotManagingError."""
        ...

    async def service(self, service_id: str, *, limit: float = LOOK) -> Service:
        """The service of that id. Raises NotFoundError when it was removed."""
        ...

    async def services_labelled(self, label: str) -> tuple[LabelledService, ...]:
        """All services of the Swarm that carry the label; Docker chooses them, so the others cost nothing here."""
        ...

    async def services_named(self, names: tuple[str, ...]) -> tuple[LabelledService, ...]:
        """Those services of the Swarm that there are among the names."""
        ...

    async def tasks_here(self, service_id: str | None = None) -> tuple[LocalTask, ...]:
        """This node's containers that are tasks of that service, or of any; those that ended are left out."""
        ...

    async def service_tasks(self, service_id: str) -> tuple[ServiceTask, ...]:
        """The tasks of that service that are to run now, or once those before them have ended, of all nodes."""
        ...

    async def task_template(self, task_id: str) -> str:
        """A hash of the spec from which the task was made, ForceUpdate included."""
        ...

    async def own_container(self, task_id: str, hostname: str) -> Container:
        """The container in which this process runs. Raises NotFoundError."""
        ...

    async def labelled(self, label: str) -> tuple[Container, ...]:
        """All containers of this node that carry the label, whatever their state."""
        ...

    async def running(self) -> tuple[Container, ...]:
        """All containers of this node that run."""
        ...

    async def container(self, name: str) -> Container:
        """One container, inspected. Raises NotFoundError."""
        ...

    async def last_words(self, name: str) -> str:
        """The last line that the container logged; empty where there is none."""
        ...

    async def image_id(self, reference: str) -> str | None:
        """The id of the local image of that name, or None where Docker says that it has none."""
        ...

    async def pull(self, reference: str, *, first_word: float) -> None:
        """Fetch the image. Raises PullError with the registry's answer, or when it says nothing for that long."""
        ...

    async def create(self, name: str, config: Mapping[str, Any]) -> str:
        """Create a container and return its id. Raises ConflictError when the name is taken."""
        ...

    async def start(self, name: str) -> None:
        """Start a container."""
        ...

    async def stop(self, name: str) -> None:
        """SIGTERM, and after STOP_TIMEOUT SIGKILL; one that is gone or stopped already is fine."""
        ...

    async def remove(self, name: str) -> None:
        """Remove a stopped container; one that is gone already is fine."""
        ...

    async def rename(self, name: str, new_name: str) -> None:
        """Give a container another name."""
        ...

    def events(self) -> Iterator[Event | None]:
        """Docker's events as they come, blocking: None first, once subscribed. Raises EngineError at the end."""
        ...

    def end_events(self) -> None:
        """Cut the stream that `events` reads, from another thread."""
        ...
