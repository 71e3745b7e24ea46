"""What the float is to run: made from settings and survey, and handed to the conversation when it changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from anchor import conditions, virtual_routers
from anchor import roster as rosters
from anchor.conversation import Conversation
from anchor.local_tasks import LocalTasks
from anchor.rollout import Rollout
from anchor.roster import Roster
from anchor.survey import Survey
from anchor.virtual_routers import Outcome, Swarm
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
        self._refused = ("", "")
        """Digest of the last spec that the float refused for this node's labels, and why."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What the followed services' tasks say for and against this node."""
        return self._tasks.conditions()

    def refresh(self, judge: Callable[[], None] = lambda: None) -> str | None:
        """Look at what the survey has by now, and say what changed.

        `judge` is called before a spec is told, so that no virtual router is known without its conditions. As long as
        the Swarm was never seen nothing is told: a float that runs goes on with what it has, its services' virtual IPs
        included.

        Raises SettingsError when the stack's own virtual router cannot be, and none was before, or when an update
        names a service that there is not.
        """
        if not self._survey.seen:
            return None
        roster = self._roster()
        if roster is None:
            return None
        self.rank = roster.rank
        outcome, ignored = self._outcome(roster)
        if self._conversation.spec is None and (problems := (*outcome.problems, *self._unknown_services())):
            raise SettingsError(problems)
        few = conditions.quorum_warning(self._settings.quorum, len(self._survey.managers.listed))
        late = _held_up_by(self._survey.rollout) if self._conversation.holding else ()
        self._warn((*([few] if few else []), *late, *ignored, *outcome.warnings, *outcome.problems))
        if outcome.problems:
            return None
        before = self._conversation.spec
        running = [router.name for router in before.virtual_routers] if before else []
        self._tasks.follow(outcome.follows, running=running)
        judge()
        return self._want(self._files.add_to(outcome.spec))

    def _roster(self, *, but_my_place: bool = False) -> Roster | None:
        survey, top = self._survey, self._settings.priority
        return rosters.build(survey.managers, survey.nodes, self._node_id, top=top, but_my_place=but_my_place)

    def _outcome(self, roster: Roster) -> tuple[Outcome, tuple[str, ...]]:
        """What the Swarm asks for, and what of it is left out.

        The float refuses a spec whole: with a label that names what this host does not have, it would go on with peers
        of long ago. So the spec is offered again without those labels.
        """
        swarm = Swarm(self._survey.labelled, self._survey.tracked)
        outcome = virtual_routers.build(self._settings, roster, swarm)
        place = roster.me.labels.place
        if outcome.problems or not place or not self._refuses(self._files.add_to(outcome.spec)):
            return outcome, ()
        without = self._roster(but_my_place=True)
        if without is None:
            return outcome, ()
        return virtual_routers.build(self._settings, without, swarm), (_ignored(place, self._refused[1]),)

    def _unknown_services(self) -> tuple[str, ...]:
        return tuple(
            f"KEEPALIVED_TRACK_SERVICES={name}: the Swarm has no service of that name (see docker service ls)"
            for name in self._survey.unknown
        )

    def _refuses(self, spec: FloatSpec) -> bool:
        """Whether the float's word on that spec is no; remembered while another one is on offer."""
        talk = self._conversation
        if talk.refusal and talk.spec is not None and talk.spec.digest == spec.digest:
            self._refused = (spec.digest, talk.refusal[0])
        return self._refused[0] == spec.digest

    def _want(self, spec: FloatSpec) -> str | None:
        before = self._conversation.spec
        for sentence in virtual_routers.renumbered(before, spec) if before else ():
            logger.warning("%s", sentence)
        self._conversation.want(spec, updating=not self._survey.rollout.complete)
        return None if before == spec else f"the spec is {spec.digest}"

    def _warn(self, warnings: tuple[str, ...]) -> None:
        """Log what is new among them."""
        for warning in warnings:
            if warning not in self.warnings:
                logger.warning("%s", warning)
        self.warnings = warnings


def _ignored(labels: Iterable[str], reason: str) -> str:
    return f"Labels of this node are ignored ({', '.join(labels)}): the float refuses them: {reason}"


def _held_up_by(rollout: Rollout) -> tuple[str, ...]:
    """What keeps a change waiting that the wire cannot mix, where no update is under way that would end that."""
    if rollout.updating or not rollout.late:
        return ()
    nodes = ", ".join(rollout.late)
    return (
        f"What all nodes must have in common is not changed yet: the anchor on {nodes} is of another update, or not up."
        " Docker replaces none on a paused node: activate or drain it.",
    )
