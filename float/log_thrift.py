"""PURE: which of keepalived's lines are worth repeating when it says the same of every packet of a flood."""

from __future__ import annotations

import functools
import re

WINDOW = 10.0
"""Seconds after which what was left out is summed up."""

MOST = 30
"""Lines of one kind in a window: a start with many virtual routers is told whole, thousands of bad packets are not."""

_KINDS = 1024
_NUMBERS = re.compile(r"[0-9a-fA-F.:]*\d[0-9a-fA-F.:]*")
"""Counts and addresses: lines that differ in them alone are of one kind."""


class LogThrift:
    """Counts the lines of each kind; times are monotonic seconds."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._last: dict[str, str] = {}
        self._until = 0.0

    def passes(self, line: str, now: float) -> bool:
        """Whether the line is to be repeated; what is not is summed up by `left_out`."""
        if now >= self._until and not self._last:
            self._counts.clear()
            self._until = now + WINDOW
        kind = _kind(line)
        if kind not in self._counts and len(self._counts) >= _KINDS:
            kind = ""
        self._counts[kind] = count = self._counts.get(kind, 0) + 1
        if count <= MOST:
            return True
        self._last[kind] = line
        return False

    def left_out(self) -> tuple[str, ...]:
        """A sentence for each kind of which lines were left out, and a new window."""
        told = tuple(f"{self._counts[kind] - MOST} more lines like: {line}" for kind, line in self._last.items())
        self._counts.clear()
        self._last.clear()
        self._until = 0.0
        return told


@functools.lru_cache(maxsize=256)
def _kind(line: str) -> str:
    return _NUMBERS.sub("#", line)
