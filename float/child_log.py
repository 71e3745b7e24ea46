"""keepalived's log, repeated in ours: without ever making keepalived wait, and without a flood of equal lines."""

from __future__ import annotations

import asyncio
import logging
import os
import re

from float.line_reader import LineReader
from float.log_thrift import WINDOW, LogThrift

logger = logging.getLogger("float.keepalived")

_PASSWORD = re.compile(r"(Password = ).*")
"""How `--dump-conf` shows VRRPv2's password."""


class ChildLog:
    """A pipe for the child's stderr.

    It does not block the child: a keepalived that waited for a busy supervisor to read its log missed adverts, and
    took the VIP (measured, under a flood of bad packets). What does not fit into the pipe is lost.
    """

    def __init__(self) -> None:
        self._thrift = LogThrift()
        self._loop = asyncio.get_running_loop()
        self._summary: asyncio.TimerHandle | None = None
        read_end, self.write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        LineReader(read_end, self._repeat, self._end)

    def handed_over(self) -> None:
        """The child has its end, or did not start: ours is not needed any more."""
        os.close(self.write_end)

    def _repeat(self, line: bytes) -> None:
        said = line.decode(errors="replace").strip().split(": ", 1)[-1]
        if not said:
            return
        if self._thrift.passes(said, self._loop.time()):
            _say(said)
        elif self._summary is None:
            self._summary = self._loop.call_later(WINDOW, self._sum_up)

    def _sum_up(self) -> None:
        self._summary = None
        for said in self._thrift.left_out():
            _say(said)

    def _end(self) -> None:
        if self._summary:
            self._summary.cancel()
            self._sum_up()


def _say(text: str) -> None:
    logger.info("keepalived: %s", _PASSWORD.sub(r"\1(hidden)", text))
