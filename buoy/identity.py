"""The container that answers: its short id and how long it has been running."""

from __future__ import annotations

import socket
from importlib import metadata

from buoy.texts import uptime
from shared.clock import Clock

DISTRIBUTION = "docker-keepalived-swarm"


class OwnContainer:
    """The buoy's own container."""

    def __init__(self, clock: Clock) -> None:
        self.id = socket.gethostname()
        self._clock = clock
        self._started = clock.monotonic()

    def uptime(self) -> str:
        """`HH:MM:SS` since the buoy started."""
        return uptime(self._clock.monotonic() - self._started)


def release() -> str:
    """The release of this distribution, or `unknown` where it runs from a plain folder."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"
