"""What the loop makes of adverts: those that waited are old, and no news is lost."""

from __future__ import annotations

from float.alertness import AT_ONCE, STILL, Alertness


def test_a_process_that_shows_itself_often_enough_never_stood_still() -> None:
    alertness = Alertness(100.0)
    assert [alertness.seen(100.0 + second * STILL) for second in range(1, 5)] == [False] * 4


def test_one_that_did_not_stood_still_once() -> None:
    alertness = Alertness(100.0)
    assert alertness.seen(100.1 + STILL)
    assert not alertness.seen(100.1 + STILL)


def test_news_beyond_the_ration_wake_the_loop_when_the_next_second_begins() -> None:
    alertness = Alertness(0.0)
    assert [alertness.wakes(5.25) for _ in range(AT_ONCE + 1)] == [True] * AT_ONCE + [False]
    owed = []
    for now in (5.5, 6.0, 6.25):
        owed.append(alertness.owed_at)
        alertness.pay(now)
    assert [*owed, alertness.owed_at] == [6.25, 6.25, 6.25, None]
    assert alertness.wakes(6.25)
