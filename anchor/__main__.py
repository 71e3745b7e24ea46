"""`python -m anchor`: builds everything, watches over the tasks, and turns errors into exit codes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Coroutine
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from anchor import identity as identities
from anchor import not_built, vitals
from anchor.asking import Asking
from anchor.conversation import Conversation
from anchor.facts import EngineError
from anchor.farewell import Farewell
from anchor.float_keeper import FloatKeeper
from anchor.hands import Hands
from anchor.identity import Identity
from anchor.link_server import LinkServer
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
from shared.clock import SystemClock, boot_id
from shared.errors import FatalError, SettingsError
from shared.link_protocol import LINK_FOLDER, AnchorHello, GoodbyeReason
from shared.settings import AnchorSettings
from shared.status import AnchorStatus
from shared.status_file import STATUS_FOLDER

logger = logging.getLogger("anchor")

T = TypeVar("T")

END_LIMIT = 19.0
"""Seconds for the whole end, the float's handover included; Swarm kills after 30."""

PREPARE_RETRY = 1.0
"""Seconds before the next try to look at the containers, at start."""

STAYING_TURN, LEAVING_TURN = 12.0, 3.0
"""Seconds for the turn that is under way at the end: longer where the float is to stay, so that there is one."""


class Anchor:
    """All objects of one anchor, and the order in which they begin and end."""

    def __init__(self, settings: AnchorSettings, docker: Docker, identity: Identity) -> None:
        clock, memory = SystemClock(), Memory(Path(LINK_FOLDER))
        self._settings, self._docker, self._identity, self._clock = settings, docker, identity, clock
        self._started_at, self._boot_id = clock.wall(), boot_id()
        self._bell, self._swarm_bell = Bell(), Bell()
        self._asking, self._patience = Asking(clock), Patience(clock, asyncio.sleep)
        self._talk = Conversation(memory, clock, node=settings.node_hostname, wake=self._bell.ring)
        self._hands = Hands(
            docker, self._asking, self._talk, container=identity.float_container, memory=memory, sleep=asyncio.sleep
        )
        self._survey = Survey(docker, clock, node_id=identity.node_id, service_id=identity.service_id)
        self._specs = SpecKeeper(settings, self._survey, self._talk, node_id=identity.node_id)
        self._floats = FloatKeeper(
            self._hands,
            _desired(settings, identity),
            self._talk,
            replacement=Replacement(
                self._hands,
                self._talk,
                memory=memory,
                clock=clock,
                patience=self._patience,
                rank=lambda: self._specs.rank,
            ),
            memory=memory,
            clock=clock,
        )
        self._loop = Reconciler(
            self._floats,
            self._specs,
            self._talk,
            survey=self._survey,
            asking=self._asking,
            clock=clock,
            quorum=settings.quorum,
        )
        self._link = LinkServer(Path(LINK_FOLDER), AnchorHello(version=_version(), stack=identity.stack), self._talk)
        self._talk.speak_through(self._link.send)
        self._files = vitals.Files(vitals.HEALTH_FILE, Path(STATUS_FOLDER))
        self._farewell = Farewell(docker, self._hands, service_id=identity.service_id)

    async def serve(self) -> None:
        """Begin, and go on until cancelled. Raises FatalError; the link opens only once everything is verified."""
        await self._link.lock(self._patience)
        await self._survey.look()
        self._specs.refresh()
        await self._prepare()
        await self._link.open()
        events = EventStream(self._docker, containers=self._bell, swarm=self._swarm_bell)
        async with asyncio.TaskGroup() as group:
            group.create_task(events.run(), name="events")
            group.create_task(self._survey.run(self._swarm_bell, self._bell), name="survey")
            group.create_task(self._show_life(), name="vitals")
            group.create_task(self._loop.run(self._bell), name="reconcile")

    async def _show_life(self) -> None:
        interval = vitals.beat_interval(self._settings.link_timeout)
        await vitals.run(self._loop.pulse, self._publish, interval=interval, sleep=asyncio.sleep)

    async def _prepare(self) -> None:
        """The same as a turn of the loop: Docker's trouble is waited out."""
        while True:
            try:
                return await self._floats.prepare()
            except EngineError as error:
                logger.warning("Docker cannot be asked yet, trying again: %s", error)
                await asyncio.sleep(PREPARE_RETRY)

    async def end(self) -> None:
        """Told to stop: find out why, let the turn under way come to a good point, and say goodbye."""
        departure = await self._farewell.why(self._survey.known, self._identity.node_id)
        if departure.keeps_float:
            await self._patience.until(lambda: not self._loop.turning, STAYING_TURN)
            self._talk.goodbye(departure.reason, departure.detail)
        else:
            self._hands.resting = True
            self._talk.goodbye(departure.reason, departure.detail)
            await self._patience.until(lambda: not self._loop.turning, LEAVING_TURN)
            self._hands.resting = False
            await self._farewell.take_along()
        await self._link.close()

    async def fail(self, sentence: str) -> None:
        """This anchor cannot go on: its float can, unless it is a new one that never served."""
        self._talk.goodbye(GoodbyeReason.UPDATE, sentence)
        if self._floats.idle:
            await self._farewell.take_along()
        await self._link.close()

    def _publish(self) -> None:
        self._files.health(self._loop.unhealthy)
        self._files.status(
            AnchorStatus(
                version=_version(),
                hostname=self._settings.node_hostname,
                container_id=self._identity.container_id,
                boot_id=self._boot_id,
                monotonic=self._clock.monotonic(),
                written_at=self._clock.wall(),
                started_at=self._started_at,
                stack=self._identity.stack,
                summary=self._loop.summary,
                warnings=(*self._settings.warnings, *self._loop.warnings),
                float_restarts=self._floats.restarts.total,
            )
        )


