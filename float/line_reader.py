"""Lines from a pipe as they come; of a flood of them, those that gathered in a while are read together.

keepalived writes two lines for every advert of a lower priority that somebody sends its master, one to its log and one
to its notify FIFO: woken for each, the loop would have no time for anything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable

from float.ration import Ration

LINES, WINDOW = 20, 0.02
"""So many lines in so many seconds are read as they come; more wait until the window ends."""

_PIPE_SIZE, _ENOUGH = 1024 * 1024, 64 * 1024
"""Bytes that a pipe is to hold, and those without which it is emptied at once: lines that do not fit are lost."""

_LONGEST = 4096
_AT_ONCE = 65536


class LineReader:
    """Reads a pipe from the running event loop, until it ends or is closed; the descriptor is this object's."""

    def __init__(self, descriptor: int, on_line: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._ration = Ration(LINES, WINDOW)
        self._begun = b""
        self._pause: asyncio.TimerHandle | None = None
        with contextlib.suppress(OSError):  # root has too many pipes on this host (pipe-user-pages-soft, pipe(7))
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        self._may_wait = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ) >= _ENOUGH
        self._loop.add_reader(descriptor, self._read)

    def close(self) -> None:
        """Stop reading."""
        if self._pause:
            self._pause.cancel()
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        data = os.read(self._descriptor, _AT_ONCE)
        *lines, begun = (self._begun + data).split(b"\n")
        self._begun = begun[:_LONGEST]
        now = self._loop.time()
        for line in lines:
            self._ration.take(now)
            self._on_line(line)
        if not data:
            self.close()
            self._on_end()
        elif self._may_wait and self._ration.exhausted(now):
            self._loop.remove_reader(self._descriptor)
            self._pause = self._loop.call_later(self._ration.wait(now), self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._descriptor, self._read)
