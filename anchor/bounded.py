"""Docker's SDK with an end to everything: its own limit is for each byte, so that an answer may trickle for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import docker
import requests
from docker.types.daemon import CancellableStream

LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of the longest answer, some five thousand nodes: bodies without an end must not fill the stack's 256 MB."""

LONGEST_LINE = 1024 * 1024
"""Bytes of the longest line of a stream: an event has its container's labels."""

_PIECE = 64 * 1024


class BoundedClient(docker.APIClient):
    """The SDK's client whose answers come whole within `timeout` seconds and a number of bytes, or not at all.

    A stream has to begin within that time; after it, each silence of a pull may last as long, and one of events for
    ever. Raises requests.RequestException beyond a limit.
    """

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """One request and its whole answer; the SDK gives streams no limit at all."""
        limit = kwargs.get("timeout") or self.timeout
        until = time.monotonic() + limit
        response = super().send(request, **{**kwargs, "timeout": limit, "stream": True})
        if not kwargs.get("stream"):
            vars(response).update(_content=_whole(response, until), _content_consumed=True)  # as `content` would do
        return response

    def events_without_end(self, filters: dict[str, list[str]]) -> CancellableStream[Any]:
        """The stream of events, in pieces; once it stands it may be silent. Raises ValueError where it is none."""
        stream = self.events(filters=filters)
        response: requests.Response = vars(stream)["_response"]
        if response.headers.get("Transfer-Encoding") != "chunked":
            stream.close()
            raise ValueError("the events come in one piece, and not as a stream")
        _connection(response).settimeout(None)
        return stream


def _whole(response: requests.Response, until: float) -> bytes:
    content = bytearray()
    watch = threading.Timer(max(0.0, until - time.monotonic()), _cut, (response,))
    watch.daemon = True
    watch.start()
    try:
        for piece in response.iter_content(_PIECE):
            content += piece
            if len(content) > LONGEST_ANSWER:
                _cut(response)
                raise requests.exceptions.ContentDecodingError(f"the answer is longer than {LONGEST_ANSWER} bytes")
        if time.monotonic() > until:
            raise requests.exceptions.ReadTimeout("the answer did not come to its end in time")
        return bytes(content)
    finally:
        watch.cancel()
        content.clear()  # an error's traceback keeps what stands here, and lives until the garbage is collected


def _connection(response: requests.Response) -> socket.socket:
    """Where the SDK finds it, too (`CancellableStream.close`)."""
    reader = vars(vars(response.raw)["_fp"].fp.raw)  # http.client's SocketIO
    found: socket.socket = reader["_sock"]
    return found


def _cut(response: requests.Response) -> None:
    """End the connection, so that whoever reads from it hears of it."""
    CancellableStream(iter(()), response).close()


def lines(stream: CancellableStream[Any]) -> Iterator[bytes]:
    """The lines of a stream, however it is cut into pieces. Raises ValueError for one without an end."""
    rest = b""
    for piece in stream:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line for line in whole if line.strip())
        if len(rest) > LONGEST_LINE:
            rest = b""
            stream.close()
            raise ValueError("a line of the stream has no end")
