"""The claim that no client keeps the others from being served, on a buoy that is a process of its own."""

from __future__ import annotations

import contextlib
import socket
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.buoy.fleet import NODES, Fleet

pytestmark = pytest.mark.lab

HOSTILE = {
    "nothing at all": b"",
    "half a request": b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "garbage": bytes(range(256)) * 8,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "oversized headers": b"GET /health HTTP/1.1\r\n" + b"X-Large: " + b"a" * 70_000,
    "an endless body": b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n" + b"a" * 50_000,
    "questions without listening": b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n" * 200,
}
POLLS = 100


@contextlib.contextmanager
def clients(nodes: Fleet, count: int, request: bytes) -> Iterator[None]:
    """That many, each of which has sent this and goes on holding its connection."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.create_connection((NODES["swarm-1"], nodes.port), timeout=5))
            client.setblocking(False)
            with contextlib.suppress(OSError):
                client.send(request)
        yield


PATIENCE = 3.0
"""Seconds, for two cores that run two Swarms beside this; a poller that is held up waits for the clients' 5 s."""


def poll(nodes: Fleet) -> float:
    """Seconds that the slowest of many questions took; each of them is answered with `Ok`."""
    slowest = 0.0
    for _ in range(POLLS):
        begun = time.monotonic()
        with urllib.request.urlopen(nodes.url("swarm-1", "/health"), timeout=5) as answer:
            assert answer.read() == b"Ok"
        slowest = max(slowest, time.monotonic() - begun)
    return slowest


@pytest.mark.parametrize("request_", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_poller_is_served_beside_forty_clients_of_ill_will(nodes: Fleet, request_: bytes) -> None:
    with clients(nodes, 40, request_):
        assert poll(nodes) < PATIENCE


def test_a_poller_is_served_beside_five_hundred_idle_connections(nodes: Fleet) -> None:
    with clients(nodes, 500, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"):
        assert poll(nodes) < PATIENCE


def test_a_poller_is_served_where_there_are_more_connections_than_the_buoy_takes(nodes: Fleet) -> None:
    with clients(nodes, 900, b""):
        assert poll(nodes) < PATIENCE


STRANGERS = ("127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14", "127.0.0.15")


@contextlib.contextmanager
def streams(nodes: Fleet, source: str, count: int) -> Iterator[list[int]]:
    """That many streams, asked for at once by one address and held: how each question was answered."""
    with contextlib.ExitStack() as stack:
        clients = [
            HTTPConnection(NODES["swarm-1"], nodes.port, timeout=5, source_address=(source, 0)) for _ in range(count)
        ]
        for client in clients:
            stack.callback(client.close)
            client.request("GET", "/events", headers={"accept": "text/event-stream"})
        answers = [client.getresponse() for client in clients]
        for answer in answers:
            stack.callback(answer.close)
        yield [answer.status for answer in answers]


def test_one_address_gets_a_part_of_the_streams_also_where_it_asks_for_all_at_once(nodes: Fleet) -> None:
    with streams(nodes, STRANGERS[0], 80) as greedy, streams(nodes, STRANGERS[1], 1) as modest:
        assert (greedy.count(200), greedy.count(503)) == (16, 64)
        assert modest == [200]


def test_another_buoy_gets_its_stream_beside_strangers_that_took_all_there_are(nodes: Fleet) -> None:
    with contextlib.ExitStack() as stack:
        codes = [stack.enter_context(streams(nodes, source, 20)) for source in STRANGERS]

        assert stack.enter_context(streams(nodes, NODES["swarm-2"], 1)) == [200]
        assert sum(each.count(200) for each in codes) == 64
