"""One buoy among others on a single machine: `python -m tests.buoy.one_buoy HOSTNAME FOLDER ADDRESS PORT OTHER…`.

What `buoy.__main__` builds, with the addresses of the other buoys given instead of found.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import httpx
import uvloop

from buoy.app import build
from buoy.board import Board
from buoy.cluster import ClusterLoop
from buoy.cluster_routes import ClusterRoutes
from buoy.events import Streams
from buoy.front import Front
from buoy.identity import OwnContainer
from buoy.neighbours import Neighbours
from buoy.page import Page
from buoy.routes import NodeRoutes
from buoy.server import Server, server
from buoy.status_watch import StatusWatch
from buoy.tasks import serve_while
from shared.clock import SystemClock, boot_id
from shared.logs import configure


def build_buoy(hostname: str, folder: Path, port: int) -> tuple[Board, StatusWatch, Streams, Server]:
    """Everything of a buoy but its neighbours."""
    clock, page, board = SystemClock(), Page(SystemClock()), Board(hostname, "0.1.0")
    watch = StatusWatch(folder, board, clock, boot_id())
    watch.look()
    streams = Streams(board)
    routes = (NodeRoutes(board, OwnContainer(clock), page, streams).router(), ClusterRoutes(board, streams).router())
    return board, watch, streams, server(Front(build(routes, page, board.version), board, allow=()), port)


async def run(hostname: str, folder: Path, address: str, port: int, others: frozenset[str]) -> None:
    """Serve until SIGTERM."""
    board, watch, streams, serving = build_buoy(hostname, folder, port)
    serving.config.host = address

    async def resolve() -> frozenset[str]:
        return others

    def end() -> None:
        serving.stop()
        streams.end()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    transport = httpx.AsyncHTTPTransport(trust_env=False, local_address=address)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        neighbours = Neighbours(board, client, resolve, SystemClock(), port=port, interval=1.0)
        helpers = {
            "status watch": watch.run(),
            "cluster view": ClusterLoop(board, SystemClock()).run(),
            "neighbours": neighbours.run(),
        }
        await serve_while(serving.serve(), helpers)


def main() -> None:
    """Read the command line and run."""
    configure("warning", "text")
    hostname, folder, address, port, *others = sys.argv[1:]
    uvloop.run(run(hostname, Path(folder), address, int(port), frozenset(others)))


if __name__ == "__main__":
    main()
