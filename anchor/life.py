"""One anchor from its lock on the link to its goodbye: the order in which its parts begin and end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from anchor.conversation import Conversation
from anchor.facts import EngineError
from anchor.farewell import Farewell
from anchor.float_keeper import FloatKeeper
from anchor.hands import Hands
from anchor.link_server import LinkServer
from anchor.local_tasks import LocalTasks
from anchor.patience import Patience
from anchor.reconcile import Reconciler
from anchor.spec_keeper import SpecKeeper
from anchor.survey import Survey
from anchor.wakeups import Bell, EventStream
from shared.errors import NameTakenError
from shared.link_protocol import GoodbyeReason

logger = logging.getLogger(__name__)

PREPARE_RETRY = 1.0
"""Seconds before the next try to look at the containers, at start."""

FOLLOWED_SOON = 5
"""Looks at the Swarm for services that an update follows and that are not there yet."""

STAYING_TURN, LEAVING_TURN = 12.0, 3.0
"""Seconds for the turn that is under way at the end: longer where the float is to stay, so that there is one."""


@dataclass(frozen=True)
class Parts:
    """The objects of one anchor."""

    link: LinkServer
    survey: Survey
    specs: SpecKeeper
    tasks: LocalTasks
    floats: FloatKeeper
    loop: Reconciler
    events: EventStream
    farewell: Farewell
    hands: Hands
    conversation: Conversation
    patience: Patience
    template: Callable[[], Coroutine[Any, Any, str]]
    """The hash of the spec of this anchor's task, asked for until Docker tells it."""

    show_life: Callable[[], Coroutine[Any, Any, None]]
    """Beats, health and status, for ever."""

    node_id: str
    bell: Bell
    """Wakes the reconcile loop."""

    swarm_bell: Bell
    """Wakes the survey."""


class Life:
    """One anchor's."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def serve(self) -> None:
        """Begin, and go on until cancelled. Raises FatalError; the link opens only once everything is verified."""
        parts = self._parts
        await _in_spite_of_the_disk(lambda: parts.link.lock(parts.patience))
        await self._look_at_the_swarm()
        parts.specs.refresh()
        await self._prepare()
        await self._look_at_tasks()
        await _in_spite_of_the_disk(parts.link.open)
        async with asyncio.TaskGroup() as group:
            group.create_task(parts.events.run(), name="events")
            group.create_task(parts.survey.run(parts.swarm_bell, self._looked), name="survey")
            group.create_task(parts.tasks.run(parts.loop.judge), name="tasks")
            group.create_task(parts.show_life(), name="vitals")
            group.create_task(parts.loop.run(parts.bell), name="reconcile")
            if parts.floats.template is None:
                group.create_task(self._learn(), name="template")

    def _looked(self) -> None:
        self._parts.loop.surveyed()
        self._parts.bell.ring()

    async def _learn(self) -> None:
        self._parts.floats.learn(await self._parts.template())
        self._parts.bell.ring()

    async def end(self) -> None:
        """Told to stop: find out why, let the turn under way come to a good point, and say goodbye."""
        parts = self._parts
        parts.loop.resting = True
        departure = await parts.farewell.why(parts.survey.known, parts.node_id)
        if departure.keeps_float:
            await parts.patience.until(lambda: not parts.loop.turning, STAYING_TURN)
            parts.conversation.goodbye(departure.reason, departure.detail)
        else:
            parts.hands.resting = True
            parts.conversation.goodbye(departure.reason, departure.detail)
            await parts.patience.until(lambda: not parts.loop.turning, LEAVING_TURN)
            await parts.farewell.take_along()
        await parts.link.close()

    async def end_unbegun(self) -> None:
        """Told to stop before it began: the float goes along where it has to, unless another anchor has it."""
        try:
            await self._parts.link.lock(self._parts.patience)
        except (NameTakenError, OSError):
            return
        await self.end()

    async def fail(self, sentence: str) -> None:
        """This anchor cannot go on: its float can, unless it is a new one that never served."""
        self._parts.conversation.goodbye(GoodbyeReason.UPDATE, sentence)
        if self._parts.floats.idle:
            await self._parts.farewell.take_along()
        await self._parts.link.close()

    async def _look_at_the_swarm(self) -> None:
        """Before anything else; a service that is to be followed may be deployed together with the stack."""
        await self._parts.survey.look()
        for _ in range(FOLLOWED_SOON):
            if not self._parts.survey.unknown:
                return
            await asyncio.sleep(PREPARE_RETRY)
            await self._parts.survey.look()

    async def _look_at_tasks(self) -> None:
        """Before the link opens: the float of an anchor before this one keeps its verdict until there is a better."""
        await self._parts.tasks.look()
        while not self._parts.tasks.seen:
            await asyncio.sleep(PREPARE_RETRY)
            await self._parts.tasks.look()

    async def _prepare(self) -> None:
        """The same as a turn of the loop: Docker's trouble is waited out."""
        said = ""
        while True:
            try:
                return await self._parts.floats.prepare()
            except EngineError as error:
                said = _once(said, f"Docker cannot be asked yet, trying again: {error}")
                await asyncio.sleep(PREPARE_RETRY)


async def _in_spite_of_the_disk(work: Callable[[], Awaitable[None]]) -> None:
    """A volume that is full may have room a little later; an anchor that ended would not make any."""
    said = ""
    while True:
        try:
            return await work()
        except OSError as error:
            said = _once(said, f"The link cannot be opened yet, trying again: {error}")
            await asyncio.sleep(PREPARE_RETRY)


def _once(said: str, sentence: str) -> str:
    """Log it, if it is another one than before."""
    if sentence != said:
        logger.warning("%s", sentence)
    return sentence
