"""This node's tasks of the followed services, kept current: an event has its service looked at, a timer has all.

What a look costs depends on that service's tasks on this node, and on nothing else in the Swarm. A look that fails
changes nothing of what was seen before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from anchor import followed
from anchor.engine import Engine
from anchor.facts import SERVICE_ID_LABEL, EngineError, Event, LocalTask, NotFoundError
from anchor.followed import STOPPING_FOR, Follow
from anchor.trouble import Trouble
from anchor.wakeups import Bell
from shared.clock import Clock
from shared.models import Condition

logger = logging.getLogger(__name__)

LOOK_EVERY = 10.0
"""Seconds between two looks at all tasks, in case that an event was lost."""

RETRY_AFTER = 1.0
RETIRE_FOR = 5.0
"""Seconds for which a condition outlives its virtual router's place in the spec: the float drops that one first."""


class LocalTasks:
    """What runs here of what is followed."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._bell = Bell()
        self._wanted: tuple[Follow, ...] = ()
        self._retired: list[tuple[Follow, float]] = []
        """What was followed before, with the time of its end."""

        self._tasks: dict[str, tuple[LocalTask, ...]] = {}
        self._stopping: dict[str, float] = {}
        self._doubted: dict[str, str] = {}
        """Containers that got a signal which ends some images and not others, and that signal's number."""

        self._dirty: set[str] = set()
        self._trouble = Trouble()
        self._serving: dict[str, frozenset[str]] = {}
        """Service that was not seen yet -> routers that served when it began to matter: not knowing forbids others."""

    def follow(self, follows: Iterable[Follow], *, running: Iterable[str] = ()) -> None:
        """These services matter from now on; what is not named any more still counts until its router is gone.

        `running` are the virtual routers that the float was told to run before: those of them that nothing forbids
        serve on until the services that are new have been looked at.
        """
        serving = frozenset(running) - {r for c in self.conditions() if not c.ok for r in c.routers or ()}
        now, wanted_follows = self._clock.monotonic(), tuple(follows)
        left = followed.without(self._wanted, wanted_follows)
        self._retired = [(follow, now) for follow in left] + [(f, since) for f, since in self._retired]
        self._wanted = wanted_follows
        wanted = self._ids
        self._tasks = {service: tasks for service, tasks in self._tasks.items() if service in wanted}
        unseen = {service for service in wanted if service not in self._tasks}
        self._serving = {service: self._serving.get(service, serving) for service in unseen}
        self._dirty = unseen | (self._dirty & wanted)
        if self._dirty:
            self._bell.ring()

    def concerned(self, event: Event) -> bool:
        """Whether the event is of a container of a followed service; asked from the thread that reads the events."""
        return event.labels.get(SERVICE_ID_LABEL) in self._ids

    def happened(self, event: Event) -> None:
        """That container's service is to be looked at."""
        if followed.stops(event) or event.action == "die":  # Docker's list may call a dead one running for a moment
            self._stopping[event.id] = self._clock.monotonic()
        elif followed.may_stop(event):
            self._doubted[event.id] = event.labels["signal"]
        elif event.action == "start":
            self._stopping.pop(event.id, None)
        self._dirty.add(event.labels[SERVICE_ID_LABEL])
        self._bell.ring()

    def distrust(self) -> None:
        """Events may have been lost: everything is to be looked at."""
        self._dirty |= self._ids
        self._bell.ring()

    def conditions(self) -> tuple[Condition, ...]:
        """What is known now, as conditions."""
        now = self._clock.monotonic()
        self._stopping = {one: since for one, since in self._stopping.items() if now - since < STOPPING_FOR}
        return followed.conditions(self._follows, self._tasks, self._stopping, serving=self._serving)

    async def run(self, changed: Callable[[], None]) -> None:
        """Look for ever; call `changed` after every look that told something."""
        while True:
            rung = await self._bell.wait(RETRY_AFTER if self._trouble.now else LOOK_EVERY)
            if not rung:
                self._dirty |= self._ids
            if await self.look():
                changed()

    @property
    def seen(self) -> bool:
        """Whether every followed service has been looked at."""
        return self._ids <= self._tasks.keys()

    async def look(self) -> bool:
        """Look at the services that are marked; returns whether anything is different. Raises nothing."""
        before = dict(self._tasks)
        try:
            while self._dirty:
                await self._look_at(frozenset(self._dirty))
            await self._ask_for_stop_signals()
        except EngineError as error:
            began = not self._trouble.now
            self._trouble, news = self._trouble.met(str(error), self._clock.monotonic())
            if began and news:
                logger.warning("The followed services' tasks cannot be looked at; what was seen last stays: %s", error)
        else:
            self._trouble, _ = self._trouble.over()
        return self._tasks != before or bool(self._stopping)

    async def _ask_for_stop_signals(self) -> None:
        while self._doubted:
            container, number = next(iter(self._doubted.items()))
            try:
                own = (await self._engine.container(container)).stop_signal
            except NotFoundError:
                own = number  # it is gone
            self._doubted.pop(container, None)
            if followed.is_signal(own, number):
                self._stopping[container] = self._clock.monotonic()

    async def _look_at(self, services: frozenset[str]) -> None:
        """One service by a call of its own, several by one that lists all tasks of the node."""
        self._dirty -= services
        try:
            only = next(iter(services)) if len(services) == 1 else None
            found = await self._engine.tasks_here(only)
        except EngineError:
            self._dirty |= services
            raise
        for service in services & self._ids:
            self._tasks[service] = tuple(task for task in found if task.service_id == service)

    @property
    def _follows(self) -> tuple[Follow, ...]:
        now = self._clock.monotonic()
        self._retired = [(follow, since) for follow, since in self._retired if now - since < RETIRE_FOR]
        return followed.joined((*self._wanted, *(follow for follow, _ in self._retired)))

    @property
    def _ids(self) -> frozenset[str]:
        return frozenset(
            follow.service_id for follow in (*self._wanted, *(f for f, _ in self._retired)) if follow.service_id
        )
