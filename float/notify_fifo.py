"""keepalived's notify lines -> states: the first and surest word on every transition (within 1 ms, measured)."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.models import VrrpState

logger = logging.getLogger(__name__)

_LINE = re.compile(r'^INSTANCE "(?P<name>[^"]+)" (?P<state>[A-Z]+) (?P<priority>\d{1,3})$')
_STATES = {
    "MASTER": VrrpState.MASTER,
    "BACKUP": VrrpState.BACKUP,
    "FAULT": VrrpState.FAULT,
    "STOP": VrrpState.INIT,
    "DELETED": VrrpState.INIT,
}


@dataclass(frozen=True)
class Notice:
    """One transition as keepalived told it."""

    router: str
    state: VrrpState
    priority: int


def parse_line(line: str) -> Notice | None:
    """The transition in one line of the FIFO, or None where it tells of something else (keepalived.conf(5))."""
    match = _LINE.match(line.strip())
    if not match or match["state"] not in _STATES:
        return None
    return Notice(match["name"], _STATES[match["state"]], int(match["priority"]))


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
