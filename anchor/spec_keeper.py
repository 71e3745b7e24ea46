"""What the float is to run: made from settings and survey, and handed to the conversation when it changed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from anchor import conditions, virtual_routers
from anchor import roster as rosters
from anchor.conversation import Conversation
from anchor.local_tasks import LocalTasks
from anchor.survey import Survey
from anchor.virtual_routers import Swarm
from shared.errors import SettingsError
from shared.models import Condition, FloatSpec
from shared.settings import AnchorSettings
from shared.user_files import UserFiles

logger = logging.getLogger(__name__)


class SpecKeeper:
    """Keeps the float's spec in step with the Swarm."""

    def __init__(
        self,
        settings: AnchorSettings,
        survey: Survey,
        conversation: Conversation,
        *,
        tasks: LocalTasks,
        files: UserFiles,
        node_id: str,
    ) -> None:
        self._settings = settings
        self._files = files
        self._survey = survey
        self._conversation = conversation
        self._tasks = tasks
        self._node_id = node_id
        self.rank = 0
        """This node's place among the managers."""

        self.warnings: tuple[str, ...] = ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What the followed services' tasks say for and against this node."""
        return self._tasks.conditions()

    def refresh(self, judge: Callable[[], None] = lambda: None) -> str | None:
        """Look at what the survey has by now, and say what changed.

        `judge` is called before a spec is told, so that no virtual router is known without its conditions. As long as
        the Swarm was never seen nothing is told: a float that runs goes on with what it has, its services' virtual IPs
        included.

        Raises SettingsError when the stack's own virtual router cannot be, and none was before.
        """
        if not self._survey.seen:
            return None
        roster = rosters.build(self._survey.managers, self._survey.nodes, self._node_id, top=self._settings.priority)
        if roster is None:
            return None
        self.rank = roster.rank
        swarm = Swarm(self._survey.labelled, self._survey.tracked)
        outcome = virtual_routers.build(self._settings, roster, swarm)
        if outcome.problems and self._conversation.spec is None:
            raise SettingsError(outcome.problems)
        few = conditions.quorum_warning(self._settings.quorum, len(self._survey.managers.listed))
        self._warn((*([few] if few else []), *outcome.warnings, *outcome.problems))
        if outcome.problems:
            return None
        before = self._conversation.spec
        running = [router.name for router in before.virtual_routers] if before else []
        self._tasks.follow(outcome.follows, running=running)
        judge()
        return self._want(self._files.add_to(outcome.spec))

    def _want(self, spec: FloatSpec) -> str | None:
        before = self._conversation.spec
        for sentence in virtual_routers.renumbered(before, spec) if before else ():
            logger.warning("%s", sentence)
        self._conversation.want(spec, updating=self._survey.updating)
        return None if before == spec else f"the spec is {spec.digest}"

    def _warn(self, warnings: tuple[str, ...]) -> None:
        """Log what is new among them."""
        for warning in warnings:
            if warning not in self.warnings:
                logger.warning("%s", warning)
        self.warnings = warnings
