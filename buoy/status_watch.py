"""The status volume, in memory: three files looked at ten times a second, read only when they changed."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from buoy.board import Board
from buoy.history import read_history
from buoy.node import NodeView
from shared.clock import Clock
from shared.status import AnchorStatus, FloatStatus
from shared.status_file import (
    ANCHOR_FILE,
    FLOAT_FILE,
    HISTORY_FILE,
    STALE_AFTER,
    is_fresh,
    read_anchor_status,
    read_float_status,
)

LOOK_EVERY = 0.1
"""Seconds between looks; a look is three calls of stat(2)."""

log = logging.getLogger("buoy.status")

_Mark = tuple[int, int, int] | None


class StatusWatch:
    """Puts this node's status up on the board when it changes or grows stale."""

    def __init__(self, folder: Path, board: Board, clock: Clock, boot: str, *, history_limit: int = 1000) -> None:
        self._folder = folder
        self._paths = tuple(str(folder / name) for name in (FLOAT_FILE, ANCHOR_FILE, HISTORY_FILE))
        self._board = board
        self._clock = clock
        self._boot = boot
        self._history_limit = history_limit
        self._marks: tuple[_Mark, _Mark] = (None, None)
        self._history_mark: _Mark = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Look once; a file that cannot be read leaves the last word standing, which then grows stale."""
        node = self._read()
        if node != self._board.node:
            self._tell(self._board.node, node)
            self._board.post_node(node)
        self._look_at_history()

    def _look_at_history(self) -> None:
        mark = _mark(self._paths[2])
        if mark is not None and mark != self._history_mark:
            self._board.post_history(read_history(self._folder / HISTORY_FILE, self._history_limit))
        self._history_mark = mark

    def _read(self) -> NodeView:
        before = self._board.node
        marks = (_mark(self._paths[0]), _mark(self._paths[1]))
        floating, anchor = before.floating, before.anchor
        if marks[0] != self._marks[0]:
            floating = read_float_status(self._folder) or floating
        if marks[1] != self._marks[1]:
            anchor = read_anchor_status(self._folder) or anchor
        self._marks = marks
        return NodeView(before.hostname, floating, anchor, self._fresh(floating), self._fresh(anchor))

    def _fresh(self, status: FloatStatus | AnchorStatus | None) -> bool:
        now = self._clock.monotonic()
        return status is not None and is_fresh(status, monotonic=now, boot=self._boot)

    def _tell(self, before: NodeView, node: NodeView) -> None:
        if node.fresh and not before.fresh:
            log.info("The float speaks", extra={"node": node.name})
        if before.fresh and not node.fresh:
            log.warning("The float has been silent for more than %s s", STALE_AFTER, extra={"node": node.name})
        for router in node.routers:
            if not any(old.name == router.name and old.state is router.state for old in before.routers):
                fields = {"node": node.name, "vrid": router.vrid}
                log.info(
                    "%s is %s: %s", router.name, router.state.name, router.reason or "no reason given", extra=fields
                )


def _mark(path: str) -> _Mark:
    try:
        stat = os.stat(path)  # noqa: PTH116  # thirty times a second
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
