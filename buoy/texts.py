"""How the buoy words times and reasons. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Sequence


def moment(seconds: float) -> datetime.datetime:
    """The wall clock's seconds since the epoch as a time with a zone; an impossible number is the epoch."""
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.datetime.fromtimestamp(0, datetime.UTC)


def stamp(seconds: float) -> str:
    """`2026-01-31T12:00:00Z`."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def uptime(seconds: float) -> str:
    """`HH:MM:SS`; the hours go on counting after a day."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def sentence(what: str, why: str) -> str:
    """One line: what, and why where that is known."""
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    return f"{what}: {'; '.join(lines)}" if lines else what


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
