"""The node's transitions on the status volume: appended, bounded, for the buoy to read."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections import deque
from pathlib import Path

from float.routers import Transition
from shared.disk import Disk

logger = logging.getLogger(__name__)

MOST_UNWRITTEN = 1000
"""Transitions that wait for a disk that takes none; of more, the last ones are kept."""


class History:
    """`history.jsonl`: one JSON object a line with time, node, router, vrid, from, to and reason."""

    def __init__(self, path: Path, *, node: str, limit: int, disk: Disk | None = None) -> None:
        self._path = path
        self._node = node
        self._limit = limit
        self._disk = disk or Disk()
        self._unwritten: deque[bytes] = deque(maxlen=MOST_UNWRITTEN)
        self._lines = self._count()
        self._trouble = ""

    def append(self, transition: Transition) -> None:
        """Write it down; a disk that is full or hangs is logged, and has the line with a later one."""
        entry = {
            "time": round(transition.wall, 3),
            "node": self._node,
            "router": transition.router,
            "vrid": transition.vrid,
            "from": transition.before.name,
            "to": transition.after.name,
            "reason": transition.reason,
        }
        self._unwritten.append(json.dumps(entry).encode() + b"\n")
        trouble = ""
        try:
            self._disk.do(self._catch_up)
        except OSError as error:
            trouble = str(error)
        if trouble and trouble != self._trouble:
            logger.warning("the history cannot be written: %s", trouble)
        self._trouble = trouble

    def _catch_up(self) -> None:
        while self._unwritten:
            self._add(self._unwritten[0])
            self._unwritten.popleft()
            self._lines += 1
            if self._lines > 2 * self._limit:
                self._shorten()

    def _add(self, line: bytes) -> None:
        """The whole line or nothing, so that a full disk spoils no later one. Raises OSError."""
        with self._path.open("ab", buffering=0) as file:
            end = file.tell()
            if file.write(line) < len(line):
                file.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _shorten(self) -> None:
        kept = self._path.read_bytes().splitlines(keepends=True)[-self._limit :]
        scratch = self._path.with_suffix(".new")
        scratch.write_bytes(b"".join(kept))
        scratch.replace(self._path)
        self._lines = len(kept)

    def _count(self) -> int:
        try:
            with self._path.open("rb") as file:
                return sum(1 for _ in file)
        except OSError:
            return 0
