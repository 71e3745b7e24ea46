"""Claims about clients that are slow, greedy or confused, on one connection without a network."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from buoy.protocol import LARGEST_REQUEST, MOST_CONNECTIONS, BoundedProtocol

REQUEST = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"


class Wire(asyncio.Transport):
    """The other end of the connection, as the protocol sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.aborted = False
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.aborted

    def close(self) -> None:
        self.aborted = True

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class HandLoop:
    """The part of an event loop that a connection uses, with time in the test's hands."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[asyncio.TimerHandle] = []
        self._loop = asyncio.get_running_loop()

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: object, *args: object) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(self.now + delay, callback, args, self._loop)  # type: ignore[arg-type]  # as given
        self.timers.append(timer)
        return timer

    def create_task(self, coroutine: object) -> asyncio.Task[None]:
        return self._loop.create_task(coroutine)  # type: ignore[arg-type]  # as given

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.timers if timer.when() <= self.now]
        self.timers = [timer for timer in self.timers if timer not in due]
        for timer in due:
            if not timer.cancelled():
                timer._run()


async def ok(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Bench:
    """A server's state and its connections."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.state = ServerState()
        self._config = uvicorn.Config(ok, log_config=None, timeout_keep_alive=20)

    def connect(self) -> tuple[BoundedProtocol, Wire]:
        protocol = BoundedProtocol(self._config, self.state, {}, self.loop)  # type: ignore[arg-type]  # what it uses
        wire = Wire()
        protocol.connection_made(wire)
        return protocol, wire

    async def answered(self) -> None:
        await asyncio.gather(*self.state.tasks)


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_a_request_is_answered_and_the_next_may_take_its_time(bench: Bench) -> None:
    protocol, wire = bench.connect()
    protocol.data_received(REQUEST)
    await bench.answered()
    bench.loop.pass_time(15)

    assert wire.sent.startswith(b"HTTP/1.1 200")
    assert not wire.aborted


async def test_a_client_that_never_asks_is_given_up(bench: Bench) -> None:
    _, wire = bench.connect()
    bench.loop.pass_time(9)
    before = wire.aborted
    bench.loop.pass_time(2)

    assert (before, wire.aborted) == (False, True)


async def test_a_client_that_sends_byte_by_byte_gains_no_time(bench: Bench) -> None:
    protocol, wire = bench.connect()
    for byte in REQUEST[:11]:
        protocol.data_received(bytes([byte]))
        bench.loop.pass_time(1)

    assert wire.aborted


async def test_headers_without_end_are_refused_and_not_kept(bench: Bench) -> None:
    protocol, wire = bench.connect()
    protocol.data_received(b"GET / HTTP/1.1\r\nx: ")
    for _ in range(LARGEST_REQUEST // 1024 + 10):
        protocol.data_received(b"a" * 1024)

    assert wire.sent.startswith(b"HTTP/1.1 431")
    assert wire.sent.count(b"HTTP/1.1") == 1
    assert wire.ended
    bench.loop.pass_time(3)
    assert wire.aborted


async def test_many_requests_on_one_connection_are_never_too_much(bench: Bench) -> None:
    protocol, wire = bench.connect()
    for _ in range(2 * LARGEST_REQUEST // len(REQUEST)):
        protocol.data_received(REQUEST)
        await bench.answered()

    assert b"431" not in wire.sent


async def test_garbage_is_a_bad_request(bench: Bench) -> None:
    protocol, wire = bench.connect()
    protocol.data_received(b"\x16\x03\x01\x02\x00garbage\r\n\r\n")

    assert wire.sent.startswith(b"HTTP/1.1 400")
    assert wire.aborted


async def test_a_client_that_does_not_read_is_given_up_and_one_that_reads_again_is_not(bench: Bench) -> None:
    (stuck, stuck_wire), (slow, slow_wire) = bench.connect(), bench.connect()
    for protocol in (stuck, slow):
        protocol.data_received(REQUEST)
        protocol.pause_writing()
    bench.loop.pass_time(5)
    slow.resume_writing()
    bench.loop.pass_time(6)

    assert (stuck_wire.aborted, slow_wire.aborted) == (True, False)
    slow.connection_lost(None)
    stuck.connection_lost(None)
    await bench.answered()


async def test_when_all_places_are_taken_the_one_that_is_idle_longest_makes_room(bench: Bench) -> None:
    wires = []
    for _ in range(MOST_CONNECTIONS + 1):
        bench.loop.now += 0.001
        wires.append(bench.connect()[1])

    assert [wire.aborted for wire in wires[:3]] == [True, False, False]
    assert not wires[-1].aborted
