"""Door to the keepalived process: test a configuration, start, reload, ask and stop it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from float import room
from float.child_log import ChildLog
from float.places import CANDIDATE
from float.stats import DumpError, InstanceDump, parse_dump

logger = logging.getLogger(__name__)

JSON_SIGNAL = signal.SIGRTMIN + 2
"""Asks keepalived for its JSON dump (keepalived(8), --signum=JSON)."""

STOP_LIMIT = 4.0
"""Seconds for a stop: adverts and addresses go in milliseconds, the process lingers for one second (measured)."""

REALTIME_PRIORITY = 50
_TEST_LIMIT = 10.0

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_the_supervisor() -> None:
    """In the child: SIGTERM when the supervisor dies, so that even its crash is a clean release (prctl(2))."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Keepalived:
    """One keepalived, its files in a folder of ours on a tmpfs."""

    def __init__(self, folder: Path, *, program: str = "keepalived") -> None:
        self._folder = folder
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._hurry: asyncio.Task[None] | None = None
        self._failures: asyncio.Queue[BaseException] = asyncio.Queue()

    @property
    def running(self) -> bool:
        """Whether the child lives."""
        return self._process is not None and self._process.returncode is None

    async def about(self) -> str:
        """What it prints of its release and of how it was built. Raises OSError where there is none."""
        _, text = await self._call("--version")
        return text

    async def config_test(self, text: str) -> tuple[str, ...]:
        """What keepalived itself has against the configuration, one sentence each; empty when nothing.

        Raises OSError when it did not say: TimeoutError after 10 s, and where something killed it.
        """
        candidate = self._folder / CANDIDATE
        candidate.touch(mode=0o600)
        candidate.write_text(text)
        code, output = await self._call("--config-test", "--use-file", str(candidate))
        lines = tuple(line.strip() for line in output.splitlines() if line.strip())
        return () if code == 0 else (lines or (f"keepalived --config-test ended with {code} and said nothing",))

    def install(self, text: str) -> None:
        """Put the configuration in place, by rename."""
        scratch = self._folder / "keepalived.conf.new"
        scratch.touch(mode=0o600)
        scratch.write_text(text)
        scratch.replace(self._folder / "keepalived.conf")

    async def start(self, on_exit: Callable[[], None], *, flags: Sequence[str] = ()) -> None:
        """Start it on the installed configuration; `on_exit` is called once, when it ended. Raises OSError."""
        await self._bury_orphan()
        for name in ("keepalived.pid", "vrrp.pid"):
            (self._folder / name).unlink(missing_ok=True)
        log = ChildLog()
        try:
            self._process = await self._spawn(flags, log.write_end)
        finally:
            log.handed_over()
        self._hurry = self._beside(self._ask_for_priority(self._process), "keepalived-priority")
        self._watch = self._beside(self._wait(self._process, on_exit), "keepalived-watch")

    async def _spawn(self, flags: Sequence[str], stderr: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self._program,
            *("--dont-fork", "--log-console", "--no-syslog", "--vrrp", "--dont-respawn"),
            *("--use-file", str(self._folder / "keepalived.conf")),
            *("--pid", str(self._folder / "keepalived.pid")),
            *("--vrrp_pid", str(self._folder / "vrrp.pid")),
            *flags,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
            env={**os.environ, "TMPDIR": str(self._folder)},
            preexec_fn=_die_with_the_supervisor,
        )

    async def failing(self) -> None:
        """Wait, for ever, until one of our tasks beside keepalived fails. Raises what that raised."""
        raise await self._failures.get()

    def reload(self) -> None:
        """Make it read the installed configuration again; states and addresses stay (measured)."""
        self._signal(signal.SIGHUP)

    async def stop(self) -> None:
        """End it cleanly: priority 0, addresses removed, process gone; by force after STOP_LIMIT."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT)
        except TimeoutError:
            logger.error("keepalived did not stop in %.0f s and is killed", STOP_LIMIT)
            self._signal(signal.SIGKILL)
            await self._process.wait()
        await self._bury_orphan()

    def kill(self) -> None:
        """End parent and child at once: they hang. The kernel keeps the addresses, as after any other death."""
        child = _pid_of_keepalived(self._folder / "vrrp.pid")
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._signal(signal.SIGKILL)

    async def dump(self, seconds: float = 0.3) -> dict[str, InstanceDump]:
        """What it says of itself now. Raises DumpError when no whole dump comes in time, OSError for want of room."""
        path = self._folder / "keepalived.json"
        path.unlink(missing_ok=True)
        self._signal(JSON_SIGNAL)
        for _ in range(int(seconds / 0.01)):
            await asyncio.sleep(0.01)
            with contextlib.suppress(DumpError, FileNotFoundError):
                return parse_dump(path.read_text())
        room.check(self._folder)
        raise DumpError("keepalived wrote no dump")

    def _beside(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()):
            self._failures.put_nowait(failure)

    def _signal(self, number: int) -> None:
        if self._process is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _call(self, *arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            self._program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(self._folder)},
        )
        try:
            async with asyncio.timeout(_TEST_LIMIT):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise TimeoutError(f"keepalived {arguments[0]} did not end within {_TEST_LIMIT:.0f} s") from None
        code = process.returncode or 0
        if -code in (signal.SIGKILL, signal.SIGTERM):
            raise OSError(f"somebody ended keepalived {arguments[0]} by signal {-code}")
        return code, output.decode(errors="replace")

    async def _wait(self, process: asyncio.subprocess.Process, on_exit: Callable[[], None]) -> None:
        code = await process.wait()
        logger.info("keepalived ended with %d", code)
        on_exit()

    async def _ask_for_priority(self, process: asyncio.subprocess.Process) -> None:
        """Raise the VRRP child over everything else on a busy node.

        We do it from outside: keepalived's own `vrrp_rt_priority` comes with RLIMIT_RTTIME, which it cannot set again
        at a reload without SYS_RESOURCE, and the kernel then killed the child after two reloads in a row (measured).
        """
        while process.returncode is None:
            await asyncio.sleep(0.02)
            pid = _pid_of_keepalived(self._folder / "vrrp.pid")
            if pid is not None:
                logger.info("keepalived is scheduled %s", raise_priority(pid))
                return

    async def _bury_orphan(self) -> None:
        """Wait until the VRRP child of a parent that was killed is gone: it still sends its farewell."""
        pid_file = self._folder / "vrrp.pid"
        for attempt in range(250):
            pid = _pid_of_keepalived(pid_file)
            if pid is None:
                return
            if attempt == 200:
                logger.error("an orphaned VRRP child does not end and is killed", extra={"pid": pid})
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)


def release(about: str) -> str:
    """Its release as it tells it, `2.3.3`; empty where it does not."""
    words = about.split()
    return words[1].removeprefix("v") if len(words) > 1 else ""


def raise_priority(pid: int) -> str:
    """Give the process real-time priority, or else the best ordinary one; returns what was granted, for the log.

    Kernels with RT_GROUP_SCHED refuse real time in a container (cgroup v1); SYS_NICE is needed for both.
    """
    granted = []
    refused = ""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, -20)
        granted.append("at nice -20")
    try:
        os.sched_setscheduler(pid, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(REALTIME_PRIORITY))
        granted.append(f"in real time (round robin, {REALTIME_PRIORITY})")
    except OSError as error:
        refused = f"; real time was not granted ({error.strerror})"
    if not granted:
        return "like any other process: neither real time nor nice -20 was granted (SYS_NICE)"
    return " and ".join(granted) + refused


def _pid_of_keepalived(pid_file: Path) -> int | None:
    """The process that the file names, when it lives and is keepalived (process numbers come again)."""
    try:
        pid = int(pid_file.read_text())
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError):
        return None
    name, state = stat[stat.find("(") + 1 : stat.rfind(")")], stat[stat.rfind(")") + 2]
    return pid if name.startswith("keepalived") and state != "Z" else None
