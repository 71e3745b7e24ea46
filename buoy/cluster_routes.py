"""The paths that are about all nodes together."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from buoy.answers import JSON, Answer
from buoy.board import Board
from buoy.cluster_api import ClusterAnswer, EventsAnswer
from buoy.events import Streams
from buoy.memo import Memo
from buoy.responses import also, respond
from buoy.streaming import STREAM, TOO_MANY_STREAMS, Beat, streaming, wants_stream
from shared.status_file import HISTORY_KEPT

REPLAYED = 10
"""Transitions that a new stream starts with."""

Limit = Annotated[int | None, Query(ge=0, le=HISTORY_KEPT, description="At most that many of the last transitions")]
Scope = Annotated[Literal["cluster", "node"], Query(description="Of all nodes, or of the one that answers")]


class ClusterRoutes:
    """What the buoys know together, from the board."""

    def __init__(self, board: Board, streams: Streams) -> None:
        self._board = board
        self._streams = streams
        self._cluster = Memo[Answer]()

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
        routes.add_api_route(
            "/events",
            self.events,
            summary="The last transitions, and new ones as they come",
            response_model=EventsAnswer,
            responses=also(200, "The newest first; a stream for those that accept `text/event-stream`", **STREAM)
            | TOO_MANY_STREAMS,
        )
        return routes

    async def cluster(self) -> Response:
        """200 when every virtual router has exactly one MASTER, or none because conditions forbid every node."""
        return respond(self._cluster.made(self._cluster_now, self._board.cluster))

    def _cluster_now(self) -> Answer:
        answer = self._board.cluster
        return Answer(200 if answer.ok else 503, JSON, answer.encode())

    async def events(
        self, request: Request, limit: Limit = None, scope: Scope = "cluster", beat: Beat = 15.0
    ) -> Response:
        """Time, node, virtual router, from, to, and the reason of every transition."""
        if wants_stream(request):
            last, replay = request.headers.get("last-event-id", ""), REPLAYED if limit is None else limit
            return streaming(request, self._streams, self._streams.events(last_id=last, replay=replay, beat=beat))
        events = self._board.events if scope == "cluster" else tuple(reversed(self._board.own_history))
        return respond(Answer(200, JSON, EventsAnswer(events=events[:limit]).encode()))
