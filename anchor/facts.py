"""What Docker says, as values, and the ways in which it fails to say it; nothing here talks to Docker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.models import IpAddress

STACK_LABEL = "com.docker.stack.namespace"
SERVICE_ID_LABEL = "com.docker.swarm.service.id"
SERVICE_NAME_LABEL = "com.docker.swarm.service.name"
TASK_ID_LABEL = "com.docker.swarm.task.id"


class EngineError(Exception):
    """Docker did not do, or did not tell, what it was asked; another try may help. The message is a sentence."""


class EngineSilentError(EngineError):
    """No answer within the limit, or nobody there to answer."""


class OddAnswerError(EngineSilentError):
    """An answer that cannot be understood, which is as good as none."""


class NotFoundError(EngineError):
    """Docker answered that the thing does not exist: the one failure that says something about the world."""


class ConflictError(EngineError):
    """The name is taken, or the thing is not in a state that allows this."""


class NoQuorumError(EngineError):
    """The Swarm has no leader at the moment."""


class NotManagingError(EngineError):
    """This node is not, or not any more, a manager of a Swarm."""


class PullError(EngineError):
    """The registry did not give the image."""


@dataclass(frozen=True)
class Engine:
    """Docker on this node, and its part in the Swarm."""

    node_id: str
    hostname: str
    swarm_state: str
    """`active`, `inactive`, `pending`, `error` or `locked`."""

    managing: bool
    logging_driver: str = ""
    security_options: tuple[str, ...] = ()
    """As in `docker info`: `name=seccomp,profile=builtin`, `name=selinux`, `name=userns`, `name=rootless`."""

    swarm_address: IpAddress | None = None
    """Under which the other nodes know this one."""

    @property
    def starting(self) -> bool:
        """Whether the node is not in its Swarm yet, or not again: a manager, say, whose Docker was just started."""
        return self.swarm_state in ("pending", "error", "locked")


READY = "ready"
"""The state of a node whose engine its Swarm hears."""

DOWN = "down"
"""That of a node that is gone; one that is `unknown`, as all are during an election, is not meant."""


@dataclass(frozen=True)
class Node:
    """A node of the Swarm."""

    id: str
    hostname: str
    created_at: str
    """RFC 3339 with nine digits of fraction, so that text order is time order."""

    manager: bool
    availability: str = "active"
    """`active`, `pause` or `drain`."""

    state: str = READY
    status_address: IpAddress | None = None
    manager_address: IpAddress | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_quorum(self) -> bool:
        """Whether it is a manager, or a member of the quorum still: Docker may take minutes to make a worker of one."""
        return self.manager or self.manager_address is not None

    @property
    def address(self) -> IpAddress | None:
        """Where the managers reach it, else as Docker reports it."""
        return self.manager_address or self.status_address

    @property
    def addresses(self) -> frozenset[IpAddress]:
        """Every address under which Docker knows the node."""
        return frozenset(a for a in (self.manager_address, self.status_address) if a)


@dataclass(frozen=True)
class Service:
    """The Swarm service that this anchor is a task of."""

    id: str
    name: str
    update_state: str = ""
    """`updating`, `paused`, `completed`, `rollback_started`, `rollback_paused`, `rollback_completed`; empty: never."""

    template: str = ""
    """Hash of the spec that its next tasks are made from."""

    patience: int = 0
    """Seconds for which its updater waits after a task has begun: the update's delay and its monitor."""


@dataclass(frozen=True)
class ServiceTask:
    """A task of this anchor's service that is to run, on any node."""

    node_id: str
    running: bool
    template: str
    """Hash of what it was made from, but for its placement, for which alone SwarmKit replaces no task."""


@dataclass(frozen=True)
class LabelledService:
    """Any Swarm service that says something about itself by labels, or that others follow."""

    id: str
    name: str
    created_at: str
    """As of a node: text order is time order."""

    labels: Mapping[str, str] = field(default_factory=dict)
    publishes_on_host: bool = False
    """Whether it publishes a port in host mode, on the nodes that run a task of it alone."""


@dataclass(frozen=True)
class Mount:
    """Where a folder of a container comes from."""

    kind: str
    """`volume` or `bind`."""

    source: str
    """The volume's real name, or the host's path."""


@dataclass(frozen=True)
class Container:
    """A container of this node; `mounts` and `token` only where it was inspected."""

    id: str
    name: str
    image: str
    image_id: str
    state: str
    """`created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`."""

    labels: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Mount] = field(default_factory=dict)
    token: str = field(default="", repr=False)
    stop_signal: str = ""
    """The image's own, as its author wrote it: `SIGWINCH`, `28`; empty means SIGTERM. Only where it was inspected."""

    @property
    def running(self) -> bool:
        """Whether its processes exist: a paused container still holds what it held."""
        return self.state in ("running", "paused", "restarting")

    @property
    def leaving(self) -> bool:
        """Whether Docker is removing it, so that its name is about to be free."""
        return self.state == "removing"


@dataclass(frozen=True)
class LocalTask:
    """A container of this node that is a task of a Swarm service."""

    container_id: str
    name: str
    service_id: str
    state: str
    """As of a container."""

    health: str = ""
    """`healthy`, `unhealthy`, `starting`; empty where the image has no health check."""


@dataclass(frozen=True)
class Event:
    """Something happened to a container, node or service: a reason to look, and nothing more."""

    kind: str
    action: str
    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
