"""The Swarm as it was seen last: nodes, this anchor's service, and whether there is a quorum.

It has a loop of its own, because a Swarm without a leader answers late or not at all, and this node's float must not
wait for that. A look that fails changes nothing of what was seen before, be it by this anchor or by the one before it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from anchor.conditions import Steadied
from anchor.departure import Known
from anchor.engine import Engine
from anchor.facts import (
    EngineError,
    EngineSilentError,
    LabelledService,
    Node,
    NoQuorumError,
    NotFoundError,
    NotManagingError,
    OddAnswerError,
    Service,
)
from anchor.managers import Managers
from anchor.memory import Memory
from anchor.rollout import Rollout
from anchor.service_labels import VIP
from anchor.trouble import Trouble
from anchor.wakeups import Bell
from shared.clock import Clock

logger = logging.getLogger(__name__)

CALM = 10.0
"""Seconds between two looks when no event says that something changed."""

ALERT = 2.0
"""Seconds between two looks while something is under way, so that a lost event costs little."""


class Survey:
    """What the Swarm said, kept current."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        memory: Memory,
        *,
        node_id: str,
        service_id: str,
        tracked: tuple[str, ...] = (),
        orphan_after: float = 0.0,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._memory = memory
        self._node_id = node_id
        self._service_id = service_id
        self._tracked = tracked
        self._orphan_after = orphan_after
        self._trouble = Trouble()
        self.seen = memory.value.labelled is not None and set(tracked) <= set(memory.value.tracked_names)
        """Whether there is anything to go by: a look of this anchor or, where its first ones fail, the last one's."""

        self.nodes: tuple[Node, ...] = memory.value.nodes
        known = Managers(listed=memory.value.managers, left=memory.value.left)
        self.managers = known.bounded(clock.monotonic(), orphan_after=orphan_after)
        """Begins as the anchor before this one left it: who left meanwhile lingers too, who had left no longer."""

        self.rollout = Rollout()
        self.labelled: tuple[LabelledService, ...] = memory.value.labelled or ()
        """Every service that asks for a virtual IP by its labels."""

        self.tracked: tuple[LabelledService, ...] = memory.value.tracked
        """Those of KEEPALIVED_TRACK_SERVICES that the Swarm has."""

        self.newly_followed = frozenset(tracked) - frozenset(memory.value.tracked_names)
        """Those of KEEPALIVED_TRACK_SERVICES that the anchor before this one did not follow."""

        self.quorum = Steadied()
        self.known = Known()
        self.unmanaged_since: float | None = None
        """Since when Docker says that this node is no manager; None while it is one, or nobody said so."""

    async def run(self, bell: Bell, looked: Callable[[], None]) -> None:
        """Look when the bell rings, and from time to time; call `looked` after every look."""
        while True:
            await bell.wait(self.pause)
            await self.look()
            looked()

    @property
    def pause(self) -> float:
        """Seconds until the next look of itself."""
        settled = not self._trouble.now and not self.managers.left and self.rollout.complete and self.quorum.ok
        return CALM if settled else ALERT

    @property
    def unknown(self) -> tuple[str, ...]:
        """Services that an update follows newly and that there are not: nobody might serve with it.

        At the first deploy nobody serves yet, and the service may come after it; a rollback has to work anyhow.
        """
        if not self.rollout.forward:
            return ()
        return tuple(sorted(self.newly_followed - {tracked.name for tracked in self.tracked}))

    def outdated(self, template: str | None) -> bool:
        """Whether a task made from that template is still to be replaced by the update that is under way."""
        service = self.rollout.service
        return self.rollout.updating and service is not None and template not in (None, service.template)

    async def look(self) -> None:
        """Ask the Swarm. Raises nothing: trouble is said once, when it changes."""
        asked = self._clock.monotonic()
        try:
            nodes = self._with_this_one(await self._engine.nodes())
            service = await self._engine.service(self._service_id)
            labelled = await self._engine.services_labelled(VIP)
            tracked = await self._engine.services_named(self._tracked) if self._tracked else ()
            rollout = await self._rolled_out(service, nodes)
        except NotFoundError as error:
            self.known = self.known.updated(Known(service_exists=False))
            self._say(str(error))
        except NotManagingError as error:
            await self._not_managing(error, asked)
        except EngineSilentError as error:
            await self._unanswered(error, asked)
        except EngineError as error:
            self._without_quorum(error, asked)
        except Exception as error:  # the loop's boundary: an answer of Docker that nobody foresaw changes nothing
            if self._say(f"what it said cannot be understood: {error!r}"):
                logger.exception("What the Swarm said cannot be understood.")
        else:
            self.labelled, self.tracked, self.rollout = labelled, tracked, rollout
            self._saw(nodes)

    def _with_this_one(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        """The list. Raises OddAnswerError for one that cannot be whole: who may list the nodes is one of them."""
        if not any(node.id == self._node_id for node in nodes):
            raise OddAnswerError(f"this node is not among the {len(nodes)} nodes that Docker lists")
        return nodes

    async def _rolled_out(self, service: Service, nodes: tuple[Node, ...]) -> Rollout:
        """How far the service's update is; a socket proxy of before this was asked may deny the list of tasks."""
        if not self.rollout.asks_for_tasks(service):
            return self.rollout
        try:
            tasks = await self._engine.service_tasks(self._service_id)
        except (EngineSilentError, NoQuorumError):
            raise  # could not look
        except EngineError as error:
            logger.debug("The anchors' tasks are not known: %s", error)
            tasks = None
        rollout = self.rollout.next(service, tasks, nodes, self._node_id, self._clock.monotonic())
        if rollout.forgotten and not self.rollout.forgotten:
            logger.warning("The Swarm forgot to end the service's update: all tasks are new, so it counts as ended.")
        return rollout

    def _saw(self, nodes: tuple[Node, ...]) -> None:
        now = self._clock.monotonic()
        self.nodes = nodes
        self.managers = self.managers.next(nodes, now, orphan_after=self._orphan_after)
        self.seen = True
        followed = {} if self.unknown else {"tracked_names": self._tracked}
        self._memory.update(
            managers=self.managers.listed,
            left=self.managers.left,
            nodes=nodes,
            labelled=self.labelled,
            tracked=self.tracked,
            **followed,
        )
        self.quorum = self.quorum.good(now)
        me = next((node for node in nodes if node.id == self._node_id), None)
        self.known = Known(True, me.manager if me else None, me.availability if me else None)
        self.unmanaged_since = None
        self._trouble, news = self._trouble.over()
        if news:
            logger.info("The Swarm answers again.")

    async def _unanswered(self, error: EngineError, asked: float) -> None:
        """Nobody answered: for the quorum that counts only when Docker itself does, and an odd answer not at all."""
        self._say(str(error))
        if isinstance(error, OddAnswerError):
            return
        try:
            await self._engine.ping()
        except EngineError:
            return
        self._without_quorum(error, asked)

    async def _not_managing(self, error: EngineError, asked: float) -> None:
        """Docker says the same of a node that left and of a manager whose part in the Swarm is just begun anew."""
        try:
            starting = (await self._engine.describe()).starting
        except EngineError:
            starting = False
        if not starting:
            self.known = self.known.updated(Known(managing=False))
            self.unmanaged_since = asked if self.unmanaged_since is None else self.unmanaged_since
        self._without_quorum(error, asked)

    def _without_quorum(self, error: EngineError, asked: float) -> None:
        self._say(str(error))
        reason = f"This manager finds no leader of the Swarm: {error}"
        self.quorum = self.quorum.bad(self._clock.monotonic(), reason, asked=asked)

    def _say(self, trouble: str) -> bool:
        """Log it where the Swarm could be asked until now; whether it was."""
        began = not self._trouble.now
        self._trouble, news = self._trouble.met(trouble, self._clock.monotonic())
        if began and news:
            logger.warning("The Swarm cannot be asked; what was seen last stays: %s", trouble)
        return began and news
