"""A log handler that never holds up whoever logs: a bounded queue, and a thread that writes.

What a container writes goes through a pipe to Docker's logging driver. A driver that stalls leaves the pipe full, and a
write then waits for as long as that lasts; an event loop that waits there would miss beats, adverts and leases.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
from collections import deque

MOST_WAITING = 1024 * 1024
"""Bytes of lines that wait for a reader; more are lost, and counted."""

PATIENCE = 2.0
"""Seconds without any progress after which an end of the process waits no longer for the reader."""

_NAME = __name__


class LogQueue(logging.Handler):
    """Lines in the order in which they were logged, written to a file descriptor by a thread of its own.

    Once a line is lost, so are all that follow until those that wait are written; then one line says how many. A forked
    child has a queue and a thread of its own.
    """

    def __init__(self, descriptor: int, *, most: int = MOST_WAITING, patience: float = PATIENCE) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._most = most
        self._patience = patience
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._change = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._lost = 0
        self._written = 0
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line, or count it as lost."""
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - a sentence whose fields do not fit it harms nobody
            line = f"{record.name}: {record.msg!r} cannot be logged: {error}"
        if os.getpid() != self._pid:
            self._begin()
        with self._change:
            self._put(_encoded(line))

    def flush(self) -> None:
        """Wait until everything is written, for as long as somebody reads."""
        if os.getpid() != self._pid:
            return
        with self._change:
            while self._waiting or self._lost:
                before = self._written
                self._change.wait_for(lambda: self._written != before, self._patience)  # noqa: B023 - called at once
                if self._written == before:
                    return

    def _put(self, line: bytes) -> None:
        if self._lost or self._waiting + len(line) > self._most:
            self._lost += 1
        else:
            self._lines.append(line)
            self._waiting += len(line)
        if self._thread is None:
            with contextlib.suppress(RuntimeError):  # no room for a thread: tried again with the next line
                thread = threading.Thread(target=self._write_on, name="log", daemon=True)
                thread.start()
                self._thread = thread
        self._change.notify_all()

    def _write_on(self) -> None:
        while True:
            line = self._next()
            _write(self._descriptor, line)
            with self._change:
                self._waiting -= len(line)
                self._written += 1
                self._change.notify_all()

    def _next(self) -> bytes:
        with self._change:
            self._change.wait_for(lambda: self._lines or self._lost)
            if not self._lines:
                line, self._lost = _encoded(self.format(_loss(self._lost))), 0
                self._waiting += len(line)
                return line
            return self._lines.popleft()


def _loss(number: int) -> logging.LogRecord:
    sentence = "%d log lines are lost: nobody read those before them, as when a logging driver stalls"
    return logging.LogRecord(_NAME, logging.WARNING, __file__, 0, sentence, (number,), None)


def _encoded(line: str) -> bytes:
    return f"{line}\n".encode(errors="backslashreplace")


def _write(descriptor: int, line: bytes) -> None:
    """All of it; what nobody will ever read is dropped."""
    with contextlib.suppress(OSError):
        while line:
            try:
                line = line[os.write(descriptor, line) :]
            except BlockingIOError:  # whoever gave us the descriptor has it so
                select.select((), (descriptor,), ())
