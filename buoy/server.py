"""The door to uvicorn: bounded, quiet, and gone within two seconds of being asked to go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from buoy.protocol import BoundedProtocol

GRACE = 1
"""Whole seconds that running requests get when the buoy stops."""


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the main module has those."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def main_loop(self) -> None:
        """uvicorn's own wakes ten times a second; this one once, for the date header."""
        while not self.should_exit:
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=1)

    def stop(self) -> None:
        """End soon; called from a signal handler."""
        self.should_exit = True
        self._stopping.set()


def server(app: ASGIApp, port: int) -> Server:
    """A server on every address of the container, IPv4 and, where there is one, IPv6."""
    return Server(
        uvicorn.Config(
            app,
            host="0.0.0.0",
            port=port,
            loop="uvloop",
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=1024,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=GRACE,
        )
    )
