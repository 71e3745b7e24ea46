"""The paths that are about all nodes together."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from buoy.answers import EVENT_STREAM, JSON, Answer
from buoy.board import Board
from buoy.cluster_api import ClusterAnswer, EventsAnswer
from buoy.events import Streams
from buoy.problems import problem
from buoy.responses import also, asked_method, respond

REPLAYED = 10
"""Transitions that a new stream starts with."""

TOO_MANY = problem(503, "this buoy serves as many event streams as it can; ask again later, or ask for JSON")

Limit = Annotated[int | None, Query(ge=0, le=100_000, description="At most that many of the last transitions")]
Scope = Annotated[Literal["cluster", "node"], Query(description="Of all nodes, or of the one that answers")]

Beat = Annotated[float, Query(ge=0.1, le=60, description="Seconds of silence after which a stream says it lives")]


class ClusterRoutes:
    """What the buoys know together, from the board."""

    def __init__(self, board: Board, streams: Streams) -> None:
        self._board = board
        self._streams = streams

    def router(self) -> APIRouter:
        """All of them."""
        routes = APIRouter(tags=["all nodes"])
        routes.add_api_route(
            "/cluster",
            self.cluster,
            summary="Who holds what, over all nodes",
            response_model=ClusterAnswer,
            responses=also(503, "A virtual router has no MASTER, or more than one", model=ClusterAnswer),
        )
        stream = {EVENT_STREAM: {"schema": {"type": "string"}}}
        routes.add_api_route(
            "/events",
            self.events,
            summary="The last transitions, and new ones as they come",
            response_model=EventsAnswer,
            responses=also(200, "The newest first; a stream for those that accept `text/event-stream`", content=stream)
            | also(503, "Too many streams are open", problem=True),
        )
        return routes

    async def cluster(self) -> Response:
        """200 when every virtual router has exactly one MASTER, or none because conditions forbid every node."""
        answer = self._board.cluster
        return respond(Answer(200 if answer.ok else 503, JSON, answer.encode()))

    async def events(
        self, request: Request, limit: Limit = None, scope: Scope = "cluster", beat: Beat = 15.0
    ) -> Response:
        """Time, node, virtual router, from, to, and the reason of every transition."""
        if EVENT_STREAM in request.headers.get("accept", ""):
            return self._stream(request, REPLAYED if limit is None else limit, beat)
        events = self._board.events if scope == "cluster" else tuple(reversed(self._board.own_history))
        return respond(Answer(200, JSON, EventsAnswer(events=events[:limit]).encode()))

    def _stream(self, request: Request, replay: int, beat: float) -> Response:
        if self._streams.full:
            return respond(TOO_MANY)
        if asked_method(request) != "GET":
            return Response(media_type=EVENT_STREAM)
        last = request.headers.get("last-event-id", "")
        stream = self._streams.stream(last_id=last, replay=replay, beat=beat)
        return StreamingResponse(stream, media_type=EVENT_STREAM)
