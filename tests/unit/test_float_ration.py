from __future__ import annotations

from float.ration import Ration


def test_a_window_allows_so_many_and_no_more() -> None:
    ration = Ration(2, 1.0)
    assert [ration.take(10.0), ration.take(10.5), ration.take(10.9)] == [True, True, False]
    assert ration.exhausted(10.9)


def test_the_next_window_allows_as_many_again() -> None:
    ration = Ration(1, 1.0)
    assert [ration.take(10.0), ration.take(10.9), ration.take(11.0)] == [True, False, True]


def test_the_wait_is_the_rest_of_the_window() -> None:
    ration = Ration(1, 1.0)
    ration.take(10.0)
    assert (ration.wait(10.25), ration.wait(12.0)) == (0.75, 0.0)
    assert not ration.exhausted(11.0)
