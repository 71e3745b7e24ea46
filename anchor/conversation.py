"""What this anchor and its float have said to each other. No I/O of its own: `send` is given, and messages are brought.

Level-triggered like the rest: the spec and the conditions that hold now are told to whoever connects, and again when
they change. A spec whose wire format differs from the running one is only tried while the service is being updated
(`SpecMessage.trial`): nodes with different wire formats do not hear each other, so all must change at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from anchor.last_run import LastRun
from anchor.memory import Memory
from shared.clock import Clock
from shared.link_protocol import (
    Beat,
    FloatHello,
    FromAnchor,
    Goodbye,
    GoodbyeReason,
    Message,
    Report,
    SpecAnswer,
    SpecMessage,
    VerdictMessage,
)
from shared.models import Condition, FloatSpec, VrrpState
from shared.status import FloatStatus

logger = logging.getLogger(__name__)

PAUSE = 3.0
"""Seconds between two pulses after which this process was paused, and cannot say who was silent."""


class Conversation:
    """The anchor's side of the link, across the floats and connections that come and go."""

    def __init__(self, memory: Memory, clock: Clock, *, node: str, wake: Callable[[], None]) -> None:
        self._memory = memory
        self._clock = clock
        self._node = node
        self._wake = wake
        self._send: Callable[[FromAnchor], None] = _say_nothing
        self._containers: dict[str, str] = {}
        self._verdict = VerdictMessage(conditions=())
        self._updating = False
        self._offered: tuple[str, bool] | None = None
        self._unanswered: set[tuple[str, bool]] = set()
        """What was offered over this connection; the float leaves out those that a later one replaces."""

        self._last = LastRun(wire=memory.value.wire, spec=memory.value.spec)
        self._states: dict[str, VrrpState] = {}
        self.trial_only = False
        """Only ask whether the spec would be run: the float is about to be replaced."""

        self.spec: FloatSpec | None = None
        self.connected: str | None = None
        """Id of the container whose float is connected."""

        self.answer: SpecAnswer | None = None
        """To the offer that stands."""

        self.waiting_since: float | None = None
        """Since when an answer is owed, or since the last one to an earlier offer; None where none is owed."""

        self.before = memory.value.spec
        """What the float ran before this anchor, where that is known."""

        self.ever_accepted = False
        """Whether any spec of this anchor was accepted, a trial included."""

        self.status: FloatStatus | None = None
        self.heard_at = clock.monotonic()
        """When the float said something last, or was first expected to."""

        self._pulse_at = clock.monotonic()

    def speak_through(self, send: Callable[[FromAnchor], None]) -> None:
        """Where messages go from now on."""
        self._send = send

    def expect(self, container_id: str, token: str) -> None:
        """A float of that container may call with that token."""
        if token not in self._containers:
            self._containers[token] = container_id
            self.heard_at = self._clock.monotonic()

    def want(self, spec: FloatSpec, *, updating: bool) -> None:
        """This is what the float is to run now; `updating` while the service's update is not completed."""
        self.spec, self._updating = spec, updating
        self._offer()

    def judge(self, conditions: tuple[Condition, ...], *, outdated: bool = False) -> None:
        """These are the conditions now; said, to the float and in the log, when they differ."""
        verdict = VerdictMessage(conditions=conditions, outdated=outdated)
        if verdict == self._verdict:
            return
        self._log_changes(conditions)
        self._verdict = verdict
        self._say_verdict()

    def pulse(self, *, alive: bool) -> None:
        """Called a few times a second; says a beat while the reconcile loop is alive."""
        now = self._clock.monotonic()
        if now - self._pulse_at > PAUSE:  # it was this process that stood still
            self.heard_at = now
        self._pulse_at = now
        if self.connected and alive:
            self._send(Beat())

    @property
    def silence(self) -> float:
        """Seconds since the float said something, or was first expected to."""
        return self._clock.monotonic() - self.heard_at

    def goodbye(self, reason: GoodbyeReason, detail: str) -> None:
        """The last word: nothing is said after it, since a beat would take it back."""
        self._send(Goodbye(reason=reason, detail=detail))
        self._send = _say_nothing

    @property
    def holding(self) -> bool:
        """Whether the spec waits for the end of the service's update."""
        return self.spec is not None and self._updating and self._last.differs(self.spec)

    @property
    def refusal(self) -> tuple[str, ...]:
        """Why the float refused what stands on offer; empty unless it did."""
        if self.answer is None or self.answer.accepted:
            return ()
        return self.answer.problems or ("the float gave no reason",)

    @property
    def refused_services(self) -> tuple[str, ...]:
        """Why the float leaves the virtual IPs of some services out, one sentence each."""
        return self.answer.refusals if self.answer and self.answer.accepted else ()

    def knows(self, hello: FloatHello) -> bool:
        """Whether the caller has the token of a float of ours."""
        return bool(hello.token) and hello.token in self._containers

    def arrived(self, hello: FloatHello) -> None:
        """That float is connected now, and the only one."""
        self.connected = self._containers[hello.token]
        self.heard_at = self._clock.monotonic()
        self._last = self._last.told(hello)
        if not self.ever_accepted:
            self.before = hello.spec or self.before
        self._forget_offers()
        self.status = None
        fields = {"node": self._node, "container": self.connected[:12], "version": hello.version}
        logger.info("The float is connected.", extra=fields)
        self._say_verdict()
        self._resume()
        self._offer()
        self._wake()

    def said(self, message: Message) -> None:
        """The connected float said something."""
        self.heard_at = self._clock.monotonic()
        match message:
            case SpecAnswer():
                self._answered(message)
            case Report():
                self._reported(message.status)

    def left(self) -> None:
        """No float is connected any more."""
        logger.info("The float hung up.", extra={"node": self._node})
        self.connected = self.status = None
        self._forget_offers()
        self._wake()

    def _forget_offers(self) -> None:
        self._offered = self.answer = self.waiting_since = None
        self._unanswered.clear()

    def _resume(self) -> None:
        """Give a float that runs nothing what ran last, where what it is to run has to wait."""
        if self.holding and self._last.digest is None and self._last.spec is not None:
            logger.info("The float runs what ran last until the service's update is completed.")
            self._send(SpecMessage(spec=self._last.spec, digest=self._last.spec.digest))

    def _offer(self) -> None:
        """Say the spec, unless it was said to this connection in the same way."""
        if self.spec is None or self.connected is None:
            return
        offer = (self.spec.digest, self.trial_only or self.holding)
        if offer != self._offered:
            self._offered, self.answer = offer, None
            self._unanswered.add(offer)
            self.waiting_since = self.waiting_since or self._clock.monotonic()
            self._send(SpecMessage(spec=self.spec, trial=offer[1], digest=self.spec.digest))

    def _say_verdict(self) -> None:
        if self.connected and self._verdict.conditions:
            self._send(self._verdict)

    def _answered(self, answer: SpecAnswer) -> None:
        offer = (answer.digest, answer.trial)
        if offer in self._unanswered:
            self._unanswered.discard(offer)
            self.ever_accepted = self.ever_accepted or answer.accepted
            self.waiting_since = self._clock.monotonic()
        if self.spec is None or offer != self._offered:
            return
        self._unanswered.clear()
        self.waiting_since = None
        for sentence in set(answer.refusals) - set(self.refused_services):
            logger.error("%s", sentence, extra={"node": self._node})
        self.answer = answer
        self._wake()
        if not answer.accepted:
            for problem in self.refusal:
                logger.error("The float refuses the spec: %s", problem, extra={"node": self._node})
            return
        if answer.trial:
            logger.info("The float would run the spec.", extra={"node": self._node, "spec": answer.digest})
            return
        self._last = LastRun.of(self.spec)
        self._memory.update(wire=self.spec.wire, spec=None if self.spec.password else self.spec)
        logger.info("The float runs the spec.", extra={"node": self._node, "spec": answer.digest})

    def _reported(self, status: FloatStatus) -> None:
        self.status = status
        for router in status.virtual_routers:
            if self._states.get(router.name) == router.state:
                continue
            self._states[router.name] = router.state
            fields = {"node": self._node, "vrid": router.vrid, "state": router.state.name, "reason": router.reason}
            logger.info("Virtual router %s is %s.", router.name, router.state.name, extra=fields)

    def _log_changes(self, conditions: tuple[Condition, ...]) -> None:
        before = {condition.name: condition.ok for condition in self._verdict.conditions}
        for condition in conditions:
            if before.get(condition.name, True) != condition.ok:
                level, words = (logging.INFO, "holds again") if condition.ok else (logging.WARNING, "fails")
                fields = {"node": self._node}
                logger.log(level, "Condition %s %s: %s", condition.name, words, condition.reason, extra=fields)


def _say_nothing(message: FromAnchor) -> None:
    """Before the link is there, and after the goodbye."""
