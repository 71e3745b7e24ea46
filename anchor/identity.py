"""Who this anchor is: found by asking Docker, at start, once. Every way in which it can fail is a sentence."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from anchor import container_spec, doctor
from anchor.container_spec import FloatContainer
from anchor.engine import Engine
from anchor.facts import (
    SERVICE_ID_LABEL,
    SERVICE_NAME_LABEL,
    STACK_LABEL,
    TASK_ID_LABEL,
    Container,
    EngineError,
    EngineSilentError,
    Mount,
    NoQuorumError,
    NotFoundError,
    NotManagingError,
)
from anchor.facts import Engine as EngineFacts
from anchor.patience import Sleep
from shared.errors import DockerUnavailableError, NotAManagerError, SettingsError
from shared.link_protocol import LINK_FOLDER
from shared.models import IpAddress
from shared.settings import AnchorSettings
from shared.status_file import STATUS_FOLDER

REACH_PATIENCE = 10.0
"""Seconds for an engine that is just starting."""

PROXY_PATIENCE = 30.0
"""Seconds where DOCKER_HOST leads elsewhere and nobody answers: a proxy may be deployed together with the anchor."""

TEMPLATE_RETRY = 5.0
"""Seconds before the Swarm is asked again from what this anchor's task was made."""

_DOCKERS_OWN = AnchorSettings.model_fields["docker_host"].default


@dataclass(frozen=True)
class Identity:
    """This anchor's place: node, stack and service, and what its float is to be made of."""

    node_id: str
    stack: str
    service_id: str
    container_id: str
    task_id: str
    template: str | None
    """Hash of the spec of this anchor's task; None while the Swarm cannot tell."""

    float_container: FloatContainer
    doctor: tuple[str, ...] = ()
    """What Docker told at start against the virtual IPs, as sentences."""


async def find(engine: Engine, settings: AnchorSettings, hostname: str, *, patience: float | None = None) -> Identity:
    """Ask Docker, with patience (seconds) for an engine, or a proxy in front of it, that is just starting.

    Raises DockerUnavailableError, NotAManagerError, SettingsError.
    """

    def enough(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        limit = reach_patience(settings.docker_host, error) if patience is None else patience
        return (state.seconds_since_start or 0.0) >= limit

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(EngineError), stop=enough, wait=wait_fixed(0.5), reraise=True
    )
    try:
        identity: Identity = await retrying(_find, engine, settings, hostname)
    except NoQuorumError as error:
        raise DockerUnavailableError(f"Docker does not manage its Swarm yet: {error}.") from error
    except EngineError as error:
        raise DockerUnavailableError(
            f"Docker cannot be reached at DOCKER_HOST={settings.docker_host}: {error}. "
            "Mount /var/run/docker.sock into the anchor, or set DOCKER_HOST to where Docker listens."
        ) from error
    return identity


async def awaited_template(engine: Engine, task_id: str, *, sleep: Sleep) -> str:
    """The hash of the spec of the anchor's task, however long it takes until the Swarm tells it."""
    while (template := await _template(engine, task_id)) is None:
        await sleep(TEMPLATE_RETRY)
    return template


def reach_patience(docker_host: str, error: BaseException | None) -> float:
    """Seconds to wait for whoever listens there, after that failure."""
    awaited = docker_host != _DOCKERS_OWN and isinstance(error, EngineSilentError)
    return PROXY_PATIENCE if awaited else REACH_PATIENCE


async def _find(engine: Engine, settings: AnchorSettings, hostname: str) -> Identity:
    facts = await _engine_facts(engine, settings)
    _check_node(facts, settings)
    await _check_manager(engine, facts)
    own = await _own_container(engine, settings.task_id or "", hostname)
    return Identity(
        node_id=facts.node_id,
        stack=_stack(own),
        service_id=own.labels[SERVICE_ID_LABEL],
        container_id=own.id,
        task_id=own.labels.get(TASK_ID_LABEL, ""),
        template=await _template(engine, own.labels.get(TASK_ID_LABEL, "")),
        float_container=_float_container(own, facts, settings),
        doctor=doctor.warnings(facts, _virtual_ips(settings), await engine.running()),
    )


