"""The status told outwards: one file for the buoy, one message for the anchor; at every change and once a second."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from float.host import HostView
from float.lifecycle import Lifecycle
from float.link_state import LinkState
from float.publish import router_status
from float.resolve import ResolvedSpec
from float.routers import RouterEntry
from shared.clock import Clock, boot_id, uptime
from shared.models import Condition, FloatStatus, LinkStatus
from shared.status_file import write_status

logger = logging.getLogger(__name__)

PERIOD = 1.0
HEALTH_FOR = 10
"""Seconds that the container's health file stays good after a report."""


class Reporter:
    """Composes FloatStatus and hands it on."""

    def __init__(
        self,
        *,
        folder: Path,
        health_file: Path,
        identity: dict[str, str],
        clock: Clock,
        send: Callable[[FloatStatus], None],
    ) -> None:
        self._folder = folder
        self._health_file = health_file
        self._identity = identity
        self._clock = clock
        self._send = send
        self._boot = boot_id()
        self._started_at = clock.wall()
        self._link_since = (clock.wall(), False)
        self._last = 0.0
        self._trouble = ""

    def report(
        self,
        *,
        resolved: ResolvedSpec | None,
        refused: tuple[str | None, str],
        lifecycle: Lifecycle,
        conditions: tuple[Condition, ...],
        link: LinkState,
        in_grace: bool,
        entries: tuple[RouterEntry, ...],
        host: HostView,
        news: bool,
    ) -> None:
        """Publish if there is news or the last word is a PERIOD old; trouble with the file is logged, not raised."""
        now = self._clock.monotonic()
        if not news and now - self._last < PERIOD - 0.05:
            return
        self._last = now
        timeout = resolved.spec.link_timeout if resolved else 3.0
        status = FloatStatus(
            **self._identity,
            boot_id=self._boot,
            monotonic=now,
            written_at=self._clock.wall(),
            started_at=self._started_at,
            keepalived=lifecycle.state.value,
            keepalived_restarts=lifecycle.restarts,
            spec_digest=resolved.spec.digest if resolved else None,
            refused_digest=refused[0],
            refused_reason=refused[1],
            link=self._link_status(link.up(now, timeout), in_grace, conditions[0].reason),
            conditions=conditions,
            virtual_routers=tuple(
                router_status(e, host, version=resolved.spec.vrrp_version, now=now) for e in entries if resolved
            ),
        )
        self._publish(status)

    def _link_status(self, up: bool, in_grace: bool, reason: str) -> LinkStatus:
        if up is not self._link_since[1]:
            self._link_since = (self._clock.wall(), up)
        return LinkStatus(up=up, since=self._link_since[0], grace=in_grace and not up, reason=reason)

    def _publish(self, status: FloatStatus) -> None:
        self._send(status)
        trouble = ""
        try:
            write_status(self._folder, status)
            self._health_file.write_text(f"{int(uptime()) + HEALTH_FOR}\n")
        except OSError as error:
            trouble = f"the status cannot be written: {error}"
        if trouble and trouble != self._trouble:
            logger.warning("%s", trouble)
        self._trouble = trouble
