"""What is said to a request that cannot be answered: one form for all of them (RFC 9457)."""

from __future__ import annotations

import http

from buoy.answers import METHODS, Answer
from buoy.api import Problem

PROBLEM_JSON = "application/problem+json"


def problem(status: int, detail: str) -> Answer:
    """The answer with that status and sentence."""
    body = Problem(status=status, title=http.HTTPStatus(status).phrase, detail=detail)
    return Answer(status, PROBLEM_JSON, body.encode())


def not_found(path: str) -> Answer:
    """No such path."""
    return problem(404, f"there is nothing at {path[:200]!r}; / names what can be asked")


def method_not_allowed(method: str) -> Answer:
    """The buoy only ever answers questions."""
    return problem(405, f"{method[:20]} changes things, and the buoy is read-only: {METHODS}")


FORBIDDEN = problem(403, "this address is not in KEEPALIVED_BUOY_ALLOW; /livez, /health and the role paths are open")
