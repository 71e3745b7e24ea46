"""The outermost layer, plain ASGI because it is in every request's way: methods, access, ready answers, headers."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from buoy.access import OPEN_PATHS, IpNetwork, permitted
from buoy.answers import HEALTH_JSON, METHODS, RAW_SECURITY_HEADERS, Answer
from buoy.board import Board
from buoy.problems import FORBIDDEN, method_not_allowed
from buoy.responses import ASKED_METHOD

_READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PLAIN_METHODS = frozenset({"GET", "HEAD"})
_ALLOW = (b"allow", METHODS.encode())
_HEALTH_JSON = HEALTH_JSON.encode()


class Front:
    """Answers at once what is ready on the board; the rest goes on to the application as a GET."""

    def __init__(self, app: ASGIApp, board: Board, *, allow: Sequence[IpNetwork]) -> None:
        self._app = app
        self._board = board
        self._allow = tuple(allow)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answer = self._at_once(scope)
        if answer is not None:
            await _deliver(answer, scope["method"], send)
        else:
            await self._app(
                {**scope, "method": "GET", ASKED_METHOD: scope["method"]}, receive, _outgoing(scope["method"], send)
            )

    def _at_once(self, scope: Scope) -> Answer | None:
        if scope["method"] not in _READ_METHODS:
            return method_not_allowed(scope["method"])
        path = scope["path"]
        if path not in OPEN_PATHS and not permitted(_client(scope), self._allow, self._board.neighbour_addresses):
            return FORBIDDEN
        if scope["query_string"]:
            return None
        return self._board.answers.get((path, HEALTH_JSON if path == "/health" and _wants_health_json(scope) else ""))


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _wants_health_json(scope: Scope) -> bool:
    return any(name == b"accept" and _HEALTH_JSON in value for name, value in scope["headers"])


async def _deliver(answer: Answer, method: str, send: Send) -> None:
    headers = answer.raw_headers if method in _PLAIN_METHODS else (*answer.raw_headers, _ALLOW)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})


def _outgoing(method: str, send: Send) -> Send:
    """What the application sends, with the headers of every answer; without its body where HEAD asked."""
    extra = (*RAW_SECURITY_HEADERS, _ALLOW) if method == "OPTIONS" else RAW_SECURITY_HEADERS

    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *extra]}
        elif method == "HEAD" and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return forward
