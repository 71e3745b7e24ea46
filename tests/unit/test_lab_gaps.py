"""The lab's gap client: what counts as a gap, and what a report says of it."""

from __future__ import annotations

import array

from tests.lab.gap_client import UNANSWERED, gaps
from tests.lab.gaps import Gap, GapReport


def _probes(*answered: float) -> tuple[array.array[float], array.array[float]]:
    return array.array("d", range(len(answered))), array.array("d", answered)


def test_a_gap_lasts_from_the_first_lost_probe_to_the_next_answered_one() -> None:
    sent, answered = _probes(0.0, UNANSWERED, UNANSWERED, 3.0)
    assert gaps(sent, answered, late=0.02) == [(1.0, 2.0)]


def test_an_answer_that_waited_in_a_queue_is_part_of_the_gap() -> None:
    sent, answered = _probes(0.0, 3.0, 3.0, 3.0)
    assert gaps(sent, answered, late=0.02) == [(1.0, 2.0)]


def test_a_gap_at_the_end_lasts_to_the_last_probe() -> None:
    sent, answered = _probes(0.0, UNANSWERED, UNANSWERED)
    assert gaps(sent, answered, late=0.02) == [(1.0, 1.0)]


def test_no_gap_when_every_probe_is_answered() -> None:
    sent, answered = _probes(0.001, 1.001, 2.001)
    assert gaps(sent, answered, late=0.02) == []


def test_a_report_finds_the_gaps_of_one_fault_among_many() -> None:
    report = GapReport(sent=9, lost=2, late=0, refused=0, began=0.0, ended=9.0, gaps=(Gap(1.0, 0.5), Gap(7.0, 0.25)))
    assert report.between(6.0, 8.0) == (Gap(7.0, 0.25),)
    assert report.max_gap == 0.5
