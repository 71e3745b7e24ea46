"""keepalived's stderr as it comes: repeated at once, and in a flood counted whole, in few reads."""

from __future__ import annotations

import asyncio
import logging
import os

import pytest

from float.child_log import ChildLog
from float.log_thrift import MOST

FLOOD = 3000


def test_in_a_flood_the_loop_is_woken_for_few_reads_and_no_line_is_lost(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    really_read = os.read

    def read(descriptor: int, size: int) -> bytes:
        nonlocal reads
        reads += 1
        return really_read(descriptor, size)

    async def flood() -> None:
        log = ChildLog()
        monkeypatch.setattr("float.child_log.os.read", read)
        for number in range(FLOOD):
            os.write(log.write_end, f"Sat: (VI_1) bad packet {number}\n".encode())
            await asyncio.sleep(0)
        log.handed_over()
        while reads == 0 or f"{FLOOD - MOST} more lines" not in caplog.text:
            await asyncio.sleep(0.01)

    caplog.set_level(logging.INFO, "float.keepalived")
    asyncio.run(asyncio.wait_for(flood(), 20))
    assert "keepalived: (VI_1) bad packet 0" in caplog.text
    assert reads < FLOOD / 10


def test_what_is_said_last_is_repeated_although_many_lines_came_before_it(caplog: pytest.LogCaptureFixture) -> None:
    async def say() -> None:
        log = ChildLog()
        os.write(log.write_end, b"".join(b"Sat: line of kind %s\n" % (b"x" * n) for n in range(100)))
        os.write(log.write_end, b"Sat: Stopped\n")
        log.handed_over()
        while "keepalived: Stopped" not in caplog.text:
            await asyncio.sleep(0.01)

    caplog.set_level(logging.INFO, "float.keepalived")
    asyncio.run(asyncio.wait_for(say(), 20))
