"""The float's end of the link against a real Unix socket: it connects, listens, and never gives up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from float.link_client import LinkClient
from shared.link_protocol import AnchorHello, Beat, FloatHello, FromFloat, Message, SpecAnswer, decode, encode

HELLO = FloatHello(version="1.0", token="secret")
ANSWER = SpecAnswer(digest="d", accepted=True)
LONGEST = 5.0


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str | Message] = asyncio.Queue()

    def hello(self) -> FromFloat:
        return HELLO

    def link_connected(self) -> None:
        self.told.put_nowait("connected")

    def link_message(self, message: Message) -> None:
        self.told.put_nowait(message)

    def link_ended(self) -> None:
        self.told.put_nowait("ended")

    async def next(self) -> str | Message:
        """What it is told next."""
        return await asyncio.wait_for(self.told.get(), LONGEST)


class Anchor:
    """The accepting end, as simple as can be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server: asyncio.Server | None = None
        self._accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def listen(self) -> None:
        """Begin to accept."""
        self._server = await asyncio.start_unix_server(self._take, self.path)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted.put_nowait((reader, writer))

    async def accept(self) -> Connection:
        """The next connection."""
        return Connection(*await asyncio.wait_for(self._accepted.get(), LONGEST))

    async def end(self) -> None:
        """Accept no more."""
        if self._server:
            self._server.close()
        self.path.unlink(missing_ok=True)


class Connection:
    """One float that connected."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def hears(self) -> Message | None:
        """The float's next message."""
        return decode(await asyncio.wait_for(self._reader.readline(), LONGEST))

    def end(self) -> None:
        """The kernel closes it, as when an anchor dies."""
        self.writer.close()


@pytest.fixture
async def anchor(tmp_path: Path) -> AsyncIterator[Anchor]:
    """An anchor that does not listen yet."""
    made = Anchor(tmp_path / "link.sock")
    yield made
    await made.end()


@pytest.fixture
def listener() -> Listener:
    """Who wants to know."""
    return Listener()


@pytest.fixture
async def client(anchor: Anchor, listener: Listener) -> AsyncIterator[LinkClient]:
    """The float's end, running."""
    made = LinkClient(anchor.path)
    task = asyncio.create_task(made.run(listener))
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_the_float_says_hello_first(anchor: Anchor, listener: Listener, client: LinkClient) -> None:
    await anchor.listen()
    connection = await anchor.accept()
    assert await connection.hears() == HELLO
    assert await listener.next() == "connected"
    connection.end()


async def test_an_anchor_that_comes_late_is_found(anchor: Anchor, listener: Listener, client: LinkClient) -> None:
    await asyncio.sleep(0.25)
    await anchor.listen()
    (await anchor.accept()).end()
    assert await listener.next() == "connected"


async def test_messages_are_handed_on_in_order(anchor: Anchor, listener: Listener, client: LinkClient) -> None:
    await anchor.listen()
    connection = await anchor.accept()
    connection.writer.write(encode(AnchorHello(version="2.0")) + encode(Beat()))
    assert [await listener.next() for _ in range(3)] == ["connected", AnchorHello(version="2.0"), Beat()]
    connection.end()


async def test_an_anchor_that_dies_is_noticed_and_the_next_one_is_found(
    anchor: Anchor, listener: Listener, client: LinkClient
) -> None:
    await anchor.listen()
    (await anchor.accept()).end()
    second = await anchor.accept()
    assert [await listener.next() for _ in range(3)] == ["connected", "ended", "connected"]
    assert await second.hears() == HELLO
    second.end()


@pytest.mark.parametrize("line", [b"\n", b"not json\n", b'{"type": "spec"}\n', b'{"type": "of-a-newer-release"}\n'])
async def test_a_line_that_is_no_message_does_not_end_the_link(
    anchor: Anchor, listener: Listener, client: LinkClient, line: bytes
) -> None:
    await anchor.listen()
    connection = await anchor.accept()
    connection.writer.write(line + encode(Beat()))
    assert [await listener.next() for _ in range(2)] == ["connected", Beat()]
    connection.end()


async def test_what_the_float_says_arrives(anchor: Anchor, listener: Listener, client: LinkClient) -> None:
    await anchor.listen()
    connection = await anchor.accept()
    await listener.next()
    client.send(ANSWER)
    assert [await connection.hears(), await connection.hears()] == [HELLO, ANSWER]
    connection.end()


async def test_what_is_said_to_nobody_is_lost_and_harms_nothing(
    anchor: Anchor, listener: Listener, client: LinkClient
) -> None:
    client.send(ANSWER)
    await anchor.listen()
    connection = await anchor.accept()
    assert await connection.hears() == HELLO
    connection.end()


async def test_a_line_without_end_makes_the_float_connect_anew(
    anchor: Anchor, listener: Listener, client: LinkClient
) -> None:
    await anchor.listen()
    connection = await anchor.accept()
    connection.writer.write(b"x" * (9 * 1024 * 1024))
    assert [await listener.next() for _ in range(3)] == ["connected", "ended", "connected"]
    connection.end()
    (await anchor.accept()).end()


async def test_an_anchor_that_does_not_read_never_holds_the_float_up(
    anchor: Anchor, listener: Listener, client: LinkClient
) -> None:
    await anchor.listen()
    connection = await anchor.accept()
    await listener.next()
    long = SpecAnswer(digest="d", accepted=False, problems=("x" * 100_000,))
    for _ in range(100):
        client.send(long)
    connection.writer.write(encode(Beat()))
    assert await listener.next() == Beat()
    connection.end()
