"""What this anchor says of itself once a second: its health, and its status for the buoy."""

from __future__ import annotations

from typing import Protocol

from anchor.float_keeper import FloatKeeper
from anchor.identity import Identity
from anchor.vitals import Files
from shared.clock import Clock, boot_id
from shared.settings import AnchorSettings
from shared.status import AnchorStatus


class Loop(Protocol):
    """What the reconcile loop knows."""

    @property
    def unhealthy(self) -> str | None:
        """Why the anchor is not healthy, or None."""

    @property
    def summary(self) -> str:
        """The sentence with which the last turn ended."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What an operator should know."""


class Announcer:
    """Writes the two files, from what the loop knows."""

    def __init__(self, files: Files, loop: Loop, floats: FloatKeeper, *, base: AnchorStatus, clock: Clock) -> None:
        self._files = files
        self._loop = loop
        self._floats = floats
        self._base = base
        self._clock = clock

    def publish(self) -> None:
        """Say it now."""
        self._files.health(self._loop.unhealthy)
        self._files.status(
            self._base.model_copy(
                update={
                    "monotonic": self._clock.monotonic(),
                    "written_at": self._clock.wall(),
                    "summary": self._loop.summary,
                    "warnings": (*self._base.warnings, *self._loop.warnings),
                    "float_restarts": self._floats.restarts.total,
                }
            )
        )


def base_status(settings: AnchorSettings, identity: Identity, clock: Clock, version: str) -> AnchorStatus:
    """What does not change as long as the anchor lives, and the warnings of its start."""
    now = clock.wall()
    return AnchorStatus(
        version=version,
        hostname=settings.node_hostname,
        container_id=identity.container_id,
        boot_id=boot_id(),
        monotonic=clock.monotonic(),
        written_at=now,
        started_at=now,
        stack=identity.stack,
        warnings=(*settings.warnings, *identity.doctor),
    )
