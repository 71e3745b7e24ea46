"""Door: the user's programs, run with a time limit, each in a process group of its own that ends with it.

A program gets a bare environment: no setting and no secret of ours. It runs as root unless the user named another.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import hashlib
import os
import pwd
import shutil
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shared.additions import SCRIPTS_FOLDER, Script

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_BURST = 1024 * 1024
_MOST_OUTPUT = 65_536
"""Bytes of output that are kept; the rest is read and dropped, so that no program ever blocks on it."""


def path_of(script: Script, folder: Path = Path(SCRIPTS_FOLDER)) -> Path:
    """Where the float has it: beside the others that came through the link, or where the user said."""
    if script.content is None:
        return Path(script.name)
    return folder / hashlib.sha256(script.content).hexdigest()[:16] / Path(script.name).name


class UnrunnableError(Exception):
    """The program cannot be executed at all; the message says why."""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int | None
    """Its exit code, negative for a signal (as subprocess has it); None when it was cut at its limit."""

    output: tuple[str, ...]
    """Its lines, both streams, blank ones left out."""


class Scripts:
    """The programs whose content came through the link, as files, and the way to run any."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, scripts: Iterable[Script]) -> None:
        """Have the files of these, and of no others. Raises OSError."""
        wanted = {path_of(script, self._folder): script for script in scripts if script.content is not None}
        for path, script in wanted.items():
            if not path.exists():
                _write(path, script.content or b"")
        kept = {path.parent for path in wanted}
        for folder in self._folder.iterdir() if self._folder.exists() else ():
            if folder not in kept:
                shutil.rmtree(folder)

    async def run(self, script: Script, *arguments: str, limit: float) -> Ended:
        """Run it to its end, or cut it and its children after `limit` seconds. Raises UnrunnableError."""
        async with _Output() as output:
            process = await self._start(script, arguments, output.write_end)
            code = await _ended(process, limit)
            return Ended(code, _lines(await output.all()))

    async def _start(self, script: Script, arguments: tuple[str, ...], output: BinaryIO) -> asyncio.subprocess.Process:
        identity = _identity(script.user) if script.user else (None, None)
        try:
            return await asyncio.create_subprocess_exec(
                str(path_of(script, self._folder)),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
                user=identity[0],
                group=identity[1],
                extra_groups=[] if script.user else None,
            )
        except OSError as error:
            raise UnrunnableError(f"{script.name} cannot be executed: {error.strerror or error}") from None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}")
    scratch.write_bytes(content)
    scratch.chmod(0o755)
    scratch.replace(path)


def _identity(user: str) -> tuple[int, int]:
    """User and group numbers; a user's own group where none is named. Raises UnrunnableError."""
    name, _, group = user.partition(":")
    try:
        entry = None if name.isdigit() else pwd.getpwnam(name)
        uid = entry.pw_uid if entry else int(name)
        if group:
            return uid, int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
        return uid, entry.pw_gid if entry else uid
    except KeyError:
        raise UnrunnableError(f"there is no user or group {user!r} in the float's image; name it by number") from None


async def _ended(process: asyncio.subprocess.Process, limit: float) -> int | None:
    """Its exit code, or None where it was cut; nothing of its group is left."""
    try:
        async with asyncio.timeout(limit):  # Python 3.11's `wait_for` may swallow a cancellation
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        _end_group(process.pid)
        with contextlib.suppress(TimeoutError):  # of another user, and we lack the capability KILL
            async with asyncio.timeout(1.0):
                await process.wait()


def _end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class _Output:
    """A pipe of our own: asyncio's would let a child that left the group hold up the end of the program."""

    def __init__(self) -> None:
        read_end, write_end = os.pipe()
        self._read_end, self.write_end = os.fdopen(read_end, "rb", 0), os.fdopen(write_end, "wb", 0)
        self._stream = asyncio.StreamReader()
        self._kept = b""
        self._reading: asyncio.Task[None] | None = None
        self._transport: asyncio.BaseTransport | None = None

    async def __aenter__(self) -> _Output:
        loop, protocol = asyncio.get_running_loop(), asyncio.StreamReaderProtocol(self._stream)
        self._transport, _ = await loop.connect_read_pipe(lambda: protocol, self._read_end)
        self._reading = asyncio.create_task(self._read(), name="script-output")
        return self

    async def all(self) -> bytes:
        """What was written until now; the program has ended."""
        self.write_end.close()
        if self._reading:
            await asyncio.wait((self._reading,), timeout=0.2)
        return self._kept

    async def __aexit__(self, *_: object) -> None:
        self.write_end.close()
        if self._reading:
            self._reading.cancel()
        if self._transport:
            self._transport.close()

    async def _read(self) -> None:
        read = 0
        while chunk := await self._stream.read(_MOST_OUTPUT):
            self._kept = (self._kept + chunk)[-_MOST_OUTPUT:]
            read += len(chunk)
            if read > _BURST:  # a program that writes without end shall not have half a core of ours
                read = 0
                await asyncio.sleep(0.05)


def _lines(output: bytes) -> tuple[str, ...]:
    text = output.decode(errors="replace")
    rows = ("".join(c if c.isprintable() else " " for c in row).strip() for row in text.splitlines())
    return tuple(row for row in rows if row)
