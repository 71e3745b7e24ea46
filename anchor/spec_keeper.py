"""What the float is to run: made from settings and survey, and handed to the conversation when it changed."""

from __future__ import annotations

import logging

from anchor import roster as rosters
from anchor import virtual_routers
from anchor.conversation import Conversation
from anchor.survey import Survey
from shared.errors import SettingsError
from shared.models import FloatSpec
from shared.settings import AnchorSettings

logger = logging.getLogger(__name__)


class SpecKeeper:
    """Keeps the float's spec in step with the Swarm."""

    def __init__(self, settings: AnchorSettings, survey: Survey, conversation: Conversation, *, node_id: str) -> None:
        self._settings = settings
        self._survey = survey
        self._conversation = conversation
        self._node_id = node_id
        self.rank = 0
        """This node's place among the managers."""

        self.warnings: tuple[str, ...] = ()

    def refresh(self) -> str | None:
        """Look at what the survey has by now, and say what changed.

        Raises SettingsError when the stack's own virtual router cannot be, and none was before.
        """
        roster = rosters.build(self._survey.managers, self._survey.nodes, self._node_id, top=self._settings.priority)
        if roster is None:
            return None
        self.rank = roster.rank
        outcome = virtual_routers.build(self._settings, roster)
        if outcome.problems and self._conversation.spec is None:
            raise SettingsError(outcome.problems)
        self._warn((*outcome.warnings, *outcome.problems))
        return None if outcome.problems else self._want(outcome.spec)

    def _want(self, spec: FloatSpec) -> str | None:
        before = self._conversation.spec
        self._conversation.want(spec, updating=self._survey.updating)
        return None if before == spec else f"the spec is {spec.digest}"

    def _warn(self, warnings: tuple[str, ...]) -> None:
        """Log what is new among them."""
        for warning in warnings:
            if warning not in self.warnings:
                logger.warning("%s", warning)
        self.warnings = warnings
