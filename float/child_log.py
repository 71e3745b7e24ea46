"""keepalived's log, repeated in ours: without ever making keepalived wait, and without a flood of equal lines."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import re

from float.log_thrift import WINDOW, LogThrift

logger = logging.getLogger("float.keepalived")

_PIPE_SIZE = 1024 * 1024
_LONGEST = 4096
_PASSWORD = re.compile(r"(Password = ).*")
"""How `--dump-conf` shows VRRPv2's password."""


class ChildLog:
    """A pipe for the child's stderr.

    It does not block the child: a keepalived that waited for a busy supervisor to read its log missed adverts, and
    took the VIP (measured, under a flood of bad packets). What does not fit into the pipe is lost.
    """

    def __init__(self) -> None:
        self._thrift = LogThrift()
        self._rest = b""
        self._summary: asyncio.TimerHandle | None = None
        self._read_end, self.write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        with contextlib.suppress(OSError):  # pipe-user-pages-soft is reached: the usual size has to do
            fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        asyncio.get_running_loop().add_reader(self._read_end, self._read)

    def handed_over(self) -> None:
        """The child has its end, or did not start: ours is not needed any more."""
        os.close(self.write_end)

    def _read(self) -> None:
        data = os.read(self._read_end, 65536)
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST]
        for line in lines:
            self._repeat(line.decode(errors="replace").strip())
        if not data:
            self._end()

    def _repeat(self, text: str) -> None:
        said = text.split(": ", 1)[-1]
        if not said:
            return
        loop = asyncio.get_running_loop()
        if self._thrift.passes(said, loop.time()):
            _say(said)
        elif self._summary is None:
            self._summary = loop.call_later(WINDOW, self._sum_up)

    def _sum_up(self) -> None:
        self._summary = None
        for said in self._thrift.left_out():
            _say(said)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._read_end)
        os.close(self._read_end)
        if self._summary:
            self._summary.cancel()
            self._sum_up()


def _say(text: str) -> None:
    logger.info("keepalived: %s", _PASSWORD.sub(r"\1(hidden)", text))
