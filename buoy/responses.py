"""How a route says what it answers, to the client and to the OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from buoy.answers import Answer
from buoy.api import Problem
from buoy.problems import PROBLEM_JSON

ASKED_METHOD = "buoy.method"
"""Key of the ASGI scope: the method that the client used, since routes only ever see GET."""

PLAIN_TEXT: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}}
PROBLEM: dict[str, Any] = {"content": {PROBLEM_JSON: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}}

Declared = dict[int | str, dict[str, Any]]


def also(status: int, description: str, *, problem: bool = False, **more: Any) -> Declared:
    """One more answer of a route; `problem` stands for the form of all errors."""
    return {status: {"description": description, **(PROBLEM if problem else {}), **more}}


def respond(answer: Answer) -> Response:
    """The answer as Starlette sends it; the headers of every answer come from the front."""
    return Response(answer.body, answer.status, media_type=answer.media_type)


def asked_method(request: Request) -> str:
    """GET, HEAD or OPTIONS."""
    return str(request.scope.get(ASKED_METHOD, request.method))
