"""keepalived as a child process: asked to end it stays down, else it comes back, ever later if it will not stay up."""

from __future__ import annotations

import pytest

from float.lifecycle import LONGEST_BACKOFF, STEADY_AFTER, ChildState, Lifecycle


def died(times: int, *, apart: float = 0.5) -> Lifecycle:
    """After that many exits, each so many seconds after a start."""
    lifecycle = Lifecycle()
    for number in range(times):
        lifecycle = lifecycle.started(number * 100.0).exited(number * 100.0 + apart)
    return lifecycle


def wait_of(lifecycle: Lifecycle) -> float:
    """Seconds from the exit to the next start."""
    return lifecycle.retry_at - lifecycle.changed_at


def test_a_child_that_never_ran_is_started_at_once() -> None:
    assert Lifecycle().due(0.0)


def test_a_running_child_is_not_started_again() -> None:
    assert not Lifecycle().started(1.0).due(1_000.0)


def test_a_child_that_is_being_stopped_is_not_started_again() -> None:
    assert not Lifecycle().started(1.0).stopping(2.0).due(1_000.0)


def test_a_child_that_was_asked_to_end_counts_no_restart() -> None:
    lifecycle = Lifecycle().started(1.0).stopping(2.0).exited(3.0)
    assert (lifecycle.state, lifecycle.restarts, lifecycle.changed_at) == (ChildState.STOPPED, 0, 3.0)


def test_a_child_that_dies_the_first_time_is_due_at_once() -> None:
    lifecycle = died(1)
    assert (lifecycle.state, lifecycle.restarts) == (ChildState.BACKOFF, 1)
    assert lifecycle.due(lifecycle.changed_at)


@pytest.mark.parametrize(("deaths", "seconds"), [(2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 16.0), (7, 30.0)])
def test_a_child_that_dies_quickly_again_waits_longer_each_time(deaths: int, seconds: float) -> None:
    lifecycle = died(deaths)
    assert wait_of(lifecycle) == seconds
    assert not lifecycle.due(lifecycle.retry_at - 0.001)
    assert lifecycle.due(lifecycle.retry_at)


def test_a_keepalived_that_cannot_run_for_days_is_still_tried_every_half_minute() -> None:
    assert wait_of(died(5_000)) == LONGEST_BACKOFF


def test_a_child_that_ran_long_enough_is_due_at_once_again() -> None:
    lifecycle = died(5).started(1_000.0).exited(1_000.0 + STEADY_AFTER)
    assert wait_of(lifecycle) == 0.0
    assert lifecycle.restarts == 6


def test_a_child_that_ran_a_little_less_than_long_enough_still_waits() -> None:
    lifecycle = died(5).started(1_000.0).exited(1_000.0 + STEADY_AFTER - 0.001)
    assert wait_of(lifecycle) == 16.0


def test_a_child_whose_configuration_changed_is_due_at_once_but_no_better_trusted() -> None:
    lifecycle = died(5).renewed(2_000.0)
    assert lifecycle.due(2_000.0)
    assert wait_of(lifecycle.started(2_000.0).exited(2_000.1)) == wait_of(died(6))


def test_only_a_child_that_waits_is_hurried_by_another_configuration() -> None:
    lifecycle = Lifecycle().started(1.0)
    assert lifecycle.renewed(2.0) == lifecycle


def test_a_child_that_dies_quickly_again_does_not_stay() -> None:
    assert [died(deaths).stays for deaths in (1, 2, 3)] == [True, False, False]
