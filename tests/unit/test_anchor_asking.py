from __future__ import annotations

import pytest

from anchor.asking import TURN, Asking
from anchor.facts import ConflictError, EngineError, EngineSilentError, NotFoundError, PullError
from tests.unit.anchor_fakes import FakeClock


class Call:
    """A call to Docker that takes its time."""

    def __init__(self, clock: FakeClock, seconds: float, error: EngineError | None = None) -> None:
        self.clock, self.seconds, self.error = clock, seconds, error
        self.alive_inside = False

    async def run(self, asking: Asking) -> str:
        self.clock.now += self.seconds
        self.alive_inside = asking.alive
        if self.error:
            raise self.error
        return "done"


async def test_the_loop_is_alive_inside_a_call_that_is_younger_than_its_limit() -> None:
    clock = FakeClock()
    asking, call = Asking(clock), Call(clock, 250)
    assert await asking(call.run(asking), 300) == "done"
    assert call.alive_inside
    assert asking.alive


async def test_a_call_that_outlives_its_limit_is_no_sign_of_life() -> None:
    clock = FakeClock()
    asking, call = Asking(clock), Call(clock, 12)
    await asking(call.run(asking), 5)
    assert not call.alive_inside


async def test_a_loop_that_does_not_come_round_is_not_alive() -> None:
    clock = FakeClock()
    asking = Asking(clock)
    clock.now += TURN
    assert not asking.alive
    asking.turned()
    assert asking.alive


@pytest.mark.parametrize("error", [EngineSilentError("no answer"), EngineError("500")])
async def test_ten_seconds_without_an_answer_fail_the_engine(error: EngineError) -> None:
    clock = FakeClock()
    asking = Asking(clock)
    for _ in range(2):
        with pytest.raises(EngineError):
            await asking(Call(clock, 5, error).run(asking), 5)
    assert not asking.engine.at(clock.now).ok


@pytest.mark.parametrize("error", [NotFoundError("x"), ConflictError("x"), PullError("x")])
async def test_a_no_is_an_answer(error: EngineError) -> None:
    clock = FakeClock()
    asking = Asking(clock)
    with pytest.raises(EngineError):
        await asking(Call(clock, 1, error).run(asking), 5)
    assert asking.engine.at(clock.now + 60).ok
