"""The checks of the spec, each looked at in its own time; what turns is told at once, and logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from float.check_state import CheckState, Finding, condition, describe, first
from float.probe_port import probe_port
from float.probe_url import probe_url
from float.scripts import Scripts, UnrunnableError
from shared.additions import Check, PortCheck, ScriptCheck, UrlCheck
from shared.models import Condition

logger = logging.getLogger(__name__)

_LONGEST_SAID = 200


class Checks:
    """One task a check, for as long as the spec has it."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._states: dict[Check, CheckState] = {}
        self._tasks: dict[Check, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._on_change: Callable[[], None] = lambda: None

    async def run(self, on_change: Callable[[], None]) -> None:
        """Look, for ever; `on_change` hears whenever a condition changed."""
        self._on_change = on_change
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._begin()
            await asyncio.Event().wait()

    def load(self, checks: tuple[Check, ...], *, serving: bool) -> None:
        """Look at these from now on; what a check of the same kind said before still holds.

        `serving` says that this float runs a spec already: then a new kind of check holds until it fails.
        """
        before = {check.kind: state for check, state in self._states.items()}
        for check in self._tasks.keys() - set(checks):
            self._tasks.pop(check).cancel()
        kept = self._states
        self._states = {c: kept.get(c) or first(serving=serving, before=before.get(c.kind)) for c in checks}
        self._begin()

    def conditions(self) -> tuple[Condition, ...]:
        """What the checks say now."""
        return tuple(condition(check, state) for check, state in self._states.items())

    def _begin(self) -> None:
        if self._group is None:
            return
        for check in self._states.keys() - self._tasks.keys():
            self._tasks[check] = self._group.create_task(self._go_on(check), name=f"check-{check.kind}")

    async def _go_on(self, check: Check) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            finding = await self._look(check)
            self._book(check, finding)
            await asyncio.sleep(max(0.0, began + self._states[check].pause(check) - loop.time()))

    async def _look(self, check: Check) -> Finding:
        """One finding, always: what cannot be found out fails."""
        try:
            async with asyncio.timeout(check.timeout + 1.0 if isinstance(check, ScriptCheck) else check.timeout):
                return await self._probe(check)
        except TimeoutError:
            return Finding(ok=False, reason=f"{describe(check)}: no answer within {check.timeout:g} s")
        except UnrunnableError as error:
            return Finding(ok=False, reason=str(error), broken=True)
        except Exception as error:  # a check that cannot be made must fail, whatever it was, and never end the float
            logger.debug("a check could not be made", exc_info=True)
            return Finding(ok=False, reason=f"{describe(check)} cannot be checked: {error}", broken=True)

    async def _probe(self, check: Check) -> Finding:
        match check:
            case PortCheck():
                return await probe_port(check)
            case UrlCheck():
                return await probe_url(check.url)
            case ScriptCheck():
                return await self._run(check)

    async def _run(self, check: ScriptCheck) -> Finding:
        ended = await self._scripts.run(check.script, limit=check.timeout)
        name = check.script.name
        if ended.code is None:
            return Finding(ok=False, reason=f"{name} was cut after {check.timeout:g} s")
        how = f"exited with {ended.code}" if ended.code >= 0 else f"was ended by signal {-ended.code}"
        said = f": {ended.output[-1][:_LONGEST_SAID]}" if ended.output and ended.code != 0 else ""
        return Finding(ok=ended.code == 0, reason=f"{name} {how}{said}")

    def _book(self, check: Check, finding: Finding) -> None:
        before = self._states[check]
        after = before.after(finding, check)
        self._states[check] = after
        if replace(after, contrary=0) == replace(before, contrary=0):
            return
        found_failing = after.settled and not (before.settled or after.ok or after.broken)
        if after.ok is not before.ok or found_failing:
            level = logging.INFO if after.ok else logging.WARNING
            logger.log(level, "check:%s %s: %s", check.kind, "holds" if after.ok else "fails", after.reason)
        if after.broken and (not before.broken or after.reason != before.reason):
            logger.error("check:%s cannot be made, and counts as failing: %s", check.kind, after.reason)
        self._on_change()
