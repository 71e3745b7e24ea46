"""How a route answers with a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response, StreamingResponse

from buoy.answers import EVENT_STREAM
from buoy.events import Streams
from buoy.problems import problem
from buoy.responses import also, asked_method, respond

STREAM: dict[str, Any] = {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}
TOO_MANY_STREAMS = also(503, "Too many streams are open", problem=True)
TOO_MANY = problem(503, "this buoy serves as many event streams as it can; ask again later, or ask for JSON")

Beat = Annotated[float, Query(ge=0.1, le=60, description="Seconds of silence after which a stream says that it lives")]


def wants_stream(request: Request) -> bool:
    """Whether the client accepts server-sent events."""
    return EVENT_STREAM in request.headers.get("accept", "")


def streaming(request: Request, streams: Streams, stream: AsyncIterator[bytes]) -> Response:
    """The stream, unless there are too many; nothing of it for HEAD and OPTIONS."""
    if streams.full:
        return respond(TOO_MANY)
    if asked_method(request) != "GET":
        return Response(media_type=EVENT_STREAM)
    return StreamingResponse(stream, media_type=EVENT_STREAM)
