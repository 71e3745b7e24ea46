from __future__ import annotations

import asyncio

import pytest

from anchor.process import or_stopped
from shared.errors import DockerUnavailableError


async def test_what_an_end_has_to_know_is_still_found_out_once_told_to_stop() -> None:
    stop = asyncio.Event()

    async def find() -> str:
        stop.set()
        for _ in range(5):
            await asyncio.sleep(0)
        return "who I am"

    assert await or_stopped(find(), stop) == "who I am"


async def test_a_failure_counts_unless_told_to_stop_before() -> None:
    stop = asyncio.Event()

    async def find(*, stopped: bool) -> str:
        if stopped:
            stop.set()
        for _ in range(5):
            await asyncio.sleep(0)
        raise DockerUnavailableError("nobody")

    with pytest.raises(DockerUnavailableError):
        await or_stopped(find(stopped=False), stop)
    assert await or_stopped(find(stopped=True), stop) is None
