"""The buoy's process: builds everything, runs it, ends it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

import uvloop

from buoy.app import build
from buoy.board import Board
from buoy.front import Front
from buoy.identity import OwnContainer, release
from buoy.routes import NodeRoutes
from buoy.server import server
from buoy.status_watch import StatusWatch
from buoy.tasks import serve_while
from shared.clock import SystemClock, boot_id
from shared.errors import FatalError
from shared.logs import configure
from shared.settings import BuoySettings

log = logging.getLogger("buoy")


async def run(settings: BuoySettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    clock = SystemClock()
    board = Board(settings.node_hostname, release())
    watch = StatusWatch(settings.status_folder, board, clock, boot_id())
    watch.look()
    routes = NodeRoutes(board, OwnContainer(clock)).router()
    serving = server(Front(build((routes,), board.version), board, allow=settings.allow), settings.port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.stop)
    log.info("The buoy listens on port %s", settings.port, extra={"node": board.node.name, "version": board.version})
    await serve_while(serving.serve(), {"status watch": watch.run()})
    log.info("The buoy ends")


def main() -> int:
    """Exit code: 0 when asked to end, else that of the error."""
    configure("info", "text")
    try:
        settings = BuoySettings.from_environment(os.environ)
        configure(settings.log_level, settings.log_format)
        logging.getLogger("uvicorn").setLevel(logging.WARNING)  # the buoy says itself when it starts and ends
        uvloop.run(run(settings))
    except FatalError as error:
        for line in str(error).splitlines():
            log.error("%s", line, exc_info=error.__cause__)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
