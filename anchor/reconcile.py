"""The loop: observe, plan, apply, report. Woken by bell and timer, it backs off after a failure and goes on."""

from __future__ import annotations

import logging

from anchor import conditions, departure, health
from anchor.asking import Asking
from anchor.blackout import Blackout
from anchor.conversation import Conversation
from anchor.facts import EngineError
from anchor.float_keeper import FloatKeeper
from anchor.spec_keeper import SpecKeeper
from anchor.survey import Survey
from anchor.trouble import Trouble
from anchor.wakeups import Bell
from shared.clock import Clock
from shared.errors import FatalError, SpecRefusedError
from shared.settings import Quorum

logger = logging.getLogger(__name__)

TIMER = 5.0
"""Seconds after which the loop turns though nothing woke it."""

FIRST_RETRY, LAST_RETRY = 0.5, 5.0
"""Seconds before the next turn after one that failed, doubling."""

DOUBLINGS = 4
"""From the first of them to the last; a power of all failures would overflow."""


class Reconciler:
    """Keeps this node's float, and what it is told, as they should be."""

    def __init__(
        self,
        floats: FloatKeeper,
        specs: SpecKeeper,
        conversation: Conversation,
        *,
        survey: Survey,
        asking: Asking,
        clock: Clock,
        quorum: Quorum,
    ) -> None:
        self._floats = floats
        self._specs = specs
        self._conversation = conversation
        self._survey = survey
        self._asking = asking
        self._clock = clock
        self._quorum = quorum
        self._blackout = Blackout(conversation, survey, clock)
        self._failures = 0
        self.turning = False
        """Whether a cycle is under way."""

        self.resting = False
        """Begin no further cycle: the anchor ends, and its farewell alone has the float now."""

        self._trouble = Trouble()
        self.summary = ""
        """The sentence with which the last turn ended."""

    async def run(self, bell: Bell) -> None:
        """Turn for ever. Raises FatalError when going on is pointless."""
        while True:
            await self.turn()
            await bell.wait(self.pause)

    async def turn(self) -> None:
        """One cycle. Raises FatalError; every other failure is logged, and the next turn tries again."""
        if self.resting:
            return
        self._asking.turned()
        self.turning = True
        try:
            told = self._specs.refresh(self.judge)
            self._check_first_answer()
            done = await self._floats.keep()
            self._check_first_answer()
        except FatalError:
            raise
        except EngineError as error:
            self._failed(str(error))
        except Exception as error:  # the loop's boundary: an oddity of one turn must not end the float's only keeper
            if self._failed(f"an unexpected error: {error!r}"):
                logger.exception("A turn of the loop failed; trying again.")
        else:
            self._succeeded([sentence for sentence in (told, done) if sentence])
        finally:
            self.turning = False
        self.judge()

    def surveyed(self) -> None:
        """The Swarm was looked at: what the float is to run does not wait until Docker has answered a turn under way.

        All nodes apply what the wire cannot mix on the same event; one that did so later would not hear the others.
        """
        if not self.turning or self.resting or self._conversation.spec is None:
            return
        try:
            told = self._specs.refresh(self.judge)
        except Exception:  # the survey's boundary: the turn that the bell begins next meets the same, and says it
            logger.debug("what the Swarm says cannot be told now", exc_info=True)
            return
        if told:
            logger.info("While Docker is asked: %s.", told)

    def judge(self) -> None:
        """Let time work on the conditions, and say those that changed."""
        now = self._clock.monotonic()
        self._asking.engine, self._survey.quorum = self._asking.engine.at(now), self._survey.quorum.at(now)
        leaving = departure.decide(self._survey.known)
        self._conversation.judge(
            conditions.judge(
                self._asking.engine,
                self._survey.quorum,
                self._quorum,
                leaving="" if leaving.keeps_float else leaving.detail,
                unmanaged=now - since if (since := self._survey.unmanaged_since) is not None else 0.0,
            )
            + self._specs.conditions,
            outdated=self._survey.outdated(self._floats.template),
        )

    def pulse(self) -> None:
        """Between the turns: conditions, and a beat if the loop is alive. Raises SettingsError as `Blackout.look`."""
        self.judge()
        if not self.resting:
            self._blackout.look()
        self._conversation.pulse(alive=self._asking.alive)

    @property
    def pause(self) -> float:
        """Seconds until the next turn of itself."""
        if self._failures:
            return min(LAST_RETRY, FIRST_RETRY * 2.0 ** min(DOUBLINGS, self._failures - 1))
        return min(TIMER, self._floats.wait) if self._floats.wait else TIMER

    @property
    def unhealthy(self) -> str | None:
        """Why the anchor is not healthy, or None."""
        if not self._asking.alive:
            return "the reconcile loop does not turn"
        return health.unhealthy(self._conversation, now=self._clock.monotonic(), wall=self._clock.wall())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What an operator should know."""
        refusals = tuple(f"The float refuses the spec: {problem}" for problem in self._conversation.refusal)
        trouble = (self._trouble.now,) if self._trouble.now else ()
        reported = self._conversation.status.warnings if self._conversation.status else ()
        return (*self._specs.warnings, *refusals, *self._conversation.refused_services, *trouble, *reported)

    def _check_first_answer(self) -> None:
        """Raise SpecRefusedError when the first spec was refused: only then is it this roll-out that is wrong.

        One that is refused later comes from a node's label or a change of the Swarm: it is in log and status, and the
        float goes on with the spec before.
        """
        if self._conversation.refusal and not self._conversation.ever_accepted:
            problems = "; ".join(self._conversation.refusal)
            raise SpecRefusedError(f"The float refuses the spec, and goes on with what it had: {problems}")

    def _succeeded(self, sentences: list[str]) -> None:
        self._trouble, news = self._trouble.over()
        if news:
            logger.info("Docker does what it is asked again.")
        self._failures = 0
        self.summary = ", ".join(sentences) or "nothing changed"
        log = logger.info if sentences else logger.debug
        log("Reconciled: %s.", self.summary)

    def _failed(self, trouble: str) -> bool:
        """Whether that was news."""
        self._trouble, news = self._trouble.met(trouble, self._clock.monotonic())
        if news:
            logger.warning("Cannot reconcile, trying again: %s", trouble)
        self._failures += 1
        self.summary = trouble
        return news
