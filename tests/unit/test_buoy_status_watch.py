"""Claims about what the buoy makes of the status volume."""

from __future__ import annotations

from pathlib import Path

from buoy.board import Board
from buoy.status_watch import StatusWatch
from shared.models import FloatStatus, LinkStatus
from shared.status_file import FLOAT_FILE, write_status


class HandClock:
    """Moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


def status(monotonic: float, boot: str = "boot", keepalived: str = "RUNNING") -> FloatStatus:
    return FloatStatus(
        version="1",
        hostname="a",
        container_id="c",
        boot_id=boot,
        monotonic=monotonic,
        written_at=0,
        started_at=0,
        keepalived=keepalived,
        link=LinkStatus(up=True, since=0),
    )


def watching(folder: Path) -> tuple[StatusWatch, Board, HandClock]:
    clock = HandClock()
    board = Board("a", "1")
    return StatusWatch(folder, board, clock, "boot"), board, clock


def test_an_empty_or_missing_volume_is_no_status(tmp_path: Path) -> None:
    watch, board, _ = watching(tmp_path / "missing")

    watch.look()

    assert board.node.floating is None


def test_a_new_status_is_up_at_the_next_look(tmp_path: Path) -> None:
    watch, board, clock = watching(tmp_path)
    write_status(tmp_path, status(clock.now))
    watch.look()
    write_status(tmp_path, status(clock.now, keepalived="BACKOFF"))

    watch.look()

    assert board.node.floating is not None
    assert board.node.floating.keepalived == "BACKOFF"
    assert board.node.fresh


def test_a_status_grows_stale_after_three_seconds_of_silence(tmp_path: Path) -> None:
    watch, board, clock = watching(tmp_path)
    write_status(tmp_path, status(clock.now))
    clock.now += 3
    watch.look()
    on_time = board.node.fresh
    clock.now += 0.1

    watch.look()

    assert (on_time, board.node.fresh) == (True, False)
    assert board.answers["/health", ""].status == 503


def test_a_status_of_before_a_reboot_is_stale(tmp_path: Path) -> None:
    watch, board, clock = watching(tmp_path)
    write_status(tmp_path, status(clock.now, boot="another boot"))

    watch.look()

    assert board.node.floating is not None
    assert not board.node.fresh


def test_a_damaged_or_vanished_file_leaves_the_last_word_until_it_is_stale(tmp_path: Path) -> None:
    watch, board, clock = watching(tmp_path)
    write_status(tmp_path, status(clock.now))
    watch.look()
    (tmp_path / FLOAT_FILE).write_text("{")
    watch.look()
    (tmp_path / FLOAT_FILE).unlink()

    watch.look()

    assert board.node.floating == status(clock.now)
