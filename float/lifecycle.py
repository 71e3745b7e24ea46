"""PURE: keepalived as a child process, a small table of named states (after Supervisor's)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

STEADY_AFTER = 10.0
"""Seconds of running after which an exit counts as the first again."""

LONGEST_BACKOFF = 30.0


class ChildState(enum.StrEnum):
    """What keepalived is doing."""

    STOPPED = "STOPPED"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"


@dataclass(frozen=True)
class Lifecycle:
    """Where the child stands; every change gives a new value."""

    state: ChildState = ChildState.STOPPED
    changed_at: float = 0.0
    """Monotonic seconds."""

    quick_exits: int = 0
    restarts: int = 0
    retry_at: float = 0.0

    def started(self, now: float) -> Lifecycle:
        """The child was started."""
        return replace(self, state=ChildState.RUNNING, changed_at=now)

    def stopping(self, now: float) -> Lifecycle:
        """We asked it to end."""
        return replace(self, state=ChildState.STOPPING, changed_at=now)

    def exited(self, now: float) -> Lifecycle:
        """It ended: asked for, it is STOPPED; else it is due again, the first time at once, then ever later."""
        if self.state is ChildState.STOPPING:
            return replace(self, state=ChildState.STOPPED, changed_at=now)
        quick = self.quick_exits + 1 if now - self.changed_at < STEADY_AFTER else 1
        wait = 0.0 if quick == 1 else min(2.0 ** min(quick - 2, 10), LONGEST_BACKOFF)
        return replace(
            self,
            state=ChildState.BACKOFF,
            changed_at=now,
            quick_exits=quick,
            restarts=self.restarts + 1,
            retry_at=now + wait,
        )

    def renewed(self, now: float) -> Lifecycle:
        """Its configuration changed: what kept it from staying may be gone, so it is due at once."""
        if self.state is not ChildState.BACKOFF:
            return self
        return replace(self, retry_at=now)

    @property
    def stays(self) -> bool:
        """Whether its last end, if any, came after it had run for a while, or was the first."""
        return self.quick_exits < 2

    def due(self, now: float) -> bool:
        """Whether the child should be started now."""
        return self.state is ChildState.STOPPED or (self.state is ChildState.BACKOFF and now >= self.retry_at)
