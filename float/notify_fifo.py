"""keepalived's notify lines -> states: the first and surest word on every transition (within 1 ms, measured)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from float.line_reader import LineReader
from float.notice import Notice, parse_line

logger = logging.getLogger(__name__)


class NotifyFifo:
    """The reading end of the FIFO; ours from before keepalived starts until we end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._on_notice: Callable[[Notice], None] = lambda _: None
        self._reader: LineReader | None = None

    def open(self, on_notice: Callable[[Notice], None]) -> None:
        """Make the FIFO and read it from the running event loop. Raises OSError."""
        self._on_notice = on_notice
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path, 0o600)
        self._reader = LineReader(os.open(self._path, os.O_RDWR | os.O_NONBLOCK), self._take, _never)

    def close(self) -> None:
        """Stop reading."""
        if self._reader:
            self._reader.close()

    def _take(self, line: bytes) -> None:
        notice = parse_line(line.decode(errors="replace"))
        if notice:
            self._on_notice(notice)
        else:
            logger.debug("keepalived's notify line says nothing about a state", extra={"line": line})


def _never() -> None:
    """A FIFO of which this process has both ends does not end."""
