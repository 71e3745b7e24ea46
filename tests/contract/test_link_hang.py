"""An anchor whose event loop is blocked, its process alive and its socket open: the float notices, and hears it again.

Both real ends of the link over a real socket; the anchor's in a thread, so that its loop alone can be held up.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchor import vitals
from anchor.link_server import LinkServer
from float.link_client import LinkClient
from float.situation import Situation
from shared.link_protocol import SOCKET_NAME, AnchorHello, Beat, FloatHello, Message
from tests.unit.float_samples import SPEC

TIMEOUT = 0.6
SLACK = 0.5
LONGEST = 5.0


class EveryFloat:
    """A listener that takes whoever calls."""

    def knows(self, hello: FloatHello) -> bool:
        return True

    def arrived(self, hello: FloatHello) -> None:
        pass

    def said(self, message: Message) -> None:
        pass

    def left(self) -> None:
        pass


class Anchor:
    """Beats on the link from a loop of its own."""

    def __init__(self, folder: Path) -> None:
        self._server = LinkServer(folder, AnchorHello(version="1.0"), EveryFloat())
        self._loop = asyncio.new_event_loop()
        self._unblocked = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._live(),))
        self._work: asyncio.Task[None] | None = None
        self._thread.start()

    async def _live(self) -> None:
        await self._server.open()
        beat = vitals.beat_interval(TIMEOUT)
        beats = vitals.run(lambda: self._server.send(Beat()), lambda: None, interval=beat, sleep=asyncio.sleep)
        self._work = asyncio.create_task(beats)
        with contextlib.suppress(asyncio.CancelledError):
            await self._work
        await self._server.close()

    def block(self) -> None:
        """Hold the whole loop up, as a call does that should not have been made there."""
        self._unblocked.clear()
        self._loop.call_soon_threadsafe(self._unblocked.wait)

    def unblock(self) -> None:
        """Let it go on."""
        self._unblocked.set()

    def end(self) -> None:
        """End the thread, too."""
        self.unblock()
        self._loop.call_soon_threadsafe(lambda: self._work and self._work.cancel())
        self._thread.join()
        self._loop.close()


class Float:
    """What a float makes of its link, by the real clock."""

    def __init__(self) -> None:
        self.situation = Situation(time.monotonic())
        self.situation.take_timing(SPEC.model_copy(update={"link_timeout": TIMEOUT}))

    def hello(self) -> FloatHello:
        return FloatHello(version="1.0")

    def link_connected(self) -> None:
        self.situation.connected(time.monotonic())

    def link_message(self, message: Message) -> None:
        self.situation.heard(time.monotonic())

    def link_ended(self) -> None:
        self.situation.ended(time.monotonic())

    def link(self) -> tuple[bool, str]:
        """The condition `link`, and its sentence."""
        condition = self.situation.conditions(time.monotonic())[0]
        return condition.ok, condition.reason

    async def becomes(self, ok: bool) -> float:
        """Seconds until the condition is that."""
        began = time.monotonic()
        while self.link()[0] is not ok and time.monotonic() - began < LONGEST:
            await asyncio.sleep(0.01)
        return time.monotonic() - began


@pytest.fixture
def anchor(tmp_path: Path) -> Iterator[Anchor]:
    """An anchor that listens and beats."""
    anchor = Anchor(tmp_path)
    yield anchor
    anchor.end()


async def test_an_anchor_whose_loop_is_blocked_counts_as_gone_after_the_link_timeout_and_is_back_with_its_next_beat(
    anchor: Anchor, tmp_path: Path
) -> None:
    node = Float()
    link = asyncio.create_task(LinkClient(tmp_path / SOCKET_NAME).run(node))
    await node.becomes(ok=True)
    assert node.link() == (True, "the anchor answers")

    anchor.block()
    noticed = await node.becomes(ok=False)
    assert node.link() == (False, f"the anchor hangs: nothing heard for {TIMEOUT:g} s")
    assert TIMEOUT - 2 * vitals.beat_interval(TIMEOUT) <= noticed <= TIMEOUT + SLACK

    anchor.unblock()
    assert await node.becomes(ok=True) < LONGEST
    link.cancel()
