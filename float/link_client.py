"""Door: the link's connecting end. It connects for as long as the float lives; what it hears it hands on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Protocol

from shared.link_protocol import MAX_LINE, FromFloat, Message, ProtocolError, decode, encode

logger = logging.getLogger(__name__)

RETRY = 0.1
"""Seconds between two tries to connect; a try costs microseconds."""

_SEND_BUFFER_LIMIT = 1024 * 1024


class LinkListener(Protocol):
    """Who wants to know; called from the event loop, never concurrently."""

    def hello(self) -> FromFloat:
        """What to say first on a new connection."""

    def link_connected(self) -> None:
        """An anchor accepted the connection."""

    def link_message(self, message: Message) -> None:
        """One message came."""

    def link_ended(self) -> None:
        """The connection is gone."""


class LinkClient:
    """One connection at a time to the anchor of this node."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None

    async def run(self, listener: LinkListener) -> None:
        """Connect, listen, and again; ends only when cancelled."""
        while True:
            with contextlib.suppress(OSError):
                await self._one_connection(listener)
            await asyncio.sleep(RETRY)

    def send(self, message: FromFloat) -> None:
        """Say it if somebody listens; an anchor that does not read loses messages, never holds us up."""
        writer = self._writer
        if writer is None or writer.transport.get_write_buffer_size() > _SEND_BUFFER_LIMIT:
            return
        writer.write(encode(message))

    async def _one_connection(self, listener: LinkListener) -> None:
        reader, writer = await asyncio.open_unix_connection(str(self._path), limit=MAX_LINE)
        self._writer = writer
        self.send(listener.hello())
        listener.link_connected()
        try:
            while line := await reader.readline():
                _hand_on(line, listener)
        except ValueError:
            logger.warning("the anchor sent a line that is too long; connecting anew")
        finally:
            self._writer = None
            writer.close()
            listener.link_ended()


def _hand_on(line: bytes, listener: LinkListener) -> None:
    try:
        message = decode(line)
    except ProtocolError as error:
        logger.warning("%s", error)
        return
    if message is not None:
        listener.link_message(message)
