"""The node's transitions on the status volume."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from float.history import History
from float.routers import Transition
from shared.models import VrrpState


def transition(wall: float = 1_700_000_000.12345) -> Transition:
    """A takeover at that time."""
    return Transition("VI_1", 77, VrrpState.BACKUP, VrrpState.MASTER, "192.0.2.1 was silent for 0.31 s", wall)


def times(path: Path) -> list[float]:
    """When the transitions of the file were."""
    return [json.loads(line)["time"] for line in path.read_text().splitlines()]


def filled(path: Path, count: int, *, limit: int = 3) -> History:
    """A history of that many transitions, one a second."""
    history = History(path, node="a", limit=limit)
    for number in range(count):
        history.append(transition(float(number)))
    return history


def test_a_transition_is_one_line_of_json(tmp_path: Path) -> None:
    History(tmp_path / "history.jsonl", node="a", limit=10).append(transition())
    assert json.loads((tmp_path / "history.jsonl").read_text()) == {
        "time": 1_700_000_000.123,
        "node": "a",
        "router": "VI_1",
        "vrid": 77,
        "from": "BACKUP",
        "to": "MASTER",
        "reason": "192.0.2.1 was silent for 0.31 s",
    }


def test_a_new_float_goes_on_where_the_old_one_ended(tmp_path: Path) -> None:
    filled(tmp_path / "history.jsonl", 2)
    filled(tmp_path / "history.jsonl", 1)
    assert times(tmp_path / "history.jsonl") == [0.0, 1.0, 0.0]


def test_the_history_keeps_the_last_transitions_and_does_not_grow_for_ever(tmp_path: Path) -> None:
    filled(tmp_path / "history.jsonl", 7)
    assert times(tmp_path / "history.jsonl") == [4.0, 5.0, 6.0]


def test_a_damaged_history_keeps_no_float_from_serving(tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").write_bytes(b"\xff\xfe\n" * 9)

    filled(tmp_path / "history.jsonl", 4)

    assert json.loads((tmp_path / "history.jsonl").read_bytes().splitlines()[-1])["to"] == "MASTER"


def test_lines_of_an_old_float_count_towards_the_limit(tmp_path: Path) -> None:
    filled(tmp_path / "history.jsonl", 6)
    filled(tmp_path / "history.jsonl", 1)
    assert times(tmp_path / "history.jsonl") == [4.0, 5.0, 0.0]


def test_nothing_is_left_beside_the_history(tmp_path: Path) -> None:
    filled(tmp_path / "history.jsonl", 20)
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]


def test_a_volume_that_cannot_be_written_is_logged_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    History(tmp_path / "gone" / "history.jsonl", node="a", limit=10).append(transition())
    assert "the history cannot be written" in caplog.text


def test_what_could_not_be_written_is_written_with_the_next_line(tmp_path: Path) -> None:
    history = History(tmp_path / "later" / "history.jsonl", node="a", limit=10)
    history.append(transition(1.0))
    history.append(transition(2.0))
    (tmp_path / "later").mkdir()
    history.append(transition(3.0))
    assert times(tmp_path / "later" / "history.jsonl") == [1.0, 2.0, 3.0]


def test_a_volume_that_stays_full_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    history = History(tmp_path / "gone" / "history.jsonl", node="a", limit=10)
    history.append(transition())
    history.append(transition())
    assert len(caplog.messages) == 1
