"""`python -m anchor`: builds everything, and turns errors into exit codes."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable, Coroutine
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from anchor import identity as identities
from anchor import process, vitals
from anchor.announce import Announcer, base_status
from anchor.asking import Asking
from anchor.connection import Connection
from anchor.conversation import Conversation
from anchor.farewell import Farewell
from anchor.float_keeper import FloatKeeper
from anchor.hands import Hands
from anchor.identity import Identity
from anchor.life import Life, Parts
from anchor.link_server import LinkServer
from anchor.local_tasks import LocalTasks
from anchor.memory import Memory
from anchor.patience import Patience
from anchor.plan import Desired
from anchor.reconcile import Reconciler
from anchor.replacement import Replacement
from anchor.spec_keeper import SpecKeeper
from anchor.survey import Survey
from anchor.swarm import Docker
from anchor.wakeups import Bell, EventStream
from shared import logs
from shared.clock import Clock, SystemClock
from shared.disk import Disk
from shared.errors import FatalError, SettingsError
from shared.link_protocol import LINK_FOLDER, AnchorHello
from shared.settings import AnchorSettings
from shared.status_file import STATUS_FOLDER
from shared.user_files import UserFiles

logger = logging.getLogger("anchor")


async def run(settings: AnchorSettings, files: UserFiles) -> None:
    """One life of the anchor. Raises FatalError."""
    stop = process.stop_signal()
    docker = Docker(Connection(settings.docker_host, auth_file=settings.registry_auth_file))
    identity = await process.or_stopped(identities.find(docker, settings, socket.gethostname()), stop)
    if identity is None:
        return
    life = Life(_parts(settings, files, docker, identity))
    if stop.is_set():
        await process.in_time(life.end_unbegun())
        return
    logger.info("The anchor starts.", extra={"node": settings.node_hostname, "version": _version()})
    await process.live(life, stop)


def _parts(settings: AnchorSettings, files: UserFiles, docker: Docker, identity: Identity) -> Parts:
    clock, disk = SystemClock(), Disk()
    memory = Memory(Path(LINK_FOLDER), service=identity.service_id, disk=disk)
    bell, swarm_bell = Bell(), Bell()
    asking, patience = Asking(clock), Patience(clock, asyncio.sleep)
    talk = Conversation(memory, clock, node=settings.node_hostname, wake=bell.ring)
    hands = Hands(docker, asking, talk, container=identity.float_container, memory=memory, sleep=asyncio.sleep)
    survey = Survey(
        docker,
        clock,
        memory,
        node_id=identity.node_id,
        service_id=identity.service_id,
        tracked=settings.track_services,
        orphan_after=settings.orphan_after,
    )
    tasks = LocalTasks(docker, clock)
    specs = SpecKeeper(settings, survey, talk, tasks=tasks, files=files, node_id=identity.node_id)
    replacement = Replacement(hands, talk, memory=memory, clock=clock, patience=patience, rank=lambda: specs.rank)
    floats = FloatKeeper(hands, _desired(settings, identity), talk, replacement=replacement, memory=memory, clock=clock)
    loop = Reconciler(floats, specs, talk, survey=survey, asking=asking, clock=clock, quorum=settings.quorum)
    link = LinkServer(Path(LINK_FOLDER), _hello(settings, identity), talk)
    talk.speak_through(link.send)
    return Parts(
        link=link,
        survey=survey,
        specs=specs,
        floats=floats,
        loop=loop,
        tasks=tasks,
        events=EventStream(docker, clock, containers=bell, swarm=swarm_bell, tasks=tasks),
        farewell=Farewell(docker, hands, service_id=identity.service_id),
        hands=hands,
        conversation=talk,
        patience=patience,
        template=lambda: identities.awaited_template(docker, identity.task_id, sleep=asyncio.sleep),
        show_life=_show_life(settings, identity, loop, floats, clock, disk=disk),
        node_id=identity.node_id,
        bell=bell,
        swarm_bell=swarm_bell,
    )


def _show_life(
    settings: AnchorSettings, identity: Identity, loop: Reconciler, floats: FloatKeeper, clock: Clock, *, disk: Disk
) -> Callable[[], Coroutine[Any, Any, None]]:
    base = base_status(settings, identity, clock, _version())
    files = vitals.Files(vitals.HEALTH_FILE, Path(STATUS_FOLDER), disk=disk)
    announcer = Announcer(files, loop, floats, base=base, clock=clock)
    interval = vitals.beat_interval(settings.link_timeout)
    return lambda: vitals.run(loop.pulse, announcer.publish, interval=interval, sleep=asyncio.sleep)


def _hello(settings: AnchorSettings, identity: Identity) -> AnchorHello:
    return AnchorHello(
        version=_version(), stack=identity.stack, log_level=settings.log_level, log_format=settings.log_format
    )


def _desired(settings: AnchorSettings, identity: Identity) -> Desired:
    return Desired(
        name=settings.float_name,
        stack=identity.stack,
        digest=identity.float_container.digest,
        image_id="",
        template=identity.template,
    )


def _version() -> str:
    try:
        return version("docker-keepalived-swarm")
    except PackageNotFoundError:
        return "unknown"


def main() -> int:
    """Exit code of one life."""
    logs.configure("info", "text")
    try:
        settings = AnchorSettings.from_environment(os.environ)
        logs.configure(settings.log_level, settings.log_format)
        files = UserFiles(settings, carried=True)
        for warning in settings.warnings:
            logger.warning("%s", warning)
        asyncio.run(run(settings, files))
    except SettingsError as error:
        for problem in error.problems:
            logger.error("%s", problem)
        return error.exit_code
    except FatalError as error:
        logger.error("%s", error)
        return error.exit_code
    except Exception:  # the process's boundary: a trace in the log and a non-zero exit that Swarm sees
        logger.exception("A part of the anchor ended unexpectedly.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
