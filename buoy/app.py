"""The application: routes, the form of errors, and the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from buoy.answers import JSON, Answer
from buoy.memo import Memo
from buoy.openapi import complete
from buoy.page import Page
from buoy.problems import not_found, problem
from buoy.responses import Declared, also, respond

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


class Documents:
    """What the buoy says about itself: its own document, the page of it, and the files that its pages need."""

    def __init__(self, app: Application, page: Page) -> None:
        self._app = app
        self._page = page
        self._document = Memo[Answer]()
        self._docs = Memo[Answer]()

    def add(self) -> None:
        """Add them to the application."""
        about: dict[str, Any] = {"tags": ["the buoy"]}
        html: Declared = also(200, "A page", content={"text/html": {"schema": {"type": "string"}}})
        self._app.add_api_route("/openapi.json", self.document, summary="This document", **about)
        self._app.add_api_route(
            "/docs", self.docs, summary="It, for reading", response_class=Response, responses=html, **about
        )
        self._app.add_api_route("/static/{name}", self.static, include_in_schema=False)

    async def document(self) -> Response:
        """OpenAPI 3.1, with every answer."""
        document = self._app.openapi()
        return respond(self._document.made(lambda: Answer(200, JSON, json.dumps(document).encode()), document))

    async def docs(self) -> Response:
        """Needs nothing from elsewhere, and no script."""
        document = self._app.openapi()
        return respond(self._docs.made(lambda: self._page.docs(document), document))

    async def static(self, request: Request, name: str) -> Response:
        """A file of the pages."""
        return respond(self._page.static.get(f"/static/{name}") or not_found(request.url.path))


def build(routes: tuple[APIRouter, ...], page: Page, version: str) -> Application:
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
    Documents(app, page).add()
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
