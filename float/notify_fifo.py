"""keepalived's notify lines -> states: the first and surest word on every transition (within 1 ms, measured)."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from float.notice import Notice, parse_line

logger = logging.getLogger(__name__)


class NotifyFifo:
    """The reading end of the FIFO; ours from before keepalived starts until we end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._on_notice: Callable[[Notice], None] = lambda _: None
        self._rest = b""
        self._fd = -1

    def open(self, on_notice: Callable[[Notice], None]) -> None:
        """Make the FIFO and read it from the running event loop. Raises OSError."""
        self._on_notice = on_notice
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path, 0o600)
        self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def close(self) -> None:
        """Stop reading."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _read(self) -> None:
        *lines, self._rest = (self._rest + os.read(self._fd, 65536)).split(b"\n")
        for line in lines:
            notice = parse_line(line.decode(errors="replace"))
            if notice:
                self._on_notice(notice)
            else:
                logger.debug("keepalived's notify line says nothing about a state", extra={"line": line})
