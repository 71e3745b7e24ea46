"""Answers that are ready before anybody asks: made anew when the node's state changes, sent as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from buoy.describe import health_answer, role_answer
from buoy.health import not_ready, reason_against
from buoy.node import NodeView
from buoy.selection import RouterFilter, select
from shared.models import VrrpState

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
HEALTH_JSON = "application/health+json"
EVENT_STREAM = "text/event-stream"

METHODS = "GET, HEAD, OPTIONS"

SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""On every answer."""

RAW_SECURITY_HEADERS = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())

ROLE_PATHS = {
    "/master": VrrpState.MASTER,
    "/primary": VrrpState.MASTER,
    "/backup": VrrpState.BACKUP,
    "/replica": VrrpState.BACKUP,
    "/fault": VrrpState.FAULT,
}


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer, the headers that every answer has left out."""

    status: int
    media_type: str
    body: bytes
    raw_headers: tuple[tuple[bytes, bytes], ...] = field(init=False)
    """As ASGI wants them, those of every answer included."""

    def __post_init__(self) -> None:
        own = ((b"content-type", self.media_type.encode()), (b"content-length", b"%d" % len(self.body)))
        object.__setattr__(self, "raw_headers", own + RAW_SECURITY_HEADERS)


LIVE = Answer(200, TEXT, b"ok")


def prepare(node: NodeView, version: str) -> Mapping[tuple[str, str], Answer]:
    """The answers of the fixed paths, by path and media type; the empty media type is the default one."""
    reason = reason_against(node)
    missing = not_ready(node)
    health = health_answer(node, version=version).encode()
    return {
        ("/livez", ""): LIVE,
        ("/readyz", ""): Answer(503 if missing else 200, TEXT, (missing or "ok").encode()),
        ("/health", ""): Answer(503 if reason else 200, TEXT, (reason or "Ok").encode()),
        ("/health", HEALTH_JSON): Answer(503 if reason else 200, HEALTH_JSON, health),
        **{(path, ""): role(node, state, RouterFilter()) for path, state in ROLE_PATHS.items()},
    }


def role(node: NodeView, state: VrrpState, wanted: RouterFilter) -> Answer:
    """200 when the virtual router asked about is known to be in that state on this node, else 503."""
    answer = role_answer(node, select(node.routers, wanted))
    return Answer(200 if answer.state == state.name else 503, JSON, answer.encode())
