"""The door to uvicorn: bounded, quiet, and gone within two seconds of being asked to go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

GRACE = 1
"""Whole seconds that running requests get when the buoy stops."""


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the main module has those."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    def stop(self) -> None:
        """End soon; called from a signal handler."""
        self.should_exit = True


def server(app: ASGIApp, port: int) -> Server:
    """A server on every address of the container, IPv4 and, where there is one, IPv6."""
    return Server(
        uvicorn.Config(
            app,
            host="0.0.0.0",
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=4096,
            backlog=1024,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=GRACE,
        )
    )
