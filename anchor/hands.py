"""Does the steps of a plan, one call to Docker after the other."""

from __future__ import annotations

import logging
import secrets

from anchor import bash_stack
from anchor import plan as plans
from anchor.asking import Asking
from anchor.container_spec import FLOAT_STACK_LABEL, FloatContainer, pullable
from anchor.conversation import Conversation
from anchor.engine import CHANGE, LOOK, PULL, STOP, Engine
from anchor.facts import ConflictError, Container, EngineError, EngineSilentError, NotFoundError
from anchor.images import ensure_image
from anchor.memory import Memory
from anchor.patience import LOOK_EVERY, Sleep
from anchor.plan import AwaitRemoval, Create, Remove, Rename, Start, Step, Stop

logger = logging.getLogger(__name__)


REMOVAL_LIMIT = 10.0
"""Seconds for Docker to end a removal that is under way."""


class Hands:
    """The float container's maker and remover."""

    def __init__(
        self,
        engine: Engine,
        ask: Asking,
        conversation: Conversation,
        *,
        container: FloatContainer,
        memory: Memory,
        sleep: Sleep,
    ) -> None:
        self._engine = engine
        self._ask = ask
        self._conversation = conversation
        self._container = container
        self._memory = memory
        self._sleep = sleep
        self._made: set[str] = set()
        """Ids of the containers that this anchor created."""

        self._ids: dict[str, str] = {}
        """By name, as seen last: whoever takes a name between look and step is not what the step is about."""

        self.resting = False
        """Begin no further step: the anchor is about to take its float away."""

    async def observe(self, name: str) -> tuple[Container, ...]:
        """All floats of this node, and whoever else has the name. Raises EngineError.

        Where that may be the bash stack's float, the anchors that run here are among them, too.

        Each is inspected: when Docker says that a container died, its list still calls it running for a moment.
        """
        listed = await self._ask(self._engine.labelled(FLOAT_STACK_LABEL), LOOK)
        names = [container.id for container in listed]
        if not any(container.name == name for container in listed):
            names.append(name)
        inspected = [await self._inspect(name) for name in names]
        found = tuple(container for container in inspected if container is not None)
        self._ids = {container.name: container.id for container in found}
        return (*found, *await self._anchors()) if any(bash_stack.is_ancestors(c, name) for c in found) else found

    async def _anchors(self) -> tuple[Container, ...]:
        running = await self._ask(self._engine.running(), LOOK)
        return tuple(container for container in running if bash_stack.is_anchor(container))

    async def _ensure_image(self, *, refresh: bool) -> str:
        return await ensure_image(self._engine, self._container.image, refresh=refresh, sleep=self._sleep)

    async def _inspect(self, name: str) -> Container | None:
        try:
            return await self._ask(self._engine.container(name), LOOK)
        except NotFoundError:
            return None

    async def named(self, name: str) -> Container | None:
        """The container of that name, whosever it is. Raises EngineError."""
        return await self._inspect(name)

    async def fetch_image(self, *, refresh: bool) -> str:
        """The id of the float's image; with `refresh` of the newest that can be pulled. Raises SettingsError."""
        return await self._ask(self._ensure_image(refresh=refresh), PULL)

    async def do(self, step: Step, *, image_id: str, template: str | None) -> None:
        """Do one step. Raises EngineError when it fails: what follows it is for the next look."""
        if self.resting:
            raise EngineError("the anchor is stopping")
        match step:
            case Create(name):
                await self._create(name, image_id, template or "")
            case Start(name):
                await self._start(name, image_id, template or "")
            case Stop(name):
                await self._ask(self._engine.stop(self._id(name)), STOP)
            case Remove(name):
                await self._remove(self._id(name))
            case AwaitRemoval(name):
                await self._await_removal(name)
            case Rename(name, new_name):
                await self._ask(self._engine.rename(self._id(name), new_name), CHANGE)
                self._ids[new_name] = self._ids.pop(name, new_name)

    def _id(self, name: str) -> str:
        return self._ids.get(name, name)

    async def clear(self) -> None:
        """Stop and remove every float of ours; each hands over first. Raises EngineError."""
        for _ in range(2):  # the second round finds what a call that was under way has made meanwhile
            floats = await self._ask(self._engine.labelled(FLOAT_STACK_LABEL), LOOK)
            for container in floats:
                if plans.is_ours(container, self._container.stack):
                    await self._ask(self._engine.stop(container.id), STOP)
                    await self._remove(container.id)

    async def _remove(self, name: str) -> None:
        """Remove it, or let somebody finish who is at it already."""
        try:
            await self._ask(self._engine.remove(name), CHANGE)
        except ConflictError:
            container = await self._inspect(name)
            if container is not None and not container.leaving:
                raise
            await self._await_removal(name)

    async def _await_removal(self, name: str) -> None:
        for _ in range(round(REMOVAL_LIMIT / LOOK_EVERY)):
            container = await self._inspect(name)
            if container is None or not container.leaving:
                return
            await self._sleep(LOOK_EVERY)
        raise EngineError(f"the container {name} is still being removed after {REMOVAL_LIMIT:g} s")

    async def last_words(self, name: str) -> str:
        """What the container logged last, in a sentence. Raises EngineError."""
        words = await self._ask(self._engine.last_words(name), LOOK)
        return f"Its last words: {words}" if words else "It logged nothing."

    async def _create(self, name: str, image_id: str, template: str) -> None:
        token = secrets.token_hex(16)
        image, shielded = await self._image(image_id), not self._memory.value.unshielded
        config = self._container.config(image=image, token=token, template=template, shielded=shielded)
        container_id = await self._ask(self._engine.create(name, config), CHANGE)
        self._made.add(container_id)
        self._ids[name] = container_id
        self._conversation.expect(container_id, token)

    async def _start(self, name: str, image_id: str, template: str) -> None:
        """Start it; once more without the OOM shield, since runc's words do not say that it was this that failed.

        Only what this anchor made is made anew for that: the float before is all that there is to go back to.
        """
        try:
            await self._ask(self._engine.start(self._id(name)), CHANGE)
        except (EngineSilentError, ConflictError, NotFoundError):
            raise
        except EngineError as error:
            if self._memory.value.unshielded or not self._is_made_here(name):
                raise
            logger.warning("The float does not start; trying without its shield from the OOM killer: %s", error)
            self._memory.update(unshielded=True)
            await self._ask(self._engine.remove(self._id(name)), CHANGE)
            await self._create(name, image_id, template)
            await self._start_bare(name)

    def _is_made_here(self, name: str) -> bool:
        return self._id(name) in self._made

    async def _start_bare(self, name: str) -> None:
        try:
            await self._ask(self._engine.start(self._id(name)), CHANGE)
        except EngineError:
            self._memory.update(unshielded=False)  # it was something else
            raise

    async def _image(self, image_id: str) -> str:
        """How to call the image: by the name that users know, unless that means another image by now."""
        reference = pullable(self._container.image)
        local = await self._ask(self._engine.image_id(reference), LOOK)
        if local != image_id and await self._ask(self._engine.image_id(image_id), LOOK) is not None:
            return image_id
        if local is None:
            await self._ask(self._ensure_image(refresh=False), PULL)
        return self._container.image
