"""Claims about what the buoy makes of the status volume."""

from __future__ import annotations

from pathlib import Path

from buoy.board import Board
from buoy.status_watch import StatusWatch
from shared.status import FloatStatus
from shared.status_file import FLOAT_FILE, HISTORY_FILE, write_status
from tests.unit.buoy_samples import BACKUP, MASTER, HandClock, anchor, router, told


def status(monotonic: float, **more: object) -> FloatStatus:
    return told("a", monotonic=monotonic, **more)


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
    write_status(tmp_path, status(clock.now, boot_id="another boot"))

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


def test_a_status_that_says_the_same_again_wakes_nobody(tmp_path: Path) -> None:
    watch, board, clock = watching(tmp_path)
    write_status(tmp_path, status(clock.now, virtual_routers=(router(MASTER, counters={"advert_sent": 1}),)))
    watch.look()
    before, answers = board.told.value, board.answers
    clock.now += 1
    write_status(tmp_path, status(clock.now, virtual_routers=(router(MASTER, counters={"advert_sent": 11}),)))

    watch.look()

    assert (board.told.value, board.answers) == (before, answers)
    assert board.node.routers[0].counters == {"advert_sent": 11}


def test_a_transition_wakes_those_that_wait(tmp_path: Path) -> None:
    watch, board, clock = watching(tmp_path)
    write_status(tmp_path, status(clock.now, virtual_routers=(router(MASTER),)))
    watch.look()
    before = board.told.value
    write_status(tmp_path, status(clock.now, virtual_routers=(router(BACKUP),)))

    watch.look()

    assert board.told.value > before


def test_the_anchors_word_and_the_history_are_read_too(tmp_path: Path) -> None:
    watch, board, clock = watching(tmp_path)
    write_status(tmp_path, anchor(monotonic=clock.now, stack="keepalived"))
    (tmp_path / HISTORY_FILE).write_text(
        '{"time": 1, "node": "a", "router": "r", "vrid": 77, "from": "INIT", "to": "BACKUP", "reason": ""}\n'
    )

    watch.look()

    assert board.node.anchor is not None
    assert board.node.anchor.stack == "keepalived"
    assert [event.to for event in board.events] == ["BACKUP"]
