"""Steps of a turn: one that fails is said once and keeps no other from being done."""

from __future__ import annotations

import pytest

from float.beside import Steps


def attempt(steps: Steps, error: OSError | None = None) -> None:
    with steps.step("the record"):
        if error:
            raise error


def test_a_step_that_fails_is_said_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    steps = Steps()
    for _ in range(3):
        attempt(steps, OSError(28, "No space left on device"))
    attempt(steps)
    attempt(steps)
    assert caplog.messages == [
        "the record: failed, is tried again, and the rest goes on: [Errno 28] No space left on device",
        "the record: works again",
    ]


def test_a_mistake_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), Steps().step("the record"):
        raise ZeroDivisionError
