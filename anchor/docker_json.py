"""Docker's JSON, turned into facts. Pure; field names are those of the Docker Engine API.

Every reader raises UnreadableError for what is not Docker's: an answer that cannot be understood must not become a
fact, least of all the fact that something is not there.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

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
from shared.models import IpAddress

Json = Mapping[str, Any]
T = TypeVar("T")

TOKEN_VARIABLE = "KEEPALIVED_LINK_TOKEN"  # noqa: S105  # the variable's name
_NANOSECOND_DIGITS = 9
NANOSECONDS = 10**_NANOSECOND_DIGITS
_HEALTH_SIGNS = (("healthy", "(healthy)"), ("unhealthy", "(unhealthy)"), ("starting", "(health: starting)"))


class UnreadableError(ValueError):
    """The JSON is not what Docker writes; the message says what is wrong with it."""


def engine(raw: Json) -> Engine:
    """From `GET /info`."""
    swarm = _object(raw, "Swarm")
    return Engine(
        node_id=_text(swarm, "NodeID"),
        hostname=_text(raw, "Name"),
        swarm_state=_text(swarm, "LocalNodeState") or "inactive",
        managing=swarm.get("ControlAvailable") is True,
        logging_driver=_text(raw, "LoggingDriver"),
        security_options=tuple(_texts(raw, "SecurityOptions")),
        swarm_address=address(_text(swarm, "NodeAddr")),
    )


def node(raw: Json) -> Node:
    """From an element of `GET /nodes`."""
    spec, status = _object(raw, "Spec", needed=True), _object(raw, "Status")
    return Node(
        id=_needed(raw, "ID"),
        hostname=_text(_object(raw, "Description"), "Hostname") or _needed(raw, "ID"),  # none of one that asks to join
        created_at=sortable_time(_needed(raw, "CreatedAt")),
        manager=_needed(spec, "Role") == "manager",
        availability=_text(spec, "Availability") or "active",
        state=_text(status, "State") or "unknown",
        status_address=address(_text(status, "Addr")),
        manager_address=address(host_of(_text(_object(raw, "ManagerStatus"), "Addr"))),
        labels=_labels(spec, "Labels"),
    )


def service(raw: Json) -> Service:
    """From `GET /services/{id}`."""
    spec = _object(raw, "Spec", needed=True)
    template, update = _object(spec, "TaskTemplate"), _object(spec, "UpdateConfig")
    return Service(
        id=_needed(raw, "ID"),
        name=_needed(spec, "Name"),
        update_state=_text(_object(raw, "UpdateStatus"), "State"),
        template=template_hash({"Spec": template}) if template else "",
        patience=sum(_get(update, key, int, 0) for key in ("Delay", "Monitor")) // NANOSECONDS,
    )


def service_task(raw: Json) -> ServiceTask:
    """From an element of `GET /tasks`."""
    spec = _object(raw, "Spec", needed=True)
    return ServiceTask(
        node_id=_text(raw, "NodeID"),
        running=_text(_object(raw, "Status"), "State") == "running",
        template=template_hash({"Spec": {key: value for key, value in spec.items() if key != "Placement"}}),
    )


def labelled_service(raw: Json) -> LabelledService:
    """From an element of `GET /services`."""
    spec = _object(raw, "Spec", needed=True)
    return LabelledService(
        id=_needed(raw, "ID"),
        name=_needed(spec, "Name"),
        created_at=sortable_time(_needed(raw, "CreatedAt")),
        labels=_labels(spec, "Labels"),
        publishes_on_host=any(
            _text(port, "PublishMode") == "host" for port in _list(_object(spec, "EndpointSpec"), "Ports")
        ),
    )


def local_task(raw: Json) -> LocalTask:
    """From an element of `GET /containers/json`, whose health stands in its status text alone: `Up 5 s (healthy)`."""
    status = _text(raw, "Status")
    return LocalTask(
        container_id=_needed(raw, "Id"),
        name=listed_container(raw).name,
        service_id=_labels(raw, "Labels").get(SERVICE_ID_LABEL, ""),
        state=_needed(raw, "State"),
        health=next((word for word, sign in _HEALTH_SIGNS if sign in status), ""),
    )


def template_hash(task: Json) -> str:
    """A hash of a task's `Spec`, which is the service's TaskTemplate at the moment when the task was made."""
    spec = _object(task, "Spec", needed=True)
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:12]


def listed_container(raw: Json) -> Container:
    """From an element of `GET /containers/json`."""
    names = [name.strip("/") for name in _texts(raw, "Names") if name.count("/") == 1]
    return Container(
        id=_needed(raw, "Id"),
        name=names[0] if names else _needed(raw, "Id"),
        image=_text(raw, "Image"),
        image_id=_text(raw, "ImageID"),
        state=_needed(raw, "State"),
        labels=_labels(raw, "Labels"),
    )


def inspected_container(raw: Json) -> Container:
    """From `GET /containers/{id}/json`."""
    config = _object(raw, "Config", needed=True)
    return Container(
        id=_needed(raw, "Id"),
        name=_needed(raw, "Name").strip("/"),
        image=_needed(config, "Image"),
        image_id=_needed(raw, "Image"),
        state=_needed(_object(raw, "State", needed=True), "Status"),
        labels=_labels(config, "Labels"),
        mounts={_needed(mount, "Destination"): _mount(mount) for mount in _list(raw, "Mounts")},
        token=_variable(_texts(config, "Env"), TOKEN_VARIABLE),
        stop_signal=_text(config, "StopSignal"),
    )


def event(raw: Json) -> Event:
    """From a line of `GET /events`."""
    actor = _object(raw, "Actor")
    return Event(
        kind=_text(raw, "Type"),
        action=_text(raw, "Action"),
        id=_text(actor, "ID"),
        labels=_labels(actor, "Attributes"),
    )


def is_task(raw: Json, task_id: str) -> bool:
    """Whether a listed container is the one of that task."""
    return bool(task_id) and _labels(raw, "Labels").get(TASK_ID_LABEL) == task_id


def identifier(raw: Json) -> str:
    """The `Id` of anything."""
    return _needed(raw, "Id")


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
    kind = _text(raw, "Type")
    return Mount(kind=kind, source=_text(raw, "Name") if kind == "volume" else _text(raw, "Source"))


def _variable(env: Iterable[str], name: str) -> str:
    return next((entry.partition("=")[2] for entry in env if entry.startswith(f"{name}=")), "")


def _get(raw: Json, key: str, kind: type[T], empty: T) -> T:
    """The value of that key; what Docker leaves out, and what Go writes as null for it, is empty."""
    if not isinstance(raw, dict):
        raise UnreadableError(f"an object is expected where {type(raw).__name__} stands")
    value = raw.get(key)
    if value is None:
        return empty
    if not isinstance(value, kind):
        raise UnreadableError(f"{key} is {type(value).__name__}")
    return value


def _text(raw: Json, key: str) -> str:
    return _get(raw, key, str, "")


def _needed(raw: Json, key: str) -> str:
    """One without which the thing is not to be recognised: better none than a wrong one."""
    if not (text := _text(raw, key)):
        raise UnreadableError(f"{key} is missing")
    return text


def _object(raw: Json, key: str, *, needed: bool = False) -> Json:
    found: dict[str, Any] = _get(raw, key, dict, {})
    if needed and not found:
        raise UnreadableError(f"{key} is missing")
    return found


def _list(raw: Json, key: str) -> list[Any]:
    found: list[Any] = _get(raw, key, list, [])
    return found


def _texts(raw: Json, key: str) -> list[str]:
    found = _list(raw, key)
    if not all(isinstance(text, str) for text in found):
        raise UnreadableError(f"{key} is a list of other things than text")
    return found


def _labels(raw: Json, key: str) -> dict[str, str]:
    found = _object(raw, key)
    if not all(isinstance(value, str) for value in found.values()):
        raise UnreadableError(f"{key} has values that are no text")
    return dict(found)
