"""uvicorn's HTTP connection with bounds, so that no client can keep the others from being served.

uvicorn itself waits for ever for the first byte and for the rest of a request, and reads headers of any length.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

PATIENCE = 10.0
"""Seconds that a client has to send a whole request, and to read what it was sent."""

LARGEST_REQUEST = 32 * 1024
"""Bytes that a client may send before it has its answer; a question has no body worth that."""

LINGER = 2.0
"""Seconds that a refused client has to stop sending."""

MOST_CONNECTIONS = 768
"""Beyond these the one that has been idle longest is closed; below the 1024 files of a plain process."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Make room if there is none, and expect a request soon."""
        self._make_room()
        super().connection_made(transport)
        self._received = 0
        self.idle_since = self.loop.time()
        self._request = _Deadline(self.loop, transport.abort)
        self._reader = _Deadline(self.loop, transport.abort)
        self._request.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._request.clear()
        self._reader.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take it, unless it is too much; expect the rest of it soon."""
        self._received += len(data)
        if self._received > LARGEST_REQUEST:
            if self._received - len(data) <= LARGEST_REQUEST:
                self._refuse()
            return
        super().data_received(data)
        if self.idle:
            self._request.set()
        else:
            self._request.clear()

    def on_response_complete(self) -> None:
        """The client may send as much again; the time until it does is uvicorn's keep-alive."""
        self._received = 0
        self.idle_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read what it asked for."""
        self._reader.set()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It reads again."""
        self._reader.clear()
        super().resume_writing()

    @property
    def idle(self) -> bool:
        """Whether no whole request is waiting for its answer."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _refuse(self) -> None:
        """Say so, and go on reading for a moment: closed at once, the client would see a reset and no answer."""
        if self.idle:
            self.transport.write(_TOO_LARGE)
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.abort)

    def _make_room(self) -> None:
        if len(self.connections) >= MOST_CONNECTIONS:
            idle = (other for other in self.connections if isinstance(other, BoundedProtocol) and other.idle)
            oldest = min(idle, key=lambda other: other.idle_since, default=None)
            if oldest is not None:
                oldest.transport.abort()


class _Deadline:
    """Something that happens after `PATIENCE`, unless it is cleared."""

    def __init__(self, loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
        self._loop = loop
        self._act = act
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """Let the time run, if it does not yet."""
        if self._timer is None:
            self._timer = self._loop.call_later(PATIENCE, self._act)

    def clear(self) -> None:
        """There is no hurry any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
