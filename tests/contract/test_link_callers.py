"""Who may speak on the link, by the kernel's word: who is not root is hung up on, whatever the modes allow."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchor.link_server import LinkServer
from shared.link_protocol import SOCKET_NAME, AnchorHello, FloatHello, Message, encode

pytestmark = pytest.mark.lab

NOBODY = 65534
HELLO = FloatHello(version="1.0", token="secret")


class Listener:
    """Knows every token."""

    def __init__(self) -> None:
        self.arrivals = 0

    def knows(self, hello: FloatHello) -> bool:
        return True

    def arrived(self, hello: FloatHello) -> None:
        self.arrivals += 1

    def said(self, message: Message) -> None:
        pass

    def left(self) -> None:
        pass


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that everybody may enter."""
    path = Path(tempfile.mkdtemp(prefix="kftest-link-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def call_as(user: int, folder: Path) -> socket.socket:
    """A connection that this user opened."""
    link = socket.socket(socket.AF_UNIX)
    os.seteuid(user)
    try:
        link.connect(str(folder / SOCKET_NAME))
    finally:
        os.seteuid(0)
    return link


@pytest.mark.parametrize(("user", "arrivals"), [(0, 1), (NOBODY, 0)])
async def test_only_roots_hello_is_heard(folder: Path, user: int, arrivals: int) -> None:
    listener = Listener()
    server = LinkServer(folder, AnchorHello(version="1.0"), listener)
    await server.open()
    (folder / SOCKET_NAME).chmod(0o666)
    reader, writer = await asyncio.open_unix_connection(sock=call_as(user, folder))
    writer.write(encode(HELLO))
    try:
        heard = await asyncio.wait_for(reader.readline(), 5)
    except ConnectionResetError:  # hung up on before the hello was read
        heard = b""
    writer.close()
    await server.close()
    assert (b"anchor-hello" in heard, listener.arrivals) == (arrivals == 1, arrivals)
