"""How a route answers with a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from buoy.answers import EVENT_STREAM
from buoy.events import Streams
from buoy.problems import problem
from buoy.responses import also, asked_method, respond

STREAM: dict[str, Any] = {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}
TOO_MANY_STREAMS = also(503, "Too many streams are open", problem=True)
TOO_MANY = problem(503, "this buoy has no stream left, or none for this address; ask again later, or ask for JSON")

Beat = Annotated[float, Query(ge=0.1, le=60, description="Seconds of silence after which a stream says that it lives")]


def wants_stream(request: Request) -> bool:
    """Whether the client accepts server-sent events."""
    return EVENT_STREAM in request.headers.get("accept", "")


def streaming(request: Request, streams: Streams, stream: AsyncIterator[bytes]) -> Response:
    """The stream, unless there are too many; nothing of it for HEAD and OPTIONS."""
    client = request.client.host if request.client else ""
    if asked_method(request) == "GET":
        return _Seated(stream, streams, client)
    with streams.seat(client) as free:
        return Response(media_type=EVENT_STREAM) if free else respond(TOO_MANY)


class _Seated(StreamingResponse):
    """Has its seat from the moment of the look at what is free, so that none of many that come at once gets past it."""

    def __init__(self, stream: AsyncIterator[bytes], streams: Streams, client: str) -> None:
        super().__init__(stream, media_type=EVENT_STREAM)
        self._streams = streams
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it, or say that there are too many."""
        with self._streams.seat(self._client) as free:
            serve = super().__call__ if free else respond(TOO_MANY)
            await serve(scope, receive, send)
