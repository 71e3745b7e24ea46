"""The paths that are about this node, declared once for HTTP and for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from buoy.answers import HEALTH_JSON, JSON, ROLE_PATHS, Answer, role
from buoy.api import HealthAnswer, HistoryMark, Identity, NodeAnswer, RoleAnswer, VersionAnswer
from buoy.board import Board
from buoy.describe import node_answer, version_answer
from buoy.health import not_known, reason_against
from buoy.identity import OwnContainer
from buoy.metrics import CONTENT_TYPE, render
from buoy.selection import RouterFilter

LINKS = {
    "health": "/health",
    "vrrp": "/vrrp",
    "metrics": "/metrics",
    "version": "/version",
    "openapi": "/openapi.json",
}


class HealthJson(JSONResponse):
    """The media type of the health draft."""

    media_type = HEALTH_JSON


_PLAIN_TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}}


def _also(status: int, description: str, **more: Any) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": description, **more}}


def respond(answer: Answer) -> Response:
    """The answer as Starlette sends it; the headers of every answer come from the front."""
    return Response(answer.body, answer.status, media_type=answer.media_type)


class NodeRoutes:
    """This node's truth, from the board."""

    def __init__(self, board: Board, container: OwnContainer) -> None:
        self._board = board
        self._container = container

    def router(self) -> APIRouter:
        """All of them."""
        routes = APIRouter(tags=["this node"])
        self._add_probes(routes)
        self._add_roles(routes)
        self._add_views(routes)
        return routes

    def _add_probes(self, routes: APIRouter) -> None:
        text: dict[str, Any] = {"response_class": Response}
        ok, no = _also(200, "`ok`", **_PLAIN_TEXT), _also(503, "The reason", **_PLAIN_TEXT)
        routes.add_api_route("/livez", self.livez, summary="The buoy itself answers", responses=ok, **text)
        routes.add_api_route("/readyz", self.readyz, summary="A status has been read", responses=ok | no, **text)
        routes.add_api_route(
            "/health",
            self.health,
            summary="This node serves, or could take over",
            response_class=HealthJson,
            response_model=HealthAnswer,
            responses=_also(200, "`Ok`", **_PLAIN_TEXT) | _also(503, "The reason", model=HealthAnswer, **_PLAIN_TEXT),
        )

    def _add_roles(self, routes: APIRouter) -> None:
        for path, state in ROLE_PATHS.items():
            routes.add_api_route(
                path,
                self.role,
                name=path.strip("/"),
                summary=f"200 when this node is {state.name}",
                response_model=RoleAnswer,
                responses=_also(503, f"It is not {state.name}, or that is not known", model=RoleAnswer),
            )

    def _add_views(self, routes: APIRouter) -> None:
        routes.add_api_route("/", self.identity, summary="Which node answers", response_model=Identity)
        unknown = _also(503, "The status is missing or stale; the last word is shown", model=NodeAnswer)
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

    async def vrrp(self) -> Response:
        """State, priorities, addresses as the kernel has them, peers, counters, and the conditions with reasons."""
        node = self._board.node
        answer = node_answer(node, version=self._board.version, history=HistoryMark())
        return respond(Answer(503 if not_known(node) else 200, JSON, answer.encode()))

    async def metrics(self) -> Response:
        """Names, types and labels of mehdy/keepalived-exporter, and some of our own."""
        text = render(self._board.node, masters={}, version=self._board.version)
        return respond(Answer(200, CONTENT_TYPE, text))

    async def version(self) -> Response:
        """The release of every part on this node."""
        return respond(Answer(200, JSON, version_answer(self._board.node, version=self._board.version).encode()))

    async def identity(self) -> Response:
        """Which node and container answers, and what else can be asked."""
        node, reason = self._board.node, reason_against(self._board.node)
        answer = Identity(
            hostname=node.name,
            container_id=self._container.id,
            container_uptime=self._container.uptime(),
            version=self._board.version,
            healthy=reason is None,
            reason=reason,
            states={router.name: router.state.name for router in node.routers},
            links=LINKS,
        )
        return respond(Answer(200, JSON, answer.encode()))
