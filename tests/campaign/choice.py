"""PURE: a seed and a round's number -> the faults of that round, the same ones for ever.

Targets are roles, not hosts: who holds the virtual IP depends on the rounds before, what the seed says does not.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Sequence
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What can go wrong; one method of the lab each."""

    POWER_OFF = "power-off"
    UNPLUG = "unplug"
    PARTITION = "partition"
    KILL_ANCHOR = "kill-anchor"
    PAUSE_ANCHOR = "pause-anchor"
    KILL_FLOAT = "kill-float"
    STOP_FLOAT = "stop-float"
    PAUSE_FLOAT = "pause-float"
    HANDOVER = "handover"
    KILL_KEEPALIVED = "kill-keepalived"
    KILL_KEEPALIVED_PARENT = "kill-keepalived-parent"
    KILL_KEEPALIVED_CHILD = "kill-keepalived-child"
    DELETE_VIP = "delete-vip"
    KILL_DOCKERD = "kill-dockerd"
    RESTART_DOCKERD = "restart-dockerd"
    DRAIN = "drain"
    DEMOTE = "demote"
    LEAVE = "leave"
    """`docker swarm leave --force`; it joins again, as a new node, when the round is mended."""

    FREEZE = "freeze"
    """The whole host stands still, as a paused virtual machine, and thaws with what it held."""

    BLACKOUT = "blackout"
    """A power cut of all hosts at once."""

    HANG_KEEPALIVED = "hang-keepalived"
    """Its VRRP child stands still and does not end."""


LOSSES = frozenset(
    {
        Kind.POWER_OFF,
        Kind.UNPLUG,
        Kind.PARTITION,
        Kind.KILL_DOCKERD,
        Kind.RESTART_DOCKERD,
        Kind.LEAVE,
        Kind.FREEZE,
        Kind.BLACKOUT,
    }
)
"""The Swarm loses a manager for a while; two of three at once, and its quorum with them."""

TOTAL = frozenset({Kind.POWER_OFF, Kind.FREEZE, Kind.LEAVE})
"""Nothing else can be done to that host in the same round, or could be told from this."""


class Where(enum.StrEnum):
    """Which host: the one with the virtual IP, or the first or last of the others."""

    HOLDER = "holder"
    FIRST = "first"
    LAST = "last"


class Update(enum.StrEnum):
    """What is being rolled out while the faults strike."""

    NONE = "none"
    ANCHORS = "anchors"
    """`docker service update --force`: new anchors, the same floats."""

    SETTINGS = "settings"
    """Another setting: new anchors, and the same floats take it over as they run."""

    IMAGE = "image"
    """Another name of the float's image: every float is replaced."""

    ADDRESSES = "addresses"
    """A second virtual IP comes, or goes: no float is replaced, keepalived is reloaded."""

    BUOYS = "buoys"


@dataclass(frozen=True)
class Strike:
    """One fault, `after` seconds after the round's first."""

    kind: Kind
    where: Where
    after: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind} {self.where}" + (f" +{self.after:g}s" if self.after else "")


@dataclass(frozen=True)
class Round:
    """What happens between two audits of a whole Swarm."""

    number: int
    strikes: tuple[Strike, ...]
    load: bool
    update: Update
    lasting: float = 0.0
    """Seconds for which the faults last before anything is looked at or mended."""

    def __str__(self) -> str:
        words = " & ".join(str(strike) for strike in self.strikes) + f" for {self.lasting:g}s"
        updating = "" if self.update is Update.NONE else f", updating {self.update}"
        return words + (", loaded" if self.load else "") + updating


def choose(seed: int, number: int) -> Round:
    """The round of that number; needs no other round to be known, so that a failed one can be played alone."""
    chance = random.Random(f"campaign {seed} round {number}")
    strikes = [_strike(chance)]
    if chance.random() < 0.5 and strikes[0].kind is not Kind.BLACKOUT:
        second = _strike(chance, after=round(chance.choice((0.0, 0.0, 0.1, 0.5, 1.0, 3.0)), 1))
        while not can_follow(strikes, second):
            second = _strike(chance, after=second.after)
        strikes.append(second)
    load = chance.random() < 0.3
    updates = (Update.NONE,) * 7 + (Update.ANCHORS, Update.SETTINGS, Update.IMAGE, Update.ADDRESSES, Update.BUOYS)
    update = chance.choice(updates)
    return Round(number, tuple(strikes), load, update, lasting=chance.choice((0.5, 2.0, 5.0, 12.0)))


def can_follow(before: Sequence[Strike], strike: Strike) -> bool:
    """False where the lab could not do both, or the Swarm could not be asked for one of them."""
    return all(_fits(earlier, strike) for earlier in before)


def _fits(first: Strike, second: Strike) -> bool:
    same_host = first.where is second.where
    kinds = {first.kind, second.kind}
    if Kind.BLACKOUT in kinds or (first.kind is second.kind is Kind.LEAVE):
        return False
    if same_host and (first.kind is second.kind or kinds & TOTAL):
        return False
    if same_host and kinds == {Kind.KILL_DOCKERD, Kind.RESTART_DOCKERD}:
        return False
    if same_host and kinds & {Kind.KILL_DOCKERD, Kind.RESTART_DOCKERD} and _asks_the_engine(kinds):
        return False
    return Kind.DEMOTE not in kinds or not (kinds & LOSSES or first.kind is second.kind)


def _asks_the_engine(kinds: set[Kind]) -> bool:
    """A host whose engine is gone can have its processes killed, but its containers neither paused nor stopped."""
    return bool(kinds & {Kind.PAUSE_ANCHOR, Kind.PAUSE_FLOAT, Kind.STOP_FLOAT, Kind.HANDOVER})


def _strike(chance: random.Random, *, after: float = 0.0) -> Strike:
    kind = chance.choice(list(Kind))
    where = chance.choice((Where.HOLDER, Where.HOLDER, Where.HOLDER, Where.FIRST, Where.LAST))
    return Strike(kind, Where.HOLDER if kind in {Kind.DELETE_VIP, Kind.BLACKOUT} else where, after)
