"""Docker's JSON, turned into facts. Pure; field names are those of the Docker Engine API."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any

from anchor.facts import (
    SERVICE_ID_LABEL,
    TASK_ID_LABEL,
    Container,
    Engine,
    Event,
    LabelledService,
    LocalTask,
    Mount,
    Node,
    Service,
)
from shared.models import IpAddress

Json = Mapping[str, Any]

TOKEN_VARIABLE = "KEEPALIVED_LINK_TOKEN"  # noqa: S105  # the variable's name
_NANOSECOND_DIGITS = 9
_HEALTH_SIGNS = (("healthy", "(healthy)"), ("unhealthy", "(unhealthy)"), ("starting", "(health: starting)"))


def engine(raw: Json) -> Engine:
    """From `GET /info`."""
    swarm = raw.get("Swarm") or {}
    return Engine(
        node_id=swarm.get("NodeID") or "",
        hostname=raw.get("Name") or "",
        swarm_state=swarm.get("LocalNodeState") or "inactive",
        managing=bool(swarm.get("ControlAvailable")),
        logging_driver=raw.get("LoggingDriver") or "",
        security_options=tuple(raw.get("SecurityOptions") or ()),
        swarm_address=address(swarm.get("NodeAddr") or ""),
    )


def node(raw: Json) -> Node:
    """From an element of `GET /nodes`."""
    spec, status, manager = raw["Spec"], raw.get("Status") or {}, raw.get("ManagerStatus") or {}
    return Node(
        id=raw["ID"],
        hostname=(raw.get("Description") or {}).get("Hostname") or raw["ID"],  # none of one that only asked to join
        created_at=sortable_time(raw["CreatedAt"]),
        manager=spec.get("Role") == "manager",
        availability=spec.get("Availability", "active"),
        state=status.get("State", "unknown"),
        status_address=address(status.get("Addr", "")),
        manager_address=address(host_of(manager.get("Addr", ""))),
        labels=spec.get("Labels") or {},
    )


def service(raw: Json) -> Service:
    """From `GET /services/{id}`."""
    update = raw.get("UpdateStatus") or {}
    template = raw["Spec"].get("TaskTemplate")
    return Service(
        id=raw["ID"],
        name=raw["Spec"]["Name"],
        update_state=update.get("State") or "",
        template=template_hash({"Spec": template}) if template else "",
    )


def labelled_service(raw: Json) -> LabelledService:
    """From an element of `GET /services`."""
    spec = raw["Spec"]
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or ()
    return LabelledService(
        id=raw["ID"],
        name=spec["Name"],
        created_at=sortable_time(raw["CreatedAt"]),
        labels=spec.get("Labels") or {},
        publishes_on_host=any(port.get("PublishMode") == "host" for port in ports),
    )


def local_task(raw: Json) -> LocalTask:
    """From an element of `GET /containers/json`, whose health stands in its status text alone: `Up 5 s (healthy)`."""
    health = next((word for word, sign in _HEALTH_SIGNS if sign in (raw.get("Status") or "")), "")
    return LocalTask(
        container_id=raw["Id"],
        name=listed_container(raw).name,
        service_id=(raw.get("Labels") or {}).get(SERVICE_ID_LABEL, ""),
        state=raw["State"],
        health=health,
    )


def template_hash(task: Json) -> str:
    """A hash of a task's `Spec`, which is the service's TaskTemplate at the moment when the task was made."""
    return hashlib.sha256(json.dumps(task["Spec"], sort_keys=True).encode()).hexdigest()[:12]


def listed_container(raw: Json) -> Container:
    """From an element of `GET /containers/json`."""
    names = [name.strip("/") for name in raw.get("Names") or () if name.count("/") == 1]
    return Container(
        id=raw["Id"],
        name=names[0] if names else raw["Id"],
        image=raw["Image"],
        image_id=raw["ImageID"],
        state=raw["State"],
        labels=raw.get("Labels") or {},
    )


def inspected_container(raw: Json) -> Container:
    """From `GET /containers/{id}/json`."""
    config = raw["Config"]
    return Container(
        id=raw["Id"],
        name=raw["Name"].strip("/"),
        image=config["Image"],
        image_id=raw["Image"],
        state=raw["State"]["Status"],
        labels=config.get("Labels") or {},
        mounts={mount["Destination"]: _mount(mount) for mount in raw.get("Mounts") or ()},
        token=_variable(config.get("Env") or (), TOKEN_VARIABLE),
    )


def event(raw: Json) -> Event:
    """From a line of `GET /events`."""
    actor = raw.get("Actor") or {}
    return Event(
        kind=raw.get("Type", ""),
        action=raw.get("Action", ""),
        id=actor.get("ID", ""),
        labels=actor.get("Attributes") or {},
    )


def is_task(raw: Json, task_id: str) -> bool:
    """Whether a listed container is the one of that task."""
    return bool(task_id) and (raw.get("Labels") or {}).get(TASK_ID_LABEL) == task_id


def host_of(address_and_port: str) -> str:
    """The host of `10.0.0.1:2377` or `[fd00::1]:2377`."""
    return address_and_port.rpartition(":")[0].strip("[]")


def address(text: str) -> IpAddress | None:
    """The address, or None for what can be nobody's: empty, no address, unspecified (a leader's own), loopback."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if found.is_unspecified or found.is_loopback else found


def sortable_time(text: str) -> str:
    """RFC 3339 as Docker writes it, with its fraction padded: Go drops trailing zeros, which spoils text order."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<{_NANOSECOND_DIGITS}}"


def _mount(raw: Json) -> Mount:
    kind = raw.get("Type", "")
    return Mount(kind=kind, source=raw.get("Name", "") if kind == "volume" else raw.get("Source", ""))


def _variable(env: Iterable[str], name: str) -> str:
    return next((entry.partition("=")[2] for entry in env if entry.startswith(f"{name}=")), "")
