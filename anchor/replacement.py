"""One float for another: asked first, proven last, and undone where the new one does not come up."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import NoReturn

from anchor import plan as plans
from anchor.conversation import Conversation
from anchor.facts import Container, EngineError, EngineSilentError
from anchor.hands import Hands
from anchor.memory import Memory
from anchor.patience import Patience
from anchor.plan import Desired, Prove, Step
from shared.clock import Clock
from shared.errors import SpecRefusedError

logger = logging.getLogger(__name__)

PROVE_LIMIT = 12
"""Seconds for a new float to connect and to accept the spec."""

TRIAL_LIMIT = 6.0
"""Seconds for the old float to say whether it would run the spec, before it is replaced."""

STAGGER = 20.0
"""Seconds between two nodes' replacements of their floats, where the end of an update would start them all at once."""


class Replacement:
    """Replaces a float that serves. `rank` tells this node's place among the managers."""

    def __init__(
        self,
        hands: Hands,
        conversation: Conversation,
        *,
        memory: Memory,
        clock: Clock,
        patience: Patience,
        rank: Callable[[], int],
    ) -> None:
        self._hands = hands
        self._conversation = conversation
        self._memory = memory
        self._clock = clock
        self._patience = patience
        self._rank = rank
        self._not_before: float | None = None

    async def follow(self, steps: tuple[Step, ...], desired: Desired) -> bool:
        """Replace the float, and whether that was done; not while the old one refuses the spec, or has to wait.

        Raises SpecRefusedError when the new one did not come up, now or when this was tried before; EngineError.
        """
        self._check_first_try(desired)
        if self._conversation.spec is None:
            return False  # there would be nothing for the new one to prove itself with
        await self._patience.until(lambda: self._conversation.answer is not None, TRIAL_LIMIT)
        if self._conversation.refusal or not self._its_turn():
            return False
        logger.info("Replacing the float: its image, or what its container may do, changed.")
        self._conversation.trial_only = False  # for the one that connects next
        try:
            await self._apply(steps, desired)
        except EngineSilentError:
            raise
        except EngineError as error:
            if not plans.restore(await self._hands.observe(desired.name), desired):
                raise  # the old one was not touched yet
            await self._give_up(desired, str(error))
        return True

    async def finish(self, steps: tuple[Step, ...], desired: Desired) -> None:
        """Follow the rest of a replacement that was interrupted before the new float had proven itself.

        Raises SpecRefusedError once the old one is back; EngineError.
        """
        self._conversation.trial_only = False
        await self._apply(steps, desired)

    def take_turns(self) -> None:
        """Let this node's float go when it is its turn among the nodes, counted from now."""
        self._not_before = self._clock.monotonic() + (self._rank() + 1) * STAGGER

    def _check_first_try(self, desired: Desired) -> None:
        if self._memory.value.failed_template == desired.template:
            raise SpecRefusedError(
                "The new float did not come up when this was tried before, and the old one goes on. Deploy another "
                "image or other settings; `docker service update --force` tries the same once more."
            )

    def _its_turn(self) -> bool:
        """Whether the float may go now.

        While the spec is held back the old float has to serve the old one, which only it knows. All nodes learn of the
        update's end at once, so then they wait for each other.
        """
        if self._conversation.holding:
            self.take_turns()
            return False
        if self._not_before is None:
            return True
        self._conversation.trial_only = False
        return self._clock.monotonic() >= self._not_before

    async def _apply(self, steps: tuple[Step, ...], desired: Desired) -> None:
        for step in steps:
            if isinstance(step, Prove):
                await self._prove(desired)
            else:
                await self._hands.do(step, image_id=desired.image_id, template=desired.template)

    async def _prove(self, desired: Desired) -> None:
        """Wait for the new float's word. Raises SpecRefusedError once the old one is back."""
        if not await self._comes_up(desired.name):
            await self._give_up(desired, "; ".join(self._conversation.refusal) or await self._last_words(desired.name))

    async def _give_up(self, desired: Desired, reason: str) -> NoReturn:
        """Bring the old float back, and remember not to try the same again. Raises SpecRefusedError, EngineError."""
        name = desired.name
        logger.error("The new float %s did not come up, the old one returns: %s", name, reason)
        self._memory.update(failed_template=desired.template)
        await self._apply(plans.restore(await self._hands.observe(name), desired), desired)
        await self._comes_up(name)
        raise SpecRefusedError(f"The new float {name} did not come up, and the old one is back: {reason}")

    async def _comes_up(self, name: str) -> bool:
        """Whether the float connects and takes the spec in time; each look at its container is a sign of life, too."""
        for _ in range(PROVE_LIMIT):
            container = await self._hands.named(name)
            if container is None or not container.running:
                return False
            self._conversation.expect(container.id, container.token)
            if await self._patience.until(functools.partial(self._is_up, container), 1.0):
                return True
        return False

    def _is_up(self, container: Container) -> bool:
        conversation = self._conversation
        if conversation.connected != container.id:
            return False
        return conversation.spec is None or (conversation.answer is not None and conversation.answer.accepted)

    async def _last_words(self, name: str) -> str:
        try:
            return await self._hands.last_words(name)
        except EngineError as error:
            return str(error)
