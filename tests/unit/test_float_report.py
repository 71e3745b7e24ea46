"""The status told outwards: what cannot be written keeps nothing else from being told."""

from __future__ import annotations

from pathlib import Path

import pytest

from float.host import HostView
from float.lifecycle import Lifecycle
from float.report import Picture, Reporter
from shared.clock import SystemClock
from shared.status import FloatStatus
from shared.status_file import FLOAT_FILE

PICTURE = Picture(
    resolved=None,
    digest=None,
    refused=(None, ""),
    lifecycle=Lifecycle(),
    conditions=(),
    alone=False,
    link_reason="",
    link_up=True,
    in_grace=False,
    entries=(),
    host=HostView((), ()),
    strangers={},
    flood="",
)


def reporter(folder: Path, told: list[FloatStatus]) -> Reporter:
    identity = {"version": "1", "hostname": "a", "container_id": "c", "warnings": ("of the start",)}
    health = folder.parent / "health"
    return Reporter(folder=folder, health_file=health, identity=identity, clock=SystemClock(), send=told.append)


def test_a_status_volume_that_is_full_is_said_once_in_log_and_report_and_takes_neither_report_nor_health(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[FloatStatus] = []
    folder = tmp_path / "full"
    float_ = reporter(folder, told)
    for _ in range(3):
        float_.report(PICTURE, news=True)
    assert len(told) == 3
    assert told[0].warnings == ("of the start",)
    assert "the status cannot be written" in told[-1].warnings[-1]
    assert (tmp_path / "health").exists()
    assert len(caplog.messages) == 1

    folder.mkdir()
    float_.report(PICTURE, news=True)
    float_.report(PICTURE, news=True)
    assert told[-1].warnings == ("of the start",)
    assert (folder / FLOAT_FILE).exists()


def test_nothing_is_left_of_a_status_that_did_not_fit(tmp_path: Path) -> None:
    folder = tmp_path / "status"
    folder.mkdir()
    (folder / FLOAT_FILE).mkdir()  # the rename fails
    reporter(folder, []).report(PICTURE, news=True)
    assert [path.name for path in folder.iterdir()] == [FLOAT_FILE]
