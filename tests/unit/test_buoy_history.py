"""Claims about the transitions of the past."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from buoy.cluster_api import Event
from buoy.history import merge, parse, read_history, unseen


def line(time: float, node: str = "a", to: str = "MASTER") -> bytes:
    entry = {"time": time, "node": node, "router": "keepalived", "vrid": 77, "from": "BACKUP", "to": to, "reason": "x"}
    return json.dumps(entry).encode()


def events(*times: float, node: str = "a") -> tuple[Event, ...]:
    return parse([line(time, node) for time in times], 100)


def test_a_line_becomes_a_transition() -> None:
    (event,) = events(1.5)

    assert json.loads(event.encode()) == {
        "time": "1970-01-01T00:00:01.500000Z",
        "node": "a",
        "virtualRouter": "keepalived",
        "vrid": 77,
        "from": "BACKUP",
        "to": "MASTER",
        "reason": "x",
    }


def test_lines_that_are_cut_short_or_make_no_sense_are_left_out() -> None:
    lines = [
        b"",
        b"{",
        line(1)[:-9],
        b"[]",
        b'"x"',
        b'{"time": "soon"}',
        b"\xff\xfe",
        line(2),
        b'{"time": 1e300}',
        b"[" * 100_000,
    ]

    assert len(parse(lines, 100)) == 1


def test_only_the_last_are_kept_and_the_oldest_comes_first() -> None:
    kept = parse([line(time) for time in (1, 2, 4, 3)], 3)

    assert [event.time.timestamp() for event in kept] == [2, 3, 4]


class Watched(Sequence[bytes]):
    """Ten lines, one of which makes no sense, that know which of them were looked at."""

    def __init__(self) -> None:
        self.looked_at: set[int] = set()

    def __len__(self) -> int:
        return 10

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        assert isinstance(index, int)
        if index >= len(self):
            raise IndexError
        self.looked_at.add(index)
        return b"{" if index == 8 else line(index)


def test_no_more_lines_are_read_than_are_needed_for_the_last_transitions() -> None:
    lines = Watched()

    kept = parse(lines, 3)

    assert [event.time.timestamp() for event in kept] == [6, 7, 9]
    assert lines.looked_at == {6, 7, 8, 9}


def test_transitions_of_one_moment_stay_in_the_order_of_the_file() -> None:
    kept = parse([line(1, to=state) for state in ("FAULT", "BACKUP", "MASTER")], 2)

    assert [event.to for event in kept] == ["BACKUP", "MASTER"]


def test_the_histories_of_all_nodes_are_one_with_the_newest_first() -> None:
    merged = merge([events(1, 4), events(2, 3, node="b")], 3)

    assert [(event.node, event.time.timestamp()) for event in merged] == [("a", 4), ("b", 3), ("b", 2)]


def test_the_same_transition_heard_twice_is_one() -> None:
    assert len(merge([events(1), events(1)], 10)) == 1


def test_a_transition_that_comes_late_with_an_earlier_time_is_still_new() -> None:
    known = {event.id for event in events(2)}

    assert [e.node for e in unseen(merge([events(2), events(1, node="b")], 10), known)] == ["b"]


def test_the_id_of_a_transition_is_made_once_and_makes_no_other_transition_of_it() -> None:
    (event,), (same,) = events(1), events(1)

    assert event.id is event.id
    assert event == same
    assert "id" not in json.loads(event.encode())


def test_a_missing_file_is_an_empty_history(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.jsonl", 10) == ()


def test_of_a_file_that_grew_beyond_all_bounds_only_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"\n".join(line(time) for time in range(1000)))

    assert [event.time.timestamp() for event in read_history(path, 2)] == [998, 999]
