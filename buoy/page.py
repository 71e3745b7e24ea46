"""The pages for people: the dashboard and the list of paths. The only door to jinja2."""

from __future__ import annotations

import mimetypes
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from buoy.answers import Answer
from buoy.board import Board
from buoy.texts import stamp
from shared.clock import Clock

HTML = "text/html; charset=utf-8"

TIMELINE = 50
"""Transitions that the page shows."""


class Page:
    """Templates and static files, read once at the start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("buoy"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters["clock"] = lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S")
        self._templates.filters["code"] = _code
        self.static = {f"/static/{name}": answer for name, answer in _static_files()}

    def dashboard(self, board: Board) -> Answer:
        """Who holds which virtual IP, at a glance."""
        return self._html(
            "dashboard.html",
            view=board.cluster,
            events=board.events[:TIMELINE],
            stack=board.node.anchor.stack if board.node.anchor else "",
            version=board.version,
            now=stamp(self._clock.wall()),
        )

    def docs(self, document: dict[str, Any]) -> Answer:
        """The OpenAPI document, for reading."""
        return self._html("docs.html", document=document)

    def _html(self, name: str, **values: Any) -> Answer:
        return Answer(200, HTML, self._templates.get_template(name).render(values).encode())


def _code(text: str) -> Markup:
    """The text with its `names` set as code."""
    parts = (
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(text.split("`"))
    )
    return Markup().join(parts)


def _static_files() -> list[tuple[str, Answer]]:
    folder = resources.files("buoy") / "static"
    return [(file.name, Answer(200, _media_type(file.name), file.read_bytes())) for file in folder.iterdir()]


def _media_type(name: str) -> str:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed
