"""An update with which nobody may hold the virtual IPs, though somebody did before.

That a check or a followed service forbids one node is no fault of an update, since another node may serve: its anchor
is healthy. The node that served last is updated in its turn. If what the update brought forbids it, too, and no other
master is heard, the virtual IPs are nobody's: its anchor ends, and Swarm rolls the service back (`failure_action`).
"""

from __future__ import annotations

from anchor.conversation import Conversation
from anchor.survey import Survey
from anchor.virtual_routers import OWN_NAME
from shared.clock import Clock
from shared.errors import SettingsError
from shared.models import Condition, Strength, VrrpState, failing
from shared.status import FloatStatus, RouterStatus

PATIENCE = 5.0
"""Seconds without anybody who serves: a task that is replaced at the same time may be back by then."""

SOON = 30.0
"""Seconds after this anchor began until which that is the update's doing."""


class Blackout:
    """Watches the stack's own virtual router while the service is updated."""

    def __init__(self, conversation: Conversation, survey: Survey, clock: Clock) -> None:
        self._conversation = conversation
        self._survey = survey
        self._clock = clock
        self._begun = clock.monotonic()
        self._served = False
        self._since: float | None = None

    def look(self) -> None:
        """Raise SettingsError when the update has left the virtual IPs to nobody for some seconds."""
        now = self._clock.monotonic()
        against = self._against(now)
        if not against:
            self._since = None
            return
        self._since = now if self._since is None else self._since
        if now - self._since >= PATIENCE:
            reasons = "; ".join(f"{condition.name}: {condition.reason}" for condition in against)
            raise SettingsError([f"With these settings no manager may hold the virtual IPs, and one did: {reasons}"])

    def _against(self, now: float) -> tuple[Condition, ...]:
        """What forbids this node and, as far as it hears, all others; empty where the update is not to blame."""
        status = self._conversation.status
        own = _own(status) if status else None
        if status is None or own is None:
            return ()
        self._served = self._served or own.state is VrrpState.MASTER
        alone = own.state is VrrpState.FAULT and own.master_address is None
        soon = self._since is not None or now - self._begun < SOON
        if not (self._served and alone and soon and self._survey.rollout.forward):
            return ()
        against, brought = failing(status.conditions, Strength.REQUIRE, OWN_NAME), self._brought()
        return against if all(c.name in brought and not c.pending for c in against) else ()

    def _brought(self) -> set[str]:
        """Names of the conditions that there are by this update; what was there before may fail at any time."""
        spec, before = self._conversation.spec, self._conversation.before
        known = before.checks if before else ()
        checks = {f"check:{check.kind}" for check in (spec.checks if spec else ()) if check not in known}
        return checks | {f"service:{name}" for name in self._survey.newly_followed}


def _own(status: FloatStatus) -> RouterStatus | None:
    return next((router for router in status.virtual_routers if router.name == OWN_NAME), None)
