"""Claims about how times, reasons and lists read."""

from __future__ import annotations

import pytest

from buoy.texts import listed, moment, sentence, stamp, uptime


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00:00"), (59.9, "00:00:59"), (90061, "25:01:01"), (-1, "00:00:00")]
)
def test_an_uptime_is_hours_minutes_seconds(seconds: float, text: str) -> None:
    assert uptime(seconds) == text


def test_an_impossible_time_is_not_an_error() -> None:
    assert stamp(1e300) == stamp(float("nan")) == "1970-01-01T00:00:00Z"
    assert moment(0).tzinfo is not None


def test_a_reason_of_several_lines_becomes_one() -> None:
    assert sentence("it fails", "a\n\n b \n") == "it fails: a; b"
    assert sentence("it fails", "") == "it fails"


def test_a_list_reads_as_a_person_would_say_it() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
