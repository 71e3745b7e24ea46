"""What the user adds to a float that runs: checks and a notify script, taken from the spec that is adopted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from float.checks import Checks
from float.notifier import Notifier
from float.routers import Transition
from float.scripts import Scripts
from shared.additions import ScriptCheck
from shared.models import Condition, FloatSpec

logger = logging.getLogger(__name__)


class Additions:
    """One for each float, whether it has anything to do or not."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._checks = Checks(scripts)
        self._notifier = Notifier(scripts)

    def adopt(self, spec: FloatSpec, *, serving: bool) -> None:
        """Do what that spec asks for from now on; `serving` where another ran before it."""
        wanted = [check.script for check in spec.checks if isinstance(check, ScriptCheck)]
        try:
            self._scripts.keep([*wanted, *([spec.notify] if spec.notify else [])])
        except OSError as error:  # what cannot be written cannot be executed either, and says so when it is tried
            logger.error("the scripts cannot be written: %s", error)
        self._checks.load(spec.checks, serving=serving)
        self._notifier.use(spec.notify)

    def conditions(self) -> tuple[Condition, ...]:
        """What the checks say now."""
        return self._checks.conditions()

    def tell(self, transition: Transition) -> None:
        """A virtual router has another state."""
        self._notifier.tell(transition.router, transition.after, transition.priority)

    async def run(self, on_change: Callable[[], None]) -> None:
        """Check and notify, for ever; `on_change` hears whenever a condition changed."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._checks.run(on_change), name="checks")
            group.create_task(self._notifier.run(), name="notify")

    async def finish(self) -> None:
        """Let the notify script hear the last words."""
        await self._notifier.finish()
