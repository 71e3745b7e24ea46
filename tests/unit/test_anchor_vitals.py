from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from anchor import vitals
from anchor.vitals import HEALTHY_FOR, Files, beat_interval
from shared.disk import PATIENCE
from shared.status import AnchorStatus
from shared.status_file import read_anchor_status
from tests.unit.anchor_fakes import FakeClock

STATUS = AnchorStatus(
    version="1", hostname="a", container_id="c", boot_id="b", monotonic=1, written_at=2, started_at=3, stack="s"
)


def test_health_is_a_deadline_in_seconds_of_uptime(tmp_path: Path) -> None:
    Files(tmp_path / "health", tmp_path).health(None)
    deadline, reason = (tmp_path / "health").read_text().split(maxsplit=1)
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert 0 < int(deadline) - uptime <= HEALTHY_FOR
    assert reason.strip() == "ok"


def test_a_reason_against_health_has_no_deadline(tmp_path: Path) -> None:
    Files(tmp_path / "health", tmp_path).health("the float is not connected")
    assert (tmp_path / "health").read_text() == "0 the float is not connected\n"


def test_the_status_reaches_the_buoy(tmp_path: Path) -> None:
    Files(tmp_path / "health", tmp_path).status(STATUS)
    assert read_anchor_status(tmp_path) == STATUS


def test_a_full_disk_is_said_once_and_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = Files(tmp_path / "missing" / "health", tmp_path / "missing")
    for _ in range(3):
        files.health(None)
        files.status(STATUS)
    assert len(caplog.messages) == 2


def test_a_disk_that_hangs_is_said_once_and_holds_up_no_beat_for_long(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, answers = Files(tmp_path / "health", tmp_path), threading.Event()
    monkeypatch.setattr(vitals, "write_status", lambda *_: answers.wait(30))
    began = time.monotonic()
    for _ in range(100):
        files.status(STATUS)
        files.health(None)
    answers.set()
    assert time.monotonic() - began < 100 * PATIENCE / 4
    assert [record.getMessage() for record in caplog.records] == [
        "The status file cannot be written: the disk does not answer"
    ]


def test_several_beats_fit_into_the_link_timeout() -> None:
    assert beat_interval(3.0) == 0.5
    assert beat_interval(60.0) == 0.5
    assert beat_interval(0.3) == pytest.approx(0.05)


async def test_the_status_is_published_once_a_second_and_the_pulse_beats_faster() -> None:
    calls: list[str] = []
    clock = FakeClock()

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        if clock.now >= 1003:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await vitals.run(lambda: calls.append("pulse"), lambda: calls.append("publish"), interval=0.25, sleep=sleep)
    assert (calls.count("pulse"), calls.count("publish")) == (12, 3)
