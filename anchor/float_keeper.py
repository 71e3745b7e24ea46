"""Exactly one float on this node: looks at the containers, asks `plan`, and lets a new float prove itself."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NoReturn

from anchor import plan as plans
from anchor.conversation import Conversation
from anchor.facts import Container, EngineError, EngineSilentError
from anchor.hands import Hands
from anchor.memory import Memory
from anchor.patience import Patience
from anchor.plan import Desired, Plan, Prove, Step
from anchor.restarts import Restarts
from shared.clock import Clock
from shared.errors import SpecRefusedError

logger = logging.getLogger(__name__)

PROVE_LIMIT = 12
"""Seconds for a new float to connect and to accept the spec."""

TRIAL_LIMIT = 6.0
"""Seconds for the old float to say whether it would run the spec, before it is replaced."""

SILENCE_LIMIT = 20.0
"""Seconds without a word after which a running float counts as hung."""

STAGGER = 20.0
"""Seconds between two nodes' replacements of their floats, where the end of an update would start them all at once."""


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
        memory: Memory,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._hands = hands
        self._desired = desired
        self._conversation = conversation
        self._memory = memory
        self._clock = clock
        self._patience = patience
        self._current: Current | None = None
        self._lost_image: str | None = None
        self._spoke: set[str] = set()
        self._not_before = 0.0
        self._replace_after: float | None = None
        self.rank = 0
        """This node's place among the managers."""

        self.restarts = Restarts()

    async def prepare(self) -> None:
        """Before the link opens: have the image, know the running float's token, and whether it is to be replaced.

        Raises NameTakenError, SettingsError (no image), EngineError.
        """
        containers = await self._hands.observe(self._desired.name)
        fresh = plans.is_new(containers, self._desired_now())
        self._desired = replace(self._desired, image_id=await self._hands.fetch_image(refresh=fresh))
        plan = plans.make(containers, self._desired_now())
        if (serving := plan.adopted or plan.replaced) is not None:
            self._conversation.expect(serving.id, serving.token)
        self._conversation.trial_only = plan.replaced is not None

    async def keep(self) -> str | None:
        """Make the float right, and say what was done. Raises EngineError, NameTakenError, SpecRefusedError."""
        plan = await self._plan()
        if plan.adopted is not None:
            return await self._adopt(plan.adopted, plan.steps)
        if plan.replaced is not None:
            return await self._replace(plan.replaced, plan.steps)
        return await self._create(plan)

    @property
    def wait(self) -> float:
        """Seconds that a repeatedly dying float still has to wait for its next life."""
        return max(0.0, self._not_before - self._clock.monotonic())

    @property
    def idle(self) -> bool:
        """Whether the float is of this anchor's making and never ran a spec: it serves nothing."""
        return self._current is not None and self._current.made_here and not self._conversation.ever_accepted

    async def _plan(self) -> Plan:
        containers = await self._hands.observe(self._desired.name)
        return plans.make(containers, self._desired_now())

    def _desired_now(self) -> Desired:
        return plans.settled(self._desired, self._memory.value.settled_container, self._memory.value.settled_template)

    async def _apply(self, steps: Iterable[Step], image_id: str) -> None:
        for step in steps:
            if isinstance(step, Prove):
                await self._prove(step.name)
            else:
                await self._hands.do(step, image_id=image_id, template=self._desired.template)

    async def _adopt(self, container: Container, steps: tuple[Step, ...]) -> str | None:
        await self._apply(steps, container.image_id)
        if self._current is None or self._current.id != container.id:
            self._conversation.expect(container.id, container.token)
            self._took(container, made_here=False)
            self._memory.update(settled_container=container.id, settled_template=self._desired.template)
            return f"the float {self._desired.name} is adopted"
        return await self._revive(container) if self._is_hung(container) else None

    def _took(self, container: Container, *, made_here: bool) -> None:
        self._current = Current(container.id, self._clock.monotonic(), container.image_id, made_here)
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
        return await self._start(plans.revive(container, self._desired), container.image_id)

    async def _create(self, plan: Plan) -> str | None:
        """There is no float, or none any more."""
        if self._current is not None:
            self._lost_image = self._current.image_id
            self._count_death()
        if self.wait > 0:
            return None
        return await self._start(plan.steps, self._image_of_dead(plan))

    def _image_of_dead(self, plan: Plan) -> str:
        """The image that the float had, however its name is used by now; the desired one for a first float."""
        if plan.dead is not None and plans.matches(plan.dead, self._desired_now()):
            return plan.dead.image_id
        return self._lost_image or self._desired.image_id

    async def _start(self, steps: Iterable[Step], image_id: str) -> str:
        await self._apply(steps, image_id)
        await self._take(made_here=True)
        return f"the float {self._desired.name} is created and started"

    async def _take(self, *, made_here: bool) -> None:
        """The float that has the name now is the current one."""
        if (container := await self._named()) is not None:
            self._took(container, made_here=made_here)

    async def _named(self) -> Container | None:
        containers = await self._hands.observe(self._desired.name)
        return next((container for container in containers if container.name == self._desired.name), None)

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
        """The float is to be another one: only after the old one said that the spec is good, and not twice in vain."""
        if self._memory.value.failed_template == self._desired.template:
            raise SpecRefusedError(
                "The new float did not come up when this was tried before, and the old one goes on. Deploy another "
                "image or other settings; `docker service update --force` tries the same once more."
            )
        self._conversation.expect(old.id, old.token)
        await self._patience.until(lambda: self._conversation.answer is not None, TRIAL_LIMIT)
        if self._conversation.refusal or not self._turn_to_replace():
            return None
        logger.info("Replacing the float: its image, or what its container may do, changed.")
        self._conversation.trial_only = False  # for the one that connects next
        try:
            await self._apply(steps, self._desired.image_id)
        except EngineSilentError:
            raise
        except EngineError as error:
            if not plans.restore(await self._hands.observe(self._desired.name), self._desired):
                raise  # the old one was not touched yet
            await self._give_up(str(error))
        return f"the float {self._desired.name} is replaced"

    def _turn_to_replace(self) -> bool:
        """Whether the float may go now.

        While the spec is held back the old float has to serve the old one, which only it knows. All nodes learn of the
        update's end at once, so then they wait for each other.
        """
        now = self._clock.monotonic()
        if self._conversation.holding:
            self._replace_after = now + (self.rank + 1) * STAGGER
            return False
        if self._replace_after is None:
            return True
        self._conversation.trial_only = False
        return now >= self._replace_after

    async def _prove(self, name: str) -> None:
        """Wait for the new float's word. Raises SpecRefusedError once the old one is back."""
        await self._take(made_here=True)
        for _ in range(PROVE_LIMIT):
            if await self._patience.until(self._comes_up, 1.0):
                return
            container = await self._named()
            if container is None or not container.running:
                break
        await self._give_up("; ".join(self._conversation.refusal) or await self._last_words(name))

    async def _give_up(self, reason: str) -> NoReturn:
        """Bring the old float back, and remember not to try the same again. Raises SpecRefusedError, EngineError."""
        name = self._desired.name
        logger.error("The new float %s did not come up, the old one returns: %s", name, reason)
        self._memory.update(failed_template=self._desired.template)
        containers = await self._hands.observe(name)
        await self._apply(plans.restore(containers, self._desired), self._desired.image_id)
        await self._take(made_here=False)
        await self._patience.until(self._comes_up, PROVE_LIMIT)
        raise SpecRefusedError(f"The new float {name} did not come up, and the old one is back: {reason}")

    def _comes_up(self) -> bool:
        """Whether the float that runs now is connected and took the spec, where there is one."""
        conversation = self._conversation
        if self._current is None or conversation.connected != self._current.id:
            return False
        return conversation.spec is None or (conversation.answer is not None and conversation.answer.accepted)

    async def _last_words(self, name: str) -> str:
        try:
            return await self._hands.last_words(name)
        except EngineError as error:
            return str(error)
