"""Why this anchor is not healthy, in one sentence, or None: read off its conversation with the float.

Services' own virtual routers have no say in it: a bad one of a user's must not hold up the stack's roll-out. Nor has a
spec that is refused once an earlier one was accepted: another anchor would be refused it too, and the float goes on.
"""

from __future__ import annotations

from anchor.conversation import Conversation
from shared.models import FloatSpec, Strength, VrrpState, failing
from shared.status import FloatStatus, RouterStatus

REPORT_LIMIT = 3.0
"""Seconds after which the float's last report is too old to count; it reports once a second."""

ANSWER_LIMIT = 15.0
"""Seconds for which a float that accepted a spec of this anchor may be at work on the next one.

While services are labelled one after the other a new spec comes before the last one is answered; each answer to an
earlier one shows that the float is at work.
"""

INIT_LIMIT = 5.0
"""Seconds for which a virtual router may be on its way to its first state."""

PENDING_LIMIT = 30.0
"""Seconds for which a new float's checks may have found out nothing yet: less than a task may be unhealthy for."""


def unhealthy(conversation: Conversation, *, now: float, wall: float) -> str | None:
    """The reason against this anchor, which holds up a roll-out; None when its float does what it should."""
    at_work = _at_work(conversation, now)
    if reason := _not_settled(conversation, at_work=at_work):
        return reason
    if conversation.status is None or now - conversation.heard_at > REPORT_LIMIT:
        return "the float does not report"
    if conversation.holding or conversation.refusal:
        return None
    return _not_as_wanted(conversation.status, conversation.spec, wall, at_work=at_work)


def _at_work(conversation: Conversation, now: float) -> bool:
    """Whether the float, which ran a spec of this anchor before, is looking at newer ones."""
    since = conversation.waiting_since
    return conversation.ever_accepted and since is not None and now - since < ANSWER_LIMIT


def _not_settled(conversation: Conversation, *, at_work: bool) -> str | None:
    if conversation.connected is None:
        return "the float is not connected"
    if conversation.spec is None:
        return "the Swarm's managers are not known yet, so the float has no spec"
    if conversation.refusal and not conversation.ever_accepted:
        return f"the float refuses the spec: {conversation.refusal[0]}"
    if conversation.answer is None and not at_work:
        return "the float has not answered to the spec yet"
    return "the float is about to be replaced" if conversation.trial_only and not conversation.holding else None


def _not_as_wanted(status: FloatStatus, spec: FloatSpec | None, wall: float, *, at_work: bool) -> str | None:
    if spec is None or (status.spec_digest != spec.digest and not at_work):
        return "the float does not run the current spec"
    if not status.virtual_routers:
        return "the float runs no virtual router"
    own = {router.name for router in spec.virtual_routers if not router.claims}
    mine = (router for router in status.virtual_routers if router.name in own)
    reasons = (_wrong_state(router, wall) or _undecided(router, status, wall) for router in mine)
    return next(filter(None, reasons), None)


def _undecided(router: RouterStatus, status: FloatStatus, wall: float) -> str | None:
    """A node whose checks have found out nothing yet cannot take over from the next one in a roll-out."""
    if router.state is not VrrpState.FAULT or abs(wall - router.since) >= PENDING_LIMIT:
        return None
    against = failing(status.conditions, Strength.REQUIRE, router.name)
    return next((f"{condition.name}: {condition.reason}" for condition in against if condition.pending), None)


def _wrong_state(router: RouterStatus, wall: float) -> str | None:
    settled = router.state in (VrrpState.MASTER, VrrpState.BACKUP)
    starting = router.state is VrrpState.INIT and abs(wall - router.since) < INIT_LIMIT
    forbidden = router.state is VrrpState.FAULT and router.expected
    if settled or starting or forbidden:
        return None
    return f"virtual router {router.name} is {router.state.name}: {router.reason or 'no reason given'}"
