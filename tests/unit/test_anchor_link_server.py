"""The link over real Unix sockets."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anchor.link_server import LOCK_NAME, LinkServer
from anchor.patience import Patience
from shared.errors import NameTakenError
from shared.link_protocol import SOCKET_NAME, AnchorHello, Beat, FloatHello, Message, SpecAnswer, decode, encode
from tests.unit.anchor_fakes import FakeClock

CLOCK = FakeClock()
PATIENCE = Patience(CLOCK, CLOCK.sleep)
HELLO = FloatHello(version="1", token="good")


class Heard:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.news = asyncio.Event()

    def knows(self, hello: FloatHello) -> bool:
        return hello.token == "good"

    def _add(self, event: object) -> None:
        self.events.append(event)
        self.news.set()

    def arrived(self, hello: FloatHello) -> None:
        self._add("arrived")

    def said(self, message: Message) -> None:
        self._add(message)

    def left(self) -> None:
        self._add("left")

    async def until(self, *events: object) -> None:
        async with asyncio.timeout(5):
            while tuple(self.events) != events:
                self.news.clear()
                await self.news.wait()


class Caller:
    """The other end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def call(cls, folder: Path, *lines: bytes) -> Caller:
        caller = cls(*await asyncio.open_unix_connection(str(folder / SOCKET_NAME)))
        caller.writer.writelines(lines)
        return caller

    async def hears(self) -> Message | None:
        async with asyncio.timeout(5):
            line = await self.reader.readline()
        return decode(line) if line else None

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def server(tmp_path: Path, heard: Heard) -> AsyncIterator[LinkServer]:
    server = LinkServer(tmp_path, AnchorHello(version="1", stack="s"), heard)
    await server.lock(PATIENCE)
    await server.open()
    yield server
    await server.close()


async def test_a_float_is_greeted_heard_and_spoken_to(server: LinkServer, heard: Heard, tmp_path: Path) -> None:
    answer = SpecAnswer(digest="d", accepted=True)
    caller = await Caller.call(tmp_path, encode(HELLO), encode(answer))
    assert await caller.hears() == AnchorHello(version="1", stack="s")
    await heard.until("arrived", answer)
    server.send(Beat())
    assert await caller.hears() == Beat()
    await caller.close()
    await heard.until("arrived", answer, "left")


async def test_what_a_later_release_says_before_its_hello_is_skipped(
    server: LinkServer, heard: Heard, tmp_path: Path
) -> None:
    caller = await Caller.call(tmp_path, b'{"type":"of tomorrow"}\n', encode(HELLO))
    await heard.until("arrived")
    await caller.close()


async def test_only_root_can_open_the_link(server: LinkServer, tmp_path: Path) -> None:
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / SOCKET_NAME).stat().st_mode) == 0o600


async def test_a_caller_without_the_token_is_hung_up_on(server: LinkServer, heard: Heard, tmp_path: Path) -> None:
    caller = await Caller.call(tmp_path, encode(HELLO.model_copy(update={"token": "bad"})))
    assert isinstance(await caller.hears(), AnchorHello)
    assert await caller.hears() is None
    assert heard.events == []
    await caller.close()


@pytest.mark.parametrize("line", [b"nonsense\n", encode(Beat()), b'{"type":"of tomorrow"}\n{}\n', b"\n"])
async def test_who_does_not_say_hello_first_is_hung_up_on(
    server: LinkServer, heard: Heard, tmp_path: Path, line: bytes
) -> None:
    caller = await Caller.call(tmp_path, line)
    await caller.hears()
    assert await caller.hears() is None
    assert heard.events == []
    await caller.close()


async def test_the_newest_float_that_proves_itself_wins(server: LinkServer, heard: Heard, tmp_path: Path) -> None:
    first = await Caller.call(tmp_path, encode(HELLO))
    await heard.until("arrived")
    second = await Caller.call(tmp_path, encode(HELLO))
    await heard.until("arrived", "arrived")
    server.send(Beat())
    assert [await second.hears(), await second.hears()][1] == Beat()
    assert [await first.hears(), await first.hears()][1] is None
    await first.close()
    await second.close()
    await heard.until("arrived", "arrived", "left")


async def test_a_caller_that_fails_does_not_disturb_the_connected_float(
    server: LinkServer, heard: Heard, tmp_path: Path
) -> None:
    good = await Caller.call(tmp_path, encode(HELLO))
    await heard.until("arrived")
    bad = await Caller.call(tmp_path, b"nonsense\n")
    await bad.close()
    server.send(Beat())
    assert [await good.hears(), await good.hears()][1] == Beat()
    await good.close()


async def test_messages_of_tomorrow_and_broken_lines_are_passed_over(
    server: LinkServer, heard: Heard, tmp_path: Path
) -> None:
    answer = SpecAnswer(digest="d", accepted=True)
    lines = (b'{"type":"of tomorrow"}\n', b"nonsense\n", encode(answer))
    caller = await Caller.call(tmp_path, encode(HELLO), *lines)
    await heard.until("arrived", answer)
    await caller.close()


async def test_a_float_that_does_not_read_is_cut_off_and_blocks_nobody(
    server: LinkServer, heard: Heard, tmp_path: Path
) -> None:
    caller = await Caller.call(tmp_path, encode(HELLO))
    await heard.until("arrived")
    big = AnchorHello(version="x" * 1_000_000)
    for _ in range(10):
        server.send(big)
    await heard.until("arrived", "left")
    await caller.close()


async def test_a_socket_that_a_dead_anchor_left_behind_is_replaced(tmp_path: Path, heard: Heard) -> None:
    (tmp_path / SOCKET_NAME).touch()
    server = LinkServer(tmp_path, AnchorHello(version="1"), heard)
    await server.open()
    caller = await Caller.call(tmp_path, encode(HELLO))
    await heard.until("arrived")
    await caller.close()
    await server.close()


async def test_a_second_anchor_of_the_same_link_is_refused(server: LinkServer, heard: Heard, tmp_path: Path) -> None:
    second = LinkServer(tmp_path, AnchorHello(version="1"), heard)
    with pytest.raises(NameTakenError, match="Another anchor holds this node's link"):
        await second.lock(PATIENCE)
    assert (tmp_path / LOCK_NAME).exists()


async def test_what_was_said_last_arrives_before_the_end(server: LinkServer, heard: Heard, tmp_path: Path) -> None:
    caller = await Caller.call(tmp_path, encode(HELLO))
    await heard.until("arrived")
    server.send(Beat())
    await server.close()
    assert [await caller.hears(), await caller.hears(), await caller.hears()][1:] == [Beat(), None]
    await caller.close()


async def test_nothing_is_sent_where_nobody_is_connected(server: LinkServer, heard: Heard) -> None:
    server.send(Beat())
    assert heard.events == []
