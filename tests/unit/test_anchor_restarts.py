from __future__ import annotations

from anchor.restarts import Restarts


def delays(*lives: float) -> list[float]:
    restarts, found = Restarts(), []
    for lived in lives:
        restarts = restarts.after_death(lived)
        found.append(restarts.delay)
    return found


def test_the_first_deaths_are_answered_at_once_and_then_the_wait_doubles_up_to_half_a_minute() -> None:
    assert delays(*[1.0] * 10) == [0, 0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_night_of_quick_deaths_is_still_answered_every_half_minute() -> None:
    assert delays(*[1.0] * 1100)[-1] == 30


def test_a_float_that_lived_for_long_ends_the_waiting() -> None:
    assert delays(1, 1, 1, 300, 1) == [0, 0, 1, 0, 0]


def test_every_death_counts_in_the_total() -> None:
    assert Restarts().after_death(1).after_death(300).total == 2
