"""Time as the parts use it: monotonic for decisions, the wall only for people."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests bring their own."""

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC, the same in every container of a host."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch; may jump."""
        ...


class SystemClock:
    """The host's own clocks."""

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC, the same in every container of a host."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch; may jump."""
        return time.time()


def boot_id() -> str:
    """The kernel's name for this boot (proc(5), random/boot_id); empty where there is none."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def uptime() -> float:
    """Seconds since the host booted, sleep included, as the first field of /proc/uptime (proc(5))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
