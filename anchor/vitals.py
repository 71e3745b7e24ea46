"""The signs of life: beats on the link, the deadline for the container's healthcheck, the anchor's status file."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from pathlib import Path

from anchor.patience import Sleep
from shared.disk import Disk
from shared.status import AnchorStatus
from shared.status_file import write_status

logger = logging.getLogger(__name__)

HEALTH_FILE = Path("/run/keepalived-health")
"""What `healthcheck.sh` reads: a deadline in seconds of uptime, and the reason against it."""

HEALTHY_FOR = 10
"""Seconds for which one word of health is good."""

STATUS_EVERY = 1.0
BEATS_PER_TIMEOUT = 6
LONGEST_BEAT = 0.5


def beat_interval(link_timeout: float) -> float:
    """Seconds between two beats: several within the time after which the float gives its anchor up."""
    return min(LONGEST_BEAT, link_timeout / BEATS_PER_TIMEOUT)


class Files:
    """Writes the two files; a failure is said once, and is nobody's end."""

    def __init__(self, health_file: Path, status_folder: Path, *, disk: Disk | None = None) -> None:
        self._health_file = health_file
        self._status_folder = status_folder
        self._disk = disk or Disk()
        self._failing: set[str] = set()

    def health(self, reason: str | None) -> None:
        """Write that the anchor is healthy for a while, or the reason why not."""
        deadline = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + HEALTHY_FOR if reason is None else 0
        self._guarded("health", lambda: self._replace(f"{deadline} {reason or 'ok'}\n"))

    def status(self, status: AnchorStatus) -> None:
        """Publish the status to the buoy."""
        self._guarded("status", lambda: self._disk.do(lambda: write_status(self._status_folder, status)))

    def _replace(self, text: str) -> None:
        scratch = self._health_file.with_suffix(".new")
        scratch.write_text(text)
        scratch.replace(self._health_file)

    def _guarded(self, what: str, write: Callable[[], None]) -> None:
        try:
            write()
            self._failing.discard(what)
        except OSError as error:
            if what not in self._failing:
                logger.error("The %s file cannot be written: %s", what, error)
            self._failing.add(what)


async def run(pulse: Callable[[], None], publish: Callable[[], None], *, interval: float, sleep: Sleep) -> None:
    """Call `pulse` at every interval and `publish` once a second, for ever."""
    pulses_per_publish = max(1, round(STATUS_EVERY / interval))
    for count in itertools.count():
        pulse()
        if count % pulses_per_publish == 0:
            publish()
        await sleep(interval)
