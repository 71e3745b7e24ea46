"""A float alone offers itself the spec, and gives up when it refuses."""

from __future__ import annotations

import asyncio
import contextlib

from float.alone_source import AloneSource
from shared.link_protocol import Message, SpecAnswer, SpecMessage
from tests.unit.float_samples import SPEC


class Host:
    """One that notes what it is told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.gave_up: list[int] = []

    def link_message(self, message: Message) -> None:
        """One message."""
        self.messages.append(message)

    def give_up(self, reason: str, exit_code: int) -> None:
        """End without success."""
        self.gave_up.append(exit_code)


async def run_with(*answers: SpecAnswer) -> Host:
    """The host after these answers."""
    source, host = AloneSource(SPEC), Host()
    for answer in answers:
        source.send(answer)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(source.run(host), 0.01)
    return host


async def test_the_spec_is_offered_once_and_runs_on() -> None:
    host = await run_with(SpecAnswer(digest="d", accepted=True))
    assert host.messages == [SpecMessage(spec=SPEC)]
    assert host.gave_up == []


async def test_a_refused_spec_ends_the_float_with_the_code_for_refusals() -> None:
    host = await run_with(SpecAnswer(digest="d", accepted=False, problems=("a gateway",)))
    assert host.gave_up == [5]
