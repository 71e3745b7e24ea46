"""The other buoys: found by the Swarm's own DNS, each asked on its own so that a silent one delays nobody.

A question may wait at the other side until there is something new to say. So a failover shows here at once,
although nobody asks more often than once an interval.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import httpx
from pydantic import ValidationError

from buoy.api import HistoryMark, NodeAnswer
from buoy.board import Board
from buoy.cluster_api import EventsAnswer
from buoy.cluster_view import NodeReport
from shared.clock import Clock

SERVICE = "tasks.keepalived-buoy"
PATIENCE = 0.6
"""Seconds that a buoy gets beyond the time that it was asked to wait."""

SHORTEST_PAUSE = 0.05
"""Seconds between two questions at least."""

log = logging.getLogger("buoy.neighbours")

Resolve = Callable[[], Awaitable[frozenset[str]]]


async def swarm_tasks() -> frozenset[str]:
    """Addresses of this service's healthy tasks, this buoy's own included; empty where there is no Swarm."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(SERVICE, None, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(str(address[4][0]) for address in found)


class Neighbours:
    """Keeps the board's reports of the other nodes current."""

    def __init__(
        self, board: Board, client: httpx.AsyncClient, resolve: Resolve, clock: Clock, *, port: int, interval: float
    ) -> None:
        self._board = board
        self._client = client
        self._resolve = resolve
        self._clock = clock
        self._port = port
        self._interval = interval
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for buoys for ever, and ask those that are there."""
        try:
            while True:
                self._follow(await self._resolve())
                await asyncio.sleep(self._interval)
        finally:
            self._follow(frozenset())

    def _follow(self, addresses: frozenset[str]) -> None:
        for task in self._asking.values():
            if task.done():
                task.result()
        for gone in self._asking.keys() - addresses:
            self._asking.pop(gone).cancel()
        for new in addresses - self._asking.keys():
            asking = Neighbour(new, self._board, self._client, self._clock)
            self._asking[new] = asyncio.create_task(asking.run(self._port, self._interval), name=f"asking {new}")
        self._board.neighbour_addresses = set(addresses)


class Neighbour:
    """One buoy at one address."""

    def __init__(self, address: str, board: Board, client: httpx.AsyncClient, clock: Clock) -> None:
        self._root = f"http://[{address}]" if ":" in address else f"http://{address}"
        self._board = board
        self._client = client
        self._clock = clock
        self._report: NodeReport | None = None
        self._history = HistoryMark()
        self._myself = False

    async def run(self, port: int, interval: float) -> None:
        """Ask it for ever; find out when it is this buoy itself, and leave it alone then."""
        self._root = f"{self._root}:{port}"
        try:
            while not self._myself:
                started = self._clock.monotonic()
                if await self.ask(interval):
                    await asyncio.sleep(max(SHORTEST_PAUSE, started + interval - self._clock.monotonic()))
        finally:
            if self._report is not None and self._is_up(self._report):
                self._board.drop_neighbour(self._report.hostname)
        await asyncio.Event().wait()

    async def ask(self, interval: float) -> bool:
        """Ask once; whether it had nothing new to say, so that there is no hurry to ask again."""
        try:
            answer = await self._node(interval)
            self._myself = answer.instance == self._board.instance
            if self._myself:
                return True
            new = self._take(answer)
            await self._take_history(answer, interval)
        except (httpx.HTTPError, ValueError) as error:
            self._fail(error, interval)
            return True
        return not new

    async def _node(self, interval: float) -> NodeAnswer:
        known = self._report.answer.revision if self._report and self._report.answer else -1
        query: dict[str, str | int | float] = {"after": known, "wait": interval} if known >= 0 else {}
        response = await self._get("/vrrp", query, interval)
        return NodeAnswer.model_validate_json(response)

    async def _take_history(self, answer: NodeAnswer, interval: float) -> None:
        if answer.history != self._history:
            response = await self._get("/events", {"scope": "node"}, interval)
            events = EventsAnswer.model_validate_json(response).events
            self._board.post_neighbour_history(answer.hostname, tuple(reversed(events)))
            self._history = answer.history

    async def _get(self, path: str, query: Mapping[str, str | int | float], interval: float) -> bytes:
        response = await self._client.get(f"{self._root}{path}", params=query, timeout=interval + PATIENCE)
        if response.status_code not in {200, 503}:
            raise ValueError(f"its buoy answers {response.status_code}")
        return response.content

    def _take(self, answer: NodeAnswer) -> bool:
        before = self._report
        if before is None or before.error:
            log.info("The buoy of %s answers", answer.hostname)
        self._report = NodeReport.of(answer, self._clock.monotonic(), before)
        self._board.post_neighbour(self._report)
        return before is None or before.answer is None or before.answer.revision != answer.revision

    def _fail(self, error: Exception, interval: float) -> None:
        if self._report is None:
            return
        text = _words(error, interval + PATIENCE)
        if not self._report.error:
            log.warning("The buoy of %s does not answer: %s", self._report.hostname, text)
        before, self._report = self._report, replace(self._report, error=text)
        if self._is_up(before):
            self._board.post_neighbour(self._report)

    def _is_up(self, report: NodeReport) -> bool:
        """Whether the board has this report, and not one of the same node's newer task."""
        return self._board.neighbours.get(report.hostname) is report


def _words(error: Exception, seconds: float) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {seconds:g} s"
    if isinstance(error, httpx.ConnectError):
        return "no connection to its buoy"
    if isinstance(error, ValidationError):
        return "its buoy's answer is not understood"
    return str(error) or type(error).__name__
