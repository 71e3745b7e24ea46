"""The status told outwards: one file for the buoy, one message for the anchor; at every change and once a second."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from float.host import HostView
from float.lifecycle import Lifecycle
from float.publish import router_status
from float.resolve import ResolvedSpec
from float.routers import RouterEntry
from float.stranger import NOBODY, Seen
from shared.clock import Clock, boot_id, uptime
from shared.disk import Disk
from shared.models import Condition
from shared.status import FloatStatus, LinkStatus
from shared.status_file import write_status

logger = logging.getLogger(__name__)

PERIOD = 1.0
HEALTH_FOR = 10
"""Seconds that the container's health file stays good after a report."""


@dataclass(frozen=True)
class Picture:
    """All that a status is made of."""

    resolved: ResolvedSpec | None
    digest: str | None
    """What the anchor calls the spec that runs."""

    refused: tuple[str | None, str]
    """Digest of the spec that was refused last, and why."""

    lifecycle: Lifecycle
    conditions: tuple[Condition, ...]
    alone: bool
    """Nobody's float but its own; then the link is up in that nothing is missing."""

    link_reason: str

    link_up: bool
    in_grace: bool
    entries: tuple[RouterEntry, ...]
    host: HostView
    strangers: Mapping[str, Seen]
    """By name of the virtual router."""

    flood: str


class Reporter:
    """Composes FloatStatus and hands it on."""

    def __init__(
        self,
        *,
        folder: Path,
        health_file: Path,
        identity: Mapping[str, Any],
        clock: Clock,
        send: Callable[[FloatStatus], None],
        disk: Disk | None = None,
    ) -> None:
        self._folder = folder
        self._disk = disk or Disk()
        self._health_file = health_file
        self._identity = identity
        self._clock = clock
        self._send = send
        self._boot = boot_id()
        self._started_at = clock.wall()
        self._link_since = (clock.wall(), False)
        self._last = 0.0
        self._troubles: tuple[str, ...] = ()

    def report(self, picture: Picture, *, news: bool) -> None:
        """Publish if there is news or the last word is a PERIOD old; trouble with the file is logged, not raised."""
        now = self._clock.monotonic()
        if not news and now - self._last < PERIOD - 0.05:
            return
        self._last = now
        self._publish(self._compose(picture, now))

    def _compose(self, picture: Picture, now: float) -> FloatStatus:
        spec = picture.resolved.spec if picture.resolved else None
        return FloatStatus(
            **{**self._identity, "warnings": (*self._identity.get("warnings", ()), *self._troubles)},
            boot_id=self._boot,
            monotonic=now,
            written_at=self._clock.wall(),
            started_at=self._started_at,
            keepalived=picture.lifecycle.state.value,
            keepalived_restarts=picture.lifecycle.restarts,
            spec_digest=picture.digest,
            refused_digest=picture.refused[0],
            refused_reason=picture.refused[1],
            alone=picture.alone,
            link=self._link_status(picture),
            conditions=picture.conditions,
            flood=picture.flood,
            virtual_routers=tuple(
                router_status(
                    entry,
                    picture.host,
                    version=spec.vrrp_version,
                    now=now,
                    strangers=picture.strangers.get(entry.router.name, NOBODY),
                )
                for entry in picture.entries
                if spec
            ),
        )

    def _link_status(self, picture: Picture) -> LinkStatus:
        up = picture.link_up
        if up is not self._link_since[1]:
            self._link_since = (self._clock.wall(), up)
        grace = picture.in_grace and not up
        return LinkStatus(up=up, since=self._link_since[0], grace=grace, reason=picture.link_reason)

    def _publish(self, status: FloatStatus) -> None:
        self._send(status)
        troubles = (
            _trouble("the status cannot be written", lambda: self._disk.do(lambda: write_status(self._folder, status))),
            _trouble("the health file cannot be written", self._say_healthy),
        )
        self._say(tuple(trouble for trouble in troubles if trouble))

    def _say_healthy(self) -> None:
        self._health_file.write_text(f"{int(uptime()) + HEALTH_FOR}\n")

    def _say(self, troubles: tuple[str, ...]) -> None:
        """Log what is new among them; the anchor hears of them with the next report."""
        for trouble in troubles:
            if trouble not in self._troubles:
                logger.warning("%s", trouble)
        self._troubles = troubles


def _trouble(what: str, write: Callable[[], None]) -> str:
    try:
        write()
    except OSError as error:
        return f"{what}: {error}"
    return ""
