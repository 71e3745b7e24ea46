"""Small files on a disk that may hang: a frozen file system, a stalled SAN. Who writes them does not hang with it."""

from __future__ import annotations

import threading
from collections.abc import Callable

PATIENCE = 0.25
"""Seconds; what takes longer is still done, by a thread that nobody waits for. Half a beat of an anchor."""


class Disk:
    """A process's way to its files: one job at a time, never two of them out of order, and a hang is met once."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._thread: threading.Thread | None = None

    def do(self, job: Callable[[], None]) -> None:
        """Do the job, and raise what it raises; TimeoutError, an OSError, where this one or the last one hangs.

        A job that hangs is finished when the disk answers again, what is asked for meanwhile is not done.
        """
        if self._thread is not None and self._thread.is_alive():
            raise TimeoutError("the disk does not answer")
        raised: list[Exception] = []

        def work() -> None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - whoever still waits raises it; who does not asks again
                raised.append(error)

        self._thread = threading.Thread(target=work, name="disk", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # no room for a thread
            self._thread = None
            raise OSError(str(error)) from None
        self._thread.join(self._patience)
        if self._thread.is_alive():
            raise TimeoutError("the disk does not answer")
        if raised:
            raise raised[0]
