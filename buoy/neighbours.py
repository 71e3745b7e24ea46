"""The other buoys: found by the Swarm's own DNS, each listened to on its own so that a silent one delays nobody.

A buoy says its node's word when it changes, and once an interval that it is still there; so a failover shows at once,
and a buoy that is gone an interval later.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
from pydantic import ValidationError

from buoy.answers import EVENT_STREAM
from buoy.api import HistoryMark, NodeAnswer
from buoy.board import Board
from buoy.cluster_api import EventsAnswer
from buoy.cluster_view import NodeReport
from shared.clock import Clock

SERVICE = "tasks.keepalived-buoy"
PATIENCE = 0.6
"""Seconds that a buoy gets beyond the interval."""

log = logging.getLogger("buoy.neighbours")

NO_SUCH_NAME = (socket.EAI_NONAME, socket.EAI_NODATA)
"""What the resolver answers where nobody has the name; any other error means that it did not answer."""

Resolve = Callable[[], Awaitable[frozenset[str] | None]]


async def swarm_tasks() -> frozenset[str] | None:
    """Addresses of this service's healthy tasks, this buoy's own included; empty where there is no Swarm.

    None when the resolver does not answer, which says nothing of the other buoys.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            SERVICE, None, family=socket.AF_INET, type=socket.SOCK_STREAM
        )
    except OSError as error:
        return frozenset() if error.errno in NO_SUCH_NAME else None
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
        self._listening_to: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for buoys for ever, and listen to those that are there."""
        try:
            while True:
                found = await self._resolve()
                self._follow(frozenset(self._listening_to) if found is None else found)
                await asyncio.sleep(self._interval)
        finally:
            self._follow(frozenset())

    def _follow(self, addresses: frozenset[str]) -> None:
        for task in self._listening_to.values():
            if task.done():
                task.result()
        for gone in self._listening_to.keys() - addresses:
            self._listening_to.pop(gone).cancel()
        for new in addresses - self._listening_to.keys():
            root = f"http://{f'[{new}]' if ':' in new else new}:{self._port}"
            neighbour = Neighbour(root, self._board, self._client, self._clock)
            self._listening_to[new] = asyncio.create_task(neighbour.run(self._interval), name=f"listening to {new}")
        self._board.neighbour_addresses = set(addresses)


class Neighbour:
    """One buoy at one address."""

    def __init__(self, root: str, board: Board, client: httpx.AsyncClient, clock: Clock) -> None:
        self._root = root
        self._board = board
        self._client = client
        self._clock = clock
        self._report: NodeReport | None = None
        self._history = HistoryMark()
        self._event = ""

    async def run(self, interval: float) -> None:
        """Listen to it for ever; once it turns out to be this buoy itself, leave it alone."""
        try:
            while await self.listen(interval):
                await asyncio.sleep(interval)
        finally:
            self._forget()
        await asyncio.Event().wait()

    async def listen(self, interval: float) -> bool:
        """Listen until it ends or fails; False when it is this buoy itself."""
        try:
            async with self._client.stream("GET", f"{self._root}/vrrp", **_listening(interval)) as response:
                if response.status_code != httpx.codes.OK:
                    raise ValueError(f"its buoy answers {response.status_code}")
                async for line in _lines(response):
                    if not await self._hear(line, interval):
                        return False
            raise ValueError("its buoy ended the conversation")
        except (httpx.HTTPError, ValueError) as error:
            self._fail(_words(error, interval + PATIENCE))
        return True

    async def _hear(self, line: str, interval: float) -> bool:
        """One line of the stream; False when it is this buoy itself that speaks."""
        field, _, value = line.partition(": ")
        if field == "event":
            self._event = value
        elif field == "data" and self._event == "node":
            return await self._take(NodeAnswer.model_validate_json(value), interval)
        elif field == "data" and self._event == "beat" and self._report is not None:
            self._report = replace(self._report, heard_at=self._clock.monotonic())
            self._board.post_neighbour(self._report)
        return True

    async def _take(self, answer: NodeAnswer, interval: float) -> bool:
        if answer.instance == self._board.instance:
            return False
        if self._report is not None and self._report.hostname != answer.hostname:  # the address has passed on
            self._forget()
        if self._report is None or self._report.error:
            log.info("The buoy of %s answers", answer.hostname)
        self._report = NodeReport.of(answer, self._clock.monotonic(), self._report)
        self._board.post_neighbour(self._report)
        await self._take_history(answer, interval)
        return True

    async def _take_history(self, answer: NodeAnswer, interval: float) -> None:
        if answer.history == self._history:
            return
        query = {"scope": "node"}
        response = await self._client.get(f"{self._root}/events", params=query, timeout=interval + PATIENCE)
        events = EventsAnswer.model_validate_json(response.content).events
        self._board.post_neighbour_history(answer.hostname, tuple(reversed(events)))
        self._history = answer.history

    def _fail(self, text: str) -> None:
        if self._report is None:
            return
        if not self._report.error:
            log.warning("The buoy of %s does not answer: %s", self._report.hostname, text)
        before, self._report = self._report, replace(self._report, error=text)
        if self._is_up(before):
            self._board.post_neighbour(self._report)

    def _forget(self) -> None:
        """Take what this address said off the board, and begin anew."""
        if self._report is not None and self._is_up(self._report):
            self._board.drop_neighbour(self._report.hostname)
        self._report, self._history = None, HistoryMark()

    def _is_up(self, report: NodeReport) -> bool:
        """Whether the board has this report, and not one of the same node's newer task."""
        return self._board.neighbours.get(report.hostname) is report


async def _lines(response: httpx.Response) -> AsyncIterator[str]:
    """As they were sent: httpx's `aiter_lines` also parts them at U+2028 and the like, which JSON leaves alone."""
    begun = b""
    async for chunk in response.aiter_bytes():
        *lines, begun = (begun + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode(errors="replace")


def _listening(interval: float) -> dict[str, Any]:
    return {
        "headers": {"accept": EVENT_STREAM},
        "params": {"beat": interval},
        "timeout": httpx.Timeout(interval + PATIENCE),
    }


def _words(error: Exception, seconds: float) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {seconds:g} s"
    if isinstance(error, httpx.ConnectError):
        return "no connection to its buoy"
    if isinstance(error, ValidationError):
        return "its buoy's answer is not understood"
    return str(error) or type(error).__name__
