"""A part of the float fails as nobody foresaw: peers hear priority 0, neither VIP nor keepalived is left behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from float.keepalived import Keepalived
from tests.contract.float_world import kernel_address
from tests.contract.whole_float import VIP, Machine, machine_called

pytestmark = pytest.mark.lab


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """A host where nothing runs."""
    async with machine_called("failure", tmp_path) as made:
        yield made


async def test_a_part_that_raises_ends_the_float_with_a_clean_release(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    async def part() -> None:
        await machine.serving()
        raise ValueError("the unforeseen")

    assert await machine.run(part) == 1
    assert machine.priorities()[-1] == 0
    assert kernel_address(VIP) is None
    assert not machine.keepalived.running
    traces = [logging.Formatter().formatException(r.exc_info) for r in caplog.records if r.exc_info]
    assert len(traces) == 1
    assert "ValueError: the unforeseen" in traces[0]


async def test_a_part_that_ends_by_itself_does_the_same(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    assert await machine.run(machine.serving) == 1
    assert machine.priorities()[-1] == 0
    assert kernel_address(VIP) is None
    assert "part ended by itself" in caplog.text


async def test_a_line_of_keepalived_that_is_too_long_ends_nothing(machine: Machine) -> None:
    program = machine.folder / "keepalived"
    program.write_text("#!/bin/sh\nhead -c 200000 /dev/zero >&2; echo >&2; echo said: later >&2; exec sleep 60\n")
    program.chmod(0o755)
    keepalived = Keepalived(machine.folder, program=str(program))
    await keepalived.start(lambda: None)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(keepalived.failing(), 1)
    await keepalived.stop()
