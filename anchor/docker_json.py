"""Docker's JSON, turned into facts. Pure; field names are those of the Docker Engine API.

Every reader raises UnreadableError for what is not Docker's: an answer that cannot be understood must not become a
fact, least of all the fact that something is not there.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable

from anchor import json_fields as fields
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
    ServiceTask,
)
from anchor.json_fields import Json
from shared.models import IpAddress

TOKEN_VARIABLE = "KEEPALIVED_LINK_TOKEN"  # noqa: S105  # the variable's name
_NANOSECOND_DIGITS = 9
_HEALTH_SIGNS = (("healthy", "(healthy)"), ("unhealthy", "(unhealthy)"), ("starting", "(health: starting)"))


def engine(raw: Json) -> Engine:
    """From `GET /info`."""
    swarm = fields.mapping(raw, "Swarm")
    return Engine(
        node_id=fields.text(swarm, "NodeID"),
        hostname=fields.text(raw, "Name"),
        swarm_state=fields.text(swarm, "LocalNodeState") or "inactive",
        managing=swarm.get("ControlAvailable") is True,
        logging_driver=fields.text(raw, "LoggingDriver"),
        security_options=tuple(fields.texts(raw, "SecurityOptions")),
        swarm_address=address(fields.text(swarm, "NodeAddr")),
    )


def node(raw: Json) -> Node:
    """From an element of `GET /nodes`."""
    spec, status = fields.mapping(raw, "Spec", must=True), fields.mapping(raw, "Status")
    return Node(
        id=fields.needed(raw, "ID"),
        hostname=fields.text(fields.mapping(raw, "Description"), "Hostname")
        or fields.needed(raw, "ID"),  # none of one that asks to join
        created_at=sortable_time(fields.needed(raw, "CreatedAt")),
        manager=fields.needed(spec, "Role") == "manager",
        availability=fields.text(spec, "Availability") or "active",
        state=fields.text(status, "State") or "unknown",
        status_address=address(fields.text(status, "Addr")),
        manager_address=address(host_of(fields.text(fields.mapping(raw, "ManagerStatus"), "Addr"))),
        labels=fields.labels(spec, "Labels"),
    )


def service(raw: Json) -> Service:
    """From `GET /services/{id}`."""
    spec = fields.mapping(raw, "Spec", must=True)
    template, update = fields.mapping(spec, "TaskTemplate"), fields.mapping(spec, "UpdateConfig")
    return Service(
        id=fields.needed(raw, "ID"),
        name=fields.needed(spec, "Name"),
        update_state=fields.text(fields.mapping(raw, "UpdateStatus"), "State"),
        template=template_hash({"Spec": template}) if template else "",
        patience=sum(fields.value(update, key, int, 0) for key in ("Delay", "Monitor")) // 10**_NANOSECOND_DIGITS,
    )


def service_task(raw: Json) -> ServiceTask:
    """From an element of `GET /tasks`."""
    spec = fields.mapping(raw, "Spec", must=True)
    return ServiceTask(
        node_id=fields.text(raw, "NodeID"),
        running=fields.text(fields.mapping(raw, "Status"), "State") == "running",
        template=template_hash({"Spec": {key: value for key, value in spec.items() if key != "Placement"}}),
    )


def labelled_service(raw: Json) -> LabelledService:
    """From an element of `GET /services`."""
    spec = fields.mapping(raw, "Spec", must=True)
    return LabelledService(
        id=fields.needed(raw, "ID"),
        name=fields.needed(spec, "Name"),
        created_at=sortable_time(fields.needed(raw, "CreatedAt")),
        labels=fields.labels(spec, "Labels"),
        publishes_on_host=any(
            fields.text(port, "PublishMode") == "host"
            for port in fields.entries(fields.mapping(spec, "EndpointSpec"), "Ports")
        ),
    )


def local_task(raw: Json) -> LocalTask:
    """From an element of `GET /containers/json`, whose health stands in its status text alone: `Up 5 s (healthy)`."""
    status = fields.text(raw, "Status")
    return LocalTask(
        container_id=fields.needed(raw, "Id"),
        name=listed_container(raw).name,
        service_id=fields.labels(raw, "Labels").get(SERVICE_ID_LABEL, ""),
        state=fields.needed(raw, "State"),
        health=next((word for word, sign in _HEALTH_SIGNS if sign in status), ""),
    )


def template_hash(task: Json) -> str:
    """A hash of a task's `Spec`, which is the service's TaskTemplate at the moment when the task was made."""
    spec = fields.mapping(task, "Spec", must=True)
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:12]


def listed_container(raw: Json) -> Container:
    """From an element of `GET /containers/json`."""
    names = [name.strip("/") for name in fields.texts(raw, "Names") if name.count("/") == 1]
    return Container(
        id=fields.needed(raw, "Id"),
        name=names[0] if names else fields.needed(raw, "Id"),
        image=fields.text(raw, "Image"),
        image_id=fields.text(raw, "ImageID"),
        state=fields.needed(raw, "State"),
        labels=fields.labels(raw, "Labels"),
    )


def inspected_container(raw: Json) -> Container:
    """From `GET /containers/{id}/json`."""
    config = fields.mapping(raw, "Config", must=True)
    return Container(
        id=fields.needed(raw, "Id"),
        name=fields.needed(raw, "Name").strip("/"),
        image=fields.needed(config, "Image"),
        image_id=fields.needed(raw, "Image"),
        state=fields.needed(fields.mapping(raw, "State", must=True), "Status"),
        labels=fields.labels(config, "Labels"),
        mounts={fields.needed(mount, "Destination"): _mount(mount) for mount in fields.entries(raw, "Mounts")},
        token=_variable(fields.texts(config, "Env"), TOKEN_VARIABLE),
        stop_signal=fields.text(config, "StopSignal"),
    )


def event(raw: Json) -> Event:
    """From a line of `GET /events`."""
    actor = fields.mapping(raw, "Actor")
    return Event(
        kind=fields.text(raw, "Type"),
        action=fields.text(raw, "Action"),
        id=fields.text(actor, "ID"),
        labels=fields.labels(actor, "Attributes"),
    )


def is_task(raw: Json, task_id: str) -> bool:
    """Whether a listed container is the one of that task."""
    return bool(task_id) and fields.labels(raw, "Labels").get(TASK_ID_LABEL) == task_id


def identifier(raw: Json) -> str:
    """The `Id` of anything."""
    return fields.needed(raw, "Id")


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
    kind = fields.text(raw, "Type")
    return Mount(kind=kind, source=fields.text(raw, "Name") if kind == "volume" else fields.text(raw, "Source"))


def _variable(env: Iterable[str], name: str) -> str:
    return next((entry.partition("=")[2] for entry in env if entry.startswith(f"{name}=")), "")