async def run(settings: AnchorSettings) -> None:
    """One life of the anchor. Raises FatalError."""
    stop = _stop_signal()
    docker = Docker(settings.docker_host)
    if settings.registry_auth_file is not None:
        docker.use_registry_auth(settings.registry_auth_file)
    anchor = await _or_stopped(_build(settings, docker), stop)
    if anchor is not None:
        await _live(anchor, stop)


async def _build(settings: AnchorSettings, docker: Docker) -> Anchor:
    return Anchor(settings, docker, await identities.find(docker, settings, socket.gethostname()))


async def _live(anchor: Anchor, stop: asyncio.Event) -> None:
    """Serve until told to stop, or until something fatal."""
    serving = asyncio.create_task(anchor.serve(), name="serve")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    try:
        await (_in_time(anchor.end()) if stop.is_set() else serving)
    except* FatalError as fatal:
        error = _first(fatal)
        await anchor.fail(str(error))
        raise error from None
    finally:
        serving.cancel()
        stopping.cancel()


async def _in_time(ending: Coroutine[Any, Any, None]) -> None:
    try:
        await asyncio.wait_for(ending, END_LIMIT)
    except TimeoutError:
        logger.error("The end took longer than %g s; the float has been told, and ends by itself.", END_LIMIT)


async def _or_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """What the work gives, or None when the anchor is told to stop before."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return await working
    working.cancel()
    return None


def _stop_signal() -> asyncio.Event:
    """Set by SIGTERM or SIGINT; a second SIGINT ends the process at once.

    A second SIGTERM does not: Swarm's agent repeats it when the node's role changes, in the middle of our handover.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupted() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    return stop


def _first(group: BaseExceptionGroup[FatalError]) -> FatalError:
    """The error that says why, out of the task group's wrapping."""
    found = group.exceptions[0]
    return found if isinstance(found, FatalError) else _first(found)


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
        if missing := not_built.problems(settings):
            raise SettingsError(missing)
        for warning in settings.warnings:
            logger.warning("%s", warning)
        asyncio.run(run(settings))
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
