"""Reads a socket as packets come, up to a ration: what is beyond stays in the kernel, which drops what does not fit.

Python needs some 20 µs for a packet, so that whoever sends a hundred thousand a second would have the whole core, and
the loop that keeps the virtual IPs right would starve.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from float.ration import Ration

MOST_QUEUED = 4096
"""Packets that wait in a socket at most, by far (sysctl net.core.rmem_default)."""


class RationedReader:
    """One non-blocking socket, read from the running event loop until it is closed."""

    def __init__(
        self, sock: socket.socket, ration: Ration, take: Callable[[socket.socket], None], *, flooded: Callable[[], None]
    ) -> None:
        self.sock = sock
        self.ration = ration
        self._take = take
        self._flooded = flooded
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(sock, self._read)

    def drop(self) -> None:
        """What has come by now is not looked at."""
        with contextlib.suppress(OSError):  # no more is there
            for _ in range(MOST_QUEUED):
                self.sock.recv(1)

    def close(self) -> None:
        """Stop reading."""
        if self._pause:
            self._pause.cancel()
        self._loop.remove_reader(self.sock)
        self.sock.close()

    def _read(self) -> None:
        """Take one packet: most come alone, and a look for more costs as much as to be woken for the next."""
        if self.ration.exhausted(self._loop.time()):
            self._rest()
            return
        with contextlib.suppress(OSError):  # told once of what befell the socket (its NIC is off); it stays usable
            self._take(self.sock)
            self.ration.take(self._loop.time())

    def _rest(self) -> None:
        self._flooded()
        self._loop.remove_reader(self.sock)
        self._pause = self._loop.call_later(self.ration.wait(self._loop.time()), self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self.sock, self._read)
