"""The application: routes, the form of errors, and the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from buoy.answers import JSON, Answer
from buoy.openapi import complete
from buoy.problems import not_found, problem
from buoy.routes import respond

DESCRIPTION = (
    "Who holds the floating IPs of this Docker Swarm, and why. Read-only. "
    "Every path takes GET, HEAD and OPTIONS with the same status code."
)


class Application(FastAPI):
    """FastAPI with our own errors, and without what would come from a CDN."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if not self.openapi_schema:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema

    async def document(self) -> Response:
        """This document."""
        return respond(Answer(200, JSON, json.dumps(self.openapi()).encode()))


def build(routes: tuple[APIRouter, ...], version: str) -> Application:
    """The application with these routes."""
    app = Application(
        title="keepalived-buoy",
        version=version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _http_error, RequestValidationError: _bad_request},
    )
    for each in routes:
        app.include_router(each)
    app.add_api_route(
        "/openapi.json", app.document, tags=["the buoy"], summary="This document", response_class=JSONResponse
    )
    return app


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    unknown = error.status_code == 404
    return respond(not_found(request.url.path) if unknown else problem(error.status_code, str(error.detail)))


async def _bad_request(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = (f"{'.'.join(map(str, p['loc'][1:]))}: {p['msg'].removeprefix('Value error, ')}" for p in error.errors())
    return respond(problem(422, "; ".join(wrong)))