def _virtual_ips(settings: AnchorSettings) -> tuple[IpAddress, ...]:
    return tuple(vip.address for vip in settings.virtual_ips + settings.virtual_ips_excluded)


async def _engine_facts(engine: Engine, settings: AnchorSettings) -> EngineFacts:
    """What the engine says of itself; without a leader of the Swarm it may not say it in time, but answer otherwise."""
    try:
        return await engine.describe()
    except EngineSilentError:
        if settings.node_id is None:
            raise
        await engine.ping()
        return EngineFacts(settings.node_id, settings.node_hostname, swarm_state="active", managing=True)


def _check_node(facts: EngineFacts, settings: AnchorSettings) -> None:
    """Raise SettingsError where Docker is another node's: the float would be made there."""
    if settings.node_id and facts.node_id and facts.node_id != settings.node_id:
        rule = f"leads to the Docker of another node ({facts.hostname}); it must be the one of the anchor's own node"
        raise SettingsError([f"DOCKER_HOST={settings.docker_host}: {rule}"])


async def _check_manager(engine: Engine, facts: EngineFacts) -> None:
    """Raise NotAManagerError; EngineError for a node that takes, or may take, part in its Swarm a little later."""
    if facts.managing:
        return
    if facts.starting:
        raise NoQuorumError(f"this node ({facts.hostname}) takes no part in its Swarm (state {facts.swarm_state!r})")
    with contextlib.suppress(NotManagingError):
        if facts.swarm_state == "active" and await engine.nodes():
            return
    raise NotAManagerError(
        f"This node ({facts.hostname}) is not a manager of a Swarm (its Swarm state is {facts.swarm_state!r}): "
        "run `docker swarm init`, promote the node, or keep the constraint node.role == manager."
    )


def _stack(own: Container) -> str:
    """The stack's name; the service's for one that was made by `docker service create`."""
    return own.labels.get(STACK_LABEL) or own.labels.get(SERVICE_NAME_LABEL, "")


async def _own_container(engine: Engine, task_id: str, hostname: str) -> Container:
    problem = (
        f"DOCKER_TASK_ID={task_id}: no container of that Swarm task is on this node; deploy the anchor as a service "
        'with `docker stack deploy`, and keep DOCKER_TASK_ID: "{{.Task.ID}}" in the stack file'
    )
    try:
        own = await engine.own_container(task_id, hostname)
    except NotFoundError:
        raise SettingsError([problem]) from None
    if SERVICE_ID_LABEL not in own.labels:
        raise SettingsError([problem])
    return own


async def _template(engine: Engine, task_id: str) -> str | None:
    try:
        return await engine.task_template(task_id)
    except EngineError:  # no leader at the moment: then nothing is replaced until it is asked again
        return None


def _float_container(own: Container, facts: EngineFacts, settings: AnchorSettings) -> FloatContainer:
    scripts = [script for script in (settings.check_script, settings.notify) if script]
    return FloatContainer(
        stack=_stack(own),
        service_id=own.labels[SERVICE_ID_LABEL],
        image=settings.image or _float_image(own.image),
        link=_mount(own, LINK_FOLDER),
        status=_mount(own, STATUS_FOLDER),
        node_hostname=settings.node_hostname,
        log_level=settings.log_level,
        log_format=settings.log_format,
        logging_driver=facts.logging_driver,
        runs_scripts=bool(scripts),
        switches_user=any(script.user for script in scripts),
    )


def _float_image(own_image: str) -> str:
    try:
        return container_spec.float_image(own_image)
    except ValueError as error:
        raise SettingsError([f"KEEPALIVED_IMAGE: must name the float's image: {error}"]) from None


def _mount(own: Container, folder: str) -> Mount:
    if folder not in own.mounts:
        raise SettingsError([f"{folder}: the stack file must mount a named volume there, for anchor and float"])
    return own.mounts[folder]
