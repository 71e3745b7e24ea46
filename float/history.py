"""The node's transitions on the status volume: appended, bounded, for the buoy to read."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from float.routers import Transition

logger = logging.getLogger(__name__)


class History:
    """`history.jsonl`: one JSON object a line with time, node, router, vrid, from, to and reason."""

    def __init__(self, path: Path, *, node: str, limit: int) -> None:
        self._path = path
        self._node = node
        self._limit = limit
        self._lines = self._count()

    def append(self, transition: Transition) -> None:
        """Write it down; a full disk is logged and changes nothing else."""
        entry = {
            "time": round(transition.wall, 3),
            "node": self._node,
            "router": transition.router,
            "vrid": transition.vrid,
            "from": transition.before.name,
            "to": transition.after.name,
            "reason": transition.reason,
        }
        try:
            with self._path.open("a") as file:
                file.write(json.dumps(entry) + "\n")
            self._lines += 1
            if self._lines > 2 * self._limit:
                self._shorten()
        except OSError as error:
            logger.warning("the history cannot be written: %s", error)

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
