"""The paths that are about this node, declared once for HTTP and for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from buoy.answers import HEALTH_JSON, JSON, ROLE_PATHS, Answer, role
from buoy.api import HealthAnswer, Identity, NodeAnswer, RoleAnswer, VersionAnswer
from buoy.board import Board
from buoy.cluster_view import masters_by_vrid
from buoy.describe import version_answer
from buoy.events import Streams
from buoy.health import not_known, reason_against
from buoy.identity import OwnContainer
from buoy.memo import Memo
from buoy.metrics import CONTENT_TYPE, render
from buoy.page import Page
from buoy.responses import PLAIN_TEXT, also, respond
from buoy.selection import RouterFilter
from buoy.streaming import STREAM, Beat, streaming, wants_stream

LINKS = {name: f"/{name}" for name in ("health", "vrrp", "cluster", "events", "metrics", "version", "docs")}


class HealthJson(JSONResponse):
    """The media type of the health draft."""

    media_type = HEALTH_JSON


class NodeRoutes:
    """This node's truth, from the board."""

    def __init__(self, board: Board, container: OwnContainer, page: Page, streams: Streams) -> None:
        self._board = board
        self._container = container
        self._page = page
        self._streams = streams
        self._vrrp = Memo[Answer]()
        self._metrics = Memo[Answer]()

    def router(self) -> APIRouter:
        """All of them."""
        routes = APIRouter(tags=["this node"])
        self._add_probes(routes)
        self._add_roles(routes)
        self._add_views(routes)
        return routes

    def _add_probes(self, routes: APIRouter) -> None:
        text: dict[str, Any] = {"response_class": Response}
        ok, no = also(200, "`ok`", **PLAIN_TEXT), also(503, "The reason", **PLAIN_TEXT)
        routes.add_api_route("/livez", self.livez, summary="The buoy itself answers", responses=ok, **text)
        routes.add_api_route("/readyz", self.readyz, summary="A status has been read", responses=ok | no, **text)
        routes.add_api_route(
            "/health",
            self.health,
            summary="This node serves, or could take over",
            response_class=HealthJson,
            response_model=HealthAnswer,
            responses=also(200, "`Ok`", **PLAIN_TEXT) | also(503, "The reason", model=HealthAnswer, **PLAIN_TEXT),
        )

    def _add_roles(self, routes: APIRouter) -> None:
        for path, state in ROLE_PATHS.items():
            routes.add_api_route(
                path,
                self.role,
                name=path.strip("/"),
                summary=f"200 when this node is {state.name}",
                response_model=RoleAnswer,
                response_description=f"It is {state.name}",
                responses=also(503, f"It is not {state.name}, or that is not known", model=RoleAnswer),
            )

    def _add_views(self, routes: APIRouter) -> None:
        html = {"text/html": {"schema": {"type": "string"}}}
        routes.add_api_route(
            "/",
            self.root,
            summary="Which node answers; for a browser, the dashboard",
            response_model=Identity,
            responses=also(200, "A page for those that accept `text/html`", content=html),
        )
        unknown = also(503, "The status is missing or stale; the last word is shown", model=NodeAnswer)
        unknown |= also(200, "As JSON, or as a stream of it", **STREAM)
        metrics = {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}}
        routes.add_api_route(
            "/vrrp",
            self.vrrp,
            summary="Every virtual router of this node",
            response_model=NodeAnswer,
            responses=unknown,
        )
        routes.add_api_route(
            "/metrics", self.metrics, summary="For Prometheus", response_class=Response, responses={200: metrics}
        )
        routes.add_api_route("/version", self.version, summary="What runs here", response_model=VersionAnswer)

    async def livez(self) -> Response:
        """Says nothing about the virtual IPs: a restart of the buoy would not help them."""
        return respond(self._board.answers["/livez", ""])

    async def readyz(self) -> Response:
        """503 until the float has spoken once."""
        return respond(self._board.answers["/readyz", ""])

    async def health(self, request: Request) -> Response:
        """`Ok`, or the reason in a sentence; as `application/health+json` for those that accept it."""
        wanted = HEALTH_JSON if HEALTH_JSON in request.headers.get("accept", "") else ""
        return respond(self._board.answers["/health", wanted])

    async def role(self, request: Request, wanted: Annotated[RouterFilter, Query()]) -> Response:
        """About the virtual router that the query names, or the stack's own."""
        return respond(role(self._board.node, ROLE_PATHS[request.url.path], wanted))

    async def vrrp(self, request: Request, beat: Beat = 15.0) -> Response:
        """State, priorities, addresses as the kernel has them, peers, counters, and the conditions with reasons.

        For those that accept `text/event-stream` again and again, whenever it changes.
        """
        if wants_stream(request):
            return streaming(request, self._streams, self._streams.node(beat))
        return respond(self._vrrp.made(self._vrrp_now, self._board.node, self._board.own_history))

    def _vrrp_now(self) -> Answer:
        known = not_known(self._board.node) is None
        return Answer(200 if known else 503, JSON, self._board.node_answer().encode())

    async def metrics(self) -> Response:
        """Names, types and labels of mehdy/keepalived-exporter, and some of our own."""
        return respond(self._metrics.made(self._metrics_now, self._board.node, self._board.cluster))

    def _metrics_now(self) -> Answer:
        masters = masters_by_vrid(self._board.cluster)
        return Answer(200, CONTENT_TYPE, render(self._board.node, masters=masters, version=self._board.version))

    async def version(self) -> Response:
        """The release of every part on this node."""
        return respond(Answer(200, JSON, version_answer(self._board.node, version=self._board.version).encode()))

    async def root(self, request: Request) -> Response:
        """Which node and container answers, and what else can be asked."""
        html = "text/html" in request.headers.get("accept", "")
        answer = self._page.dashboard(self._board) if html else Answer(200, JSON, self._identity().encode())
        response = respond(answer)
        response.headers["vary"] = "accept"
        return response

    def _identity(self) -> Identity:
        node, reason = self._board.node, reason_against(self._board.node)
        return Identity(
            hostname=node.name,
            container_id=self._container.id,
            container_uptime=self._container.uptime(),
            version=self._board.version,
            healthy=reason is None,
            reason=reason,
            states={router.name: router.state.name for router in node.routers},
            links=LINKS,
        )
