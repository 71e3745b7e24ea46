"""Named reasons for and against a node, as the anchor, the float's own checks and the link give them."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from shared.frozen import Frozen


class Strength(enum.StrEnum):
    """What a failing condition does to the node."""

    PREFER = "prefer"
    """The node is demoted: it lowers its priority and serves only where nobody else can."""

    REQUIRE = "require"
    """The node must not hold the VIP: FAULT, even if then nobody holds it."""


class Condition(Frozen):
    """One named reason for or against this node, with the sentence that logs and HTTP both show."""

    name: str
    """`link`, `engine`, `quorum`, `service:NAME`, `check:port`, …"""

    ok: bool
    strength: Strength = Strength.PREFER
    reason: str = ""
    """Why it fails (or, when it holds, what was seen)."""

    routers: tuple[str, ...] | None = None
    """Names of the virtual routers that it is about; None means all."""

    pending: bool = False
    """Whether it fails only because nobody has found out yet."""

    def concerns(self, router: str) -> bool:
        """Whether this condition has a say in the virtual router of that name."""
        return self.routers is None or router in self.routers


def failing(conditions: Iterable[Condition], strength: Strength, router: str) -> tuple[Condition, ...]:
    """The conditions of that strength that stand against the virtual router."""
    return tuple(c for c in conditions if not c.ok and c.strength is strength and c.concerns(router))
