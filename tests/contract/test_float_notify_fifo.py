"""The notify FIFO as keepalived writes to it: lines, half lines, many at once, and other words."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from float.notice import Notice
from float.notify_fifo import NotifyFifo
from shared.models import VrrpState

BACKUP = Notice("VI_1", VrrpState.BACKUP, 254)
MASTER = Notice("VI_1", VrrpState.MASTER, 254)


class Desk:
    """The reading end, and what came out of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: asyncio.Queue[Notice] = asyncio.Queue()
        self.fifo = NotifyFifo(path)
        self.fifo.open(self.notices.put_nowait)

    def write(self, text: str) -> None:
        """Open, write and close, as keepalived could."""
        writer = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        os.write(writer, text.encode())
        os.close(writer)

    async def next(self) -> Notice:
        """The next notice."""
        return await asyncio.wait_for(self.notices.get(), 5.0)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """An open FIFO."""
    made = Desk(tmp_path / "notify.fifo")
    yield made
    made.fifo.close()


async def test_a_line_is_a_notice(desk: Desk) -> None:
    desk.write('INSTANCE "VI_1" BACKUP 254\n')
    assert await desk.next() == BACKUP


async def test_lines_written_at_once_come_in_order(desk: Desk) -> None:
    desk.write('INSTANCE "VI_1" BACKUP 254\nINSTANCE "VI_1" MASTER 254\n')
    assert [await desk.next(), await desk.next()] == [BACKUP, MASTER]


async def test_a_line_in_two_pieces_is_one_notice(desk: Desk) -> None:
    desk.write('INSTANCE "VI_1" BACKUP 254\nINSTANCE "VI')
    assert await desk.next() == BACKUP
    desk.write('_1" MASTER 254\n')
    assert await desk.next() == MASTER


async def test_other_words_are_passed_over(desk: Desk) -> None:
    desk.write(
        'GROUP "G" MASTER 0\n\nINSTANCE "VI_1" MASTER_RX_LOWER_PRI 254\n\N{SNOWMAN}\nINSTANCE "VI_1" MASTER 254\n'
    )
    assert await desk.next() == MASTER


async def test_a_writer_that_ends_does_not_end_the_reader(desk: Desk) -> None:
    desk.write('INSTANCE "VI_1" BACKUP 254\n')
    assert await desk.next() == BACKUP
    desk.write('INSTANCE "VI_1" MASTER 254\n')
    assert await desk.next() == MASTER


async def test_what_an_earlier_float_left_in_its_place_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "notify.fifo").write_text("a file")
    desk = Desk(tmp_path / "notify.fifo")
    assert stat.S_ISFIFO(desk.path.stat().st_mode)
    assert desk.path.stat().st_mode & 0o077 == 0
    desk.fifo.close()
