"""Exactly one float on this node: looks at the containers, asks `plan`, and counts the deaths."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from anchor import plan as plans
from anchor.container_spec import TEMPLATE_LABEL
from anchor.conversation import Conversation
from anchor.facts import Container, EngineError
from anchor.hands import Hands
from anchor.memory import Memory
from anchor.plan import Desired, Plan, Prove, Step
from anchor.replacement import Replacement
from anchor.restarts import Restarts
from shared.clock import Clock
from shared.errors import SpecRefusedError

logger = logging.getLogger(__name__)

SILENCE_LIMIT = 20.0
"""Seconds without a word after which a running float counts as hung."""


@dataclass(frozen=True)
class Current:
    """The float that runs."""

    id: str
    since: float
    """When this anchor first saw it run."""

    image_id: str
    made_here: bool


class FloatKeeper:
    """Owner of the float container."""

    def __init__(
        self,
        hands: Hands,
        desired: Desired,
        conversation: Conversation,
        *,
        replacement: Replacement,
        memory: Memory,
        clock: Clock,
    ) -> None:
        self._hands = hands
        self._desired = desired
        self._conversation = conversation
        self._memory = memory
        self._clock = clock
        self._replacement = replacement
        self._learnt: str | None = None
        self._current: Current | None = None
        self._lost_image: str | None = None
        self._spoke: set[str] = set()
        self._not_before = 0.0
        self.restarts = Restarts()

    async def prepare(self) -> None:
        """Before the link opens: have the image, know the running float's token, and whether it is to be replaced.

        Raises NameTakenError, SettingsError (no image), EngineError.
        """
        await self._aim(self._desired)

    def learn(self, template: str) -> None:
        """The hash of the spec of the anchor's task, which Docker could not tell at the start; for the next turn."""
        self._learnt = template

    async def keep(self) -> str | None:
        """Make the float right, and say what was done.

        Raises EngineError, NameTakenError, SpecRefusedError; SettingsError for what is learnt late, as at the start.
        """
        if self._learnt is not None and self.template is None:
            try:
                await self._aim_late(self._learnt)
            except EngineError:
                await self._keep()  # a new image that cannot be had is no reason to leave the float alone
                raise
        return await self._keep()

    @property
    def wait(self) -> float:
        """Seconds that a repeatedly dying float still has to wait for its next life."""
        return max(0.0, self._not_before - self._clock.monotonic())

    @property
    def template(self) -> str | None:
        """Hash of the spec of this anchor's task; None where Docker could not tell."""
        return self._desired.template

    @property
    def idle(self) -> bool:
        """Whether the float is of this anchor's making and never ran a spec: it serves nothing."""
        return self._current is not None and self._current.made_here and not self._conversation.ever_accepted

    async def _keep(self) -> str | None:
        plan = await self._plan()
        if plan.adopted is not None:
            return await self._adopt(plan.adopted, plan.steps)
        if plan.replaced is not None:
            return await self._replace(plan.replaced, plan.steps)
        return await self._create(plan)

    async def _aim(self, desired: Desired) -> None:
        containers = await self._hands.observe(desired.name)
        self._desired = replace(desired, image_id=await self._image(containers, desired))
        plan = plans.make(containers, self._desired_now())
        if (serving := plan.adopted or plan.replaced) is not None:
            self._conversation.expect(serving.id, serving.token)
        self._conversation.trial_only = plan.replaced is not None

    async def _aim_late(self, template: str) -> None:
        """As at the start; all nodes may have waited for the same leader, so now they wait for each other."""
        await self._aim(replace(self._desired, template=template))
        if self._conversation.trial_only:
            self._current = self._lost_image = None  # what dies meanwhile comes back as the new one
            self._replacement.take_turns()

    async def _image(self, containers: Sequence[Container], desired: Desired) -> str:
        """The id of the image to aim for: the running float's, unless the anchor's task spec is a new one."""
        fitting = plans.fitting(containers, self._settled(desired))
        if fitting is not None and (fitting.running or fitting.name == self._desired.name + plans.OLD):
            return fitting.image_id
        return await self._hands.fetch_image(refresh=fitting is None)

    async def _plan(self) -> Plan:
        containers = await self._hands.observe(self._desired.name)
        return plans.make(containers, self._desired_now())

    def _desired_now(self) -> Desired:
        return self._settled(self._desired)

    def _settled(self, desired: Desired) -> Desired:
        return plans.settled(desired, self._memory.value.settled_container, self._memory.value.settled_template)

    async def _apply(self, steps: Iterable[Step], image_id: str, template: str | None = None) -> None:
        for step in steps:
            await self._hands.do(step, image_id=image_id, template=self.template or template)

    async def _adopt(self, container: Container, steps: tuple[Step, ...]) -> str | None:
        if Prove(container.name) in steps:
            await self._replacement.finish(steps, self._desired)
        else:
            await self._apply(steps, container.image_id)
        if self.template is not None:
            self._memory.update(settled_container=container.id, settled_template=self.template)
        if self._current is None or self._current.id != container.id:
            self._took(container, made_here=False)
            return f"the float {self._desired.name} is adopted"
        return await self._revive(container) if self._is_hung(container) else None

    def _took(self, container: Container, *, made_here: bool) -> None:
        self._current = Current(container.id, self._clock.monotonic(), container.image_id, made_here)
        self._conversation.expect(container.id, container.token)
        self._conversation.trial_only = False

    def _is_hung(self, container: Container) -> bool:
        """Whether the running float says nothing. A paused one is somebody's wish."""
        if self._conversation.connected == container.id:
            self._spoke.add(container.id)
        return container.state == "running" and self._conversation.silence > SILENCE_LIMIT

    async def _revive(self, container: Container) -> str:
        if container.id not in self._spoke and self._current is not None and self._current.made_here:
            words = await self._hands.last_words(container.id)
            raise SpecRefusedError(f"The float {container.name} ({container.image}) runs, but never called. {words}")
        logger.error("The float says nothing for %g s: replacing it.", SILENCE_LIMIT)
        self._count_death()
        return await self._start(plans.revive(container, self._desired), container.image_id, container)

    async def _create(self, plan: Plan) -> str | None:
        """There is no float, or none any more."""
        if self._current is not None:
            self._lost_image = self._current.image_id
            self._count_death()
        if self.wait > 0:
            return None
        return await self._start(plan.steps, self._image_of_dead(plan), plan.dead)

    def _image_of_dead(self, plan: Plan) -> str:
        """The image that the float had, however its name is used by now; the desired one for a first or a new float."""
        if plan.dead is None:
            return self._lost_image or self._desired.image_id
        return plan.dead.image_id if plans.matches(plan.dead, self._desired_now()) else self._desired.image_id

    def _template_of(self, before: Container | None) -> str | None:
        """The task spec that the float before was found to match, or was made from."""
        if before is None:
            return None
        memory = self._memory.value
        settled = memory.settled_template if before.id == memory.settled_container else None
        return settled or before.labels.get(TEMPLATE_LABEL)

    async def _start(self, steps: Iterable[Step], image_id: str, before: Container | None) -> str:
        await self._apply(steps, image_id, self._template_of(before))
        await self._take_new()
        return f"the float {self._desired.name} is created and started"

    async def _take_new(self) -> None:
        """The float that has the name now is of this anchor's making."""
        if (container := await self._hands.named(self._desired.name)) is not None:
            self._took(container, made_here=True)

    def _count_death(self) -> None:
        if self._current is None:
            return
        lived = self._clock.monotonic() - self._current.since
        self.restarts = self.restarts.after_death(lived)
        self._not_before = self._clock.monotonic() + self.restarts.delay
        self._current = None
        when = f"in {self.restarts.delay:g} s" if self.restarts.delay else "now"
        logger.warning("The float died after %.0f s (death %d); a new one comes %s.", lived, self.restarts.total, when)

    async def _replace(self, old: Container, steps: tuple[Step, ...]) -> str | None:
        self._conversation.expect(old.id, old.token)
        if not await self._replacement.follow(steps, self._desired):
            return None
        await self._take_new()
        return f"the float {self._desired.name} is replaced"
