"""Where the spec of a float alone comes from: itself. It stands where the link to an anchor would be."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from shared.errors import SpecRefusedError
from shared.link_protocol import FromFloat, Message, SpecAnswer, SpecMessage
from shared.models import FloatSpec

logger = logging.getLogger(__name__)


class Host(Protocol):
    """Who runs the spec, or gives up."""

    def link_message(self, message: Message) -> None:
        """One message, as an anchor would have sent it."""

    def give_up(self, reason: str, exit_code: int) -> None:
        """End without success."""


class AloneSource:
    """Hands one spec on; nobody is told anything."""

    def __init__(self, spec: FloatSpec) -> None:
        self._spec = spec
        self._refusals: asyncio.Queue[SpecAnswer] = asyncio.Queue()

    async def run(self, host: Host) -> None:
        """Offer the spec, and see it refused or running; ends only when cancelled, or after a refusal."""
        host.link_message(SpecMessage(spec=self._spec))
        refusal = await self._refusals.get()
        for problem in refusal.problems:
            logger.error("%s", problem)
        host.give_up("this host cannot run what the settings ask for", SpecRefusedError.exit_code)

    def send(self, message: FromFloat) -> None:
        """What an anchor would hear; only a refusal matters here."""
        if isinstance(message, SpecAnswer) and not message.accepted:
            self._refusals.put_nowait(message)
