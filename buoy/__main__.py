"""The buoy's process: builds everything, runs it, ends it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

import httpx
import uvloop

from buoy.app import build
from buoy.board import Board
from buoy.cluster import ClusterLoop
from buoy.cluster_routes import ClusterRoutes
from buoy.events import Streams
from buoy.front import Front
from buoy.identity import OwnContainer, release
from buoy.neighbours import Neighbours, swarm_tasks
from buoy.page import Page
from buoy.routes import NodeRoutes
from buoy.server import Server, server
from buoy.status_watch import StatusWatch
from buoy.tasks import serve_while
from shared.clock import SystemClock, boot_id
from shared.errors import FatalError
from shared.logs import configure
from shared.settings import BuoySettings

log = logging.getLogger("buoy")


async def run(settings: BuoySettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    clock, page = SystemClock(), Page(SystemClock())
    board = Board(settings.node_hostname, release(), settings.history_limit)
    watch = StatusWatch(settings.status_folder, board, clock, boot_id(), history_limit=settings.history_limit)
    watch.look()
    streams = Streams(board)
    routes = (NodeRoutes(board, OwnContainer(clock), page, streams).router(), ClusterRoutes(board, streams).router())
    serving = server(Front(build(routes, page, board.version), board, allow=settings.allow), settings.port)
    _end_on_signals(serving, streams)
    log.info("The buoy listens on port %s", settings.port, extra={"node": board.node.name, "version": board.version})
    async with httpx.AsyncClient(trust_env=False) as client:
        neighbours = Neighbours(
            board, client, swarm_tasks, clock, port=settings.port, interval=settings.cluster_interval
        )
        helpers = {
            "status watch": watch.run(),
            "cluster view": ClusterLoop(board, clock).run(),
            "neighbours": neighbours.run(),
        }
        await serve_while(serving.serve(), helpers)
    log.info("The buoy ends")


def _end_on_signals(serving: Server, streams: Streams) -> None:
    def end() -> None:
        serving.stop()
        streams.end()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)


def main() -> int:
    """Exit code: 0 when asked to end, else that of the error."""
    configure("info", "text")
    try:
        settings = BuoySettings.from_environment(os.environ)
        configure(settings.log_level, settings.log_format)
        for talkative in ("uvicorn", "httpx", "httpcore"):  # a line for every request, or for every garbled one
            logging.getLogger(talkative).setLevel(logging.ERROR)
        uvloop.run(run(settings))
    except FatalError as error:
        for line in str(error).splitlines():
            log.error("%s", line, exc_info=error.__cause__)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
