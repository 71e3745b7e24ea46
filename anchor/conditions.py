"""What Docker answered and when, turned into the named conditions `engine`, `quorum` and `node`. Pure.

Engine and quorum are steadied: they fail only after ten seconds of trouble without a break, and hold again after five
good ones. An election of the Swarm's leader, or a restart of dockerd, is shorter than that and demotes nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.models import Condition, Strength
from shared.settings import Quorum

LEADER = "The Swarm has a leader."
ENOUGH_MANAGERS = 3
"""Fewer cannot lose one and keep a majority (Docker's administration guide for swarm mode)."""

FORBIDDEN_AFTER = 15.0
"""Seconds after which a node that is no manager must not serve; they forget it after `managers.LINGER`, 30 s."""

FAILS_AFTER = 10.0
RECOVERS_AFTER = 5.0


@dataclass(frozen=True)
class Steadied:
    """A yes or no that follows what is seen only after a while."""

    ok: bool = True
    contrary_since: float | None = None
    """Since when everything seen speaks against `ok`."""

    reason: str = ""
    """What was seen last that was not good."""

    def good(self, now: float) -> Steadied:
        """After a good answer at that time."""
        return self.at(now)._seen(ok=True, since=now, reason=self.reason)

    def bad(self, now: float, reason: str, *, asked: float | None = None) -> Steadied:
        """After a failure noticed at that time; `asked` is when the question was put that stayed unanswered."""
        return self.at(now)._seen(ok=False, since=now if asked is None else asked, reason=reason)

    def at(self, now: float) -> Steadied:
        """The same at a later time, flipped when the contrary has lasted long enough."""
        limit = FAILS_AFTER if self.ok else RECOVERS_AFTER
        if self.contrary_since is None or now - self.contrary_since < limit:
            return self
        return Steadied(ok=not self.ok, reason=self.reason)

    def _seen(self, *, ok: bool, since: float, reason: str) -> Steadied:
        if ok == self.ok:
            return Steadied(self.ok, None, reason)
        return Steadied(self.ok, since if self.contrary_since is None else self.contrary_since, reason)


def judge(
    engine: Steadied, quorum: Steadied, mode: Quorum, *, leaving: str = "", unmanaged: float = 0.0
) -> tuple[Condition, ...]:
    """All conditions that the anchor knows of, as they are to be sent to the float.

    `leaving` is why this node is about to go, empty as long as it is not: Swarm tells the anchor to stop some three
    seconds after the operator's word (measured), time enough for another node to take over. `unmanaged` is for how many
    seconds it has been no manager: where Docker does not stop the anchor, the managers forget the node, and its float,
    to which nobody writes any more, would take the VIPs. It must not, before they do.
    """
    conditions = [_condition("engine", engine, "Docker answers.", Strength.PREFER)]
    if leaving:
        strength = Strength.REQUIRE if unmanaged >= FORBIDDEN_AFTER else Strength.PREFER
        conditions.append(Condition(name="node", ok=False, strength=strength, reason=leaving))
    if mode is Quorum.PREFER:
        conditions.append(_condition("quorum", quorum, LEADER, Strength.PREFER))
    if mode is Quorum.REQUIRE:
        conditions.append(_condition("quorum", _proven(quorum, engine), LEADER, Strength.REQUIRE))
    return tuple(conditions)


def quorum_warning(mode: Quorum, managers: int) -> str | None:
    """What an operator should know of `require` among so few managers, or None."""
    if mode is not Quorum.REQUIRE or managers >= ENOUGH_MANAGERS:
        return None
    loss = "its loss" if managers == 1 else "the loss of either one"
    return (
        f"KEEPALIVED_QUORUM=require with {managers} manager{'s'[: managers > 1]}: {loss} ends the quorum, "
        "and nobody serves then. Have three managers or more, or use prefer."
    )


def _proven(quorum: Steadied, engine: Steadied) -> Steadied:
    """The quorum where it is a must: a Docker that says nothing has none to show."""
    if quorum.ok and not engine.ok:
        return Steadied(ok=False, reason=f"Docker cannot tell whether there is a leader of the Swarm: {engine.reason}")
    return quorum


def _condition(name: str, state: Steadied, fine: str, strength: Strength) -> Condition:
    return Condition(name=name, ok=state.ok, strength=strength, reason=fine if state.ok else state.reason)
