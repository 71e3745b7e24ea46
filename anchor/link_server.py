"""The door to the float: the listening end of the link. It never waits for a float that does not read."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
import struct
from pathlib import Path
from typing import Protocol

from anchor.patience import Patience
from shared.errors import NameTakenError
from shared.link_protocol import (
    MAX_LINE,
    SOCKET_NAME,
    AnchorHello,
    FloatHello,
    FromAnchor,
    Message,
    ProtocolError,
    decode,
    encode,
)

logger = logging.getLogger(__name__)

LOCK_NAME = "anchor.lock"
LOCK_PATIENCE = 5.0
"""Seconds for the anchor before this one to let go of the link."""

HELLO_LIMIT = 5.0
"""Seconds for a caller to say who it is."""

BUFFER_LIMIT = 2 * MAX_LINE
"""Bytes that may wait for a float that does not read, before it is cut off."""

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


class Listener(Protocol):
    """Who the link speaks for. Called in the event loop; must not block."""

    def knows(self, hello: FloatHello) -> bool:
        """Whether the caller has the token of a float of ours."""
        ...

    def arrived(self, hello: FloatHello) -> None:
        """That float is connected now, and the only one."""
        ...

    def said(self, message: Message) -> None:
        """The connected float said something."""
        ...

    def left(self) -> None:
        """No float is connected any more."""
        ...


class LinkServer:
    """One float at a time; the newest that proves itself wins."""

    def __init__(self, folder: Path, hello: AnchorHello, listener: Listener) -> None:
        self._folder = folder
        self._hello = hello
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._current: asyncio.StreamWriter | None = None
        self._lock_file: int | None = None

    async def lock(self, patience: Patience) -> None:
        """Become the only anchor of this link. Raises NameTakenError when another one stays."""
        self._folder.chmod(0o700)
        file = os.open(self._folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not await patience.until(lambda: _locked(file), LOCK_PATIENCE):
            os.close(file)
            raise NameTakenError(
                "Another anchor holds this node's link: end it, or give this stack volumes of its own."
            )
        self._lock_file = file  # held until the process ends

    async def open(self) -> None:
        """Listen; a socket that an anchor before left behind is replaced."""
        path = self._folder / SOCKET_NAME
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(path), limit=MAX_LINE)
        path.chmod(0o600)

    async def close(self) -> None:
        """Send what was said last, then hang up."""
        if self._server is not None:
            self._server.close()
        if (writer := self._current) is not None:
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.drain(), 1.0)
            writer.close()

    def send(self, message: FromAnchor) -> None:
        """Say it to the connected float, if there is one."""
        writer = self._current
        if writer is None or writer.is_closing():
            return
        writer.write(encode(message))
        if writer.transport.get_write_buffer_size() > BUFFER_LIMIT:
            logger.warning("The float does not read what it is told; cutting it off.")
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            hello = await self._admit(reader, writer)
            if hello is not None:
                await self._converse(hello, reader, writer)
        except ConnectionError:
            pass  # a float that was killed hangs up like that
        except (OSError, ValueError, TimeoutError) as error:
            logger.warning("A connection of the link ends: %s", error)
        finally:
            if self._current is writer:
                self._current = None
                self._listener.left()
            writer.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> FloatHello | None:
        """Who calls, or None for one that is not ours."""
        uid = _caller(writer.get_extra_info("socket"))
        if uid not in (0, os.geteuid()):
            logger.warning("Refused a caller on the link: it runs as user %s, not as root.", uid)
            return None
        writer.write(encode(self._hello))
        async with asyncio.timeout(HELLO_LIMIT):
            hello = await _first_known(reader)
        if not isinstance(hello, FloatHello):
            return None
        if not self._listener.knows(hello):
            logger.warning("Refused a caller on the link: it does not have the token of this node's float.")
            return None
        return hello

    async def _converse(self, hello: FloatHello, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        before, self._current = self._current, writer
        if before is not None:
            before.close()
        self._listener.arrived(hello)
        while self._current is writer and (line := await reader.readline()):
            self._hear(line)

    def _hear(self, line: bytes) -> None:
        try:
            message = decode(line)
        except ProtocolError as error:
            logger.warning("The float said something that cannot be read: %s", error)
            return
        if message is not None:
            self._listener.said(message)


async def _first_known(reader: asyncio.StreamReader) -> Message | None:
    """The first message of a type that this release knows; None at the end. Raises ProtocolError."""
    while line := await reader.readline():
        if (message := decode(line)) is not None:
            return message
    return None


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _caller(connection: socket.socket) -> int:
    """The user id of the process at the other end."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(packed)[1]
    return uid
