"""Processes that outlive the command that starts them, found again by a mark in their environment and ended by PID."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.lab.shell import run, wait_until

MARK = "SWARM_LAB_OF"
_WRITE_PID_THEN_BECOME = 'echo $$ >"$1.new"; mv "$1.new" "$1"; shift; exec "$@"'


def marked_environment(lab: str) -> dict[str, str]:
    """This process's environment, with the lab's mark and the folders where Debian keeps its daemons."""
    return {**os.environ, MARK: lab, "PATH": f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"}


def start(command: Sequence[str | Path], *, lab: str, pid_file: Path, log: Path) -> int:
    """Starts a process of its own session, no child of ours; its PID is returned and kept in `pid_file`."""
    pid_file.unlink(missing_ok=True)
    arguments = shlex.join([str(pid_file), *(str(word) for word in command)])
    shell = f"exec </dev/null >>{shlex.quote(str(log))} 2>&1; set -- {arguments}; {_WRITE_PID_THEN_BECOME}"
    run(["setsid", "--fork", "sh", "-c", shell], env=marked_environment(lab), cwd="/")
    return wait_until(lambda: read_pid(pid_file), 10, f"{command[0]} to start")


def read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text())
    except (FileNotFoundError, ValueError):
        return None


def is_ours(pid: int | None, lab: str) -> bool:
    """True if the process lives and carries the lab's mark: a PID that someone else has by now does not."""
    if pid is None:
        return False
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}={lab}".encode() in environment.split(b"\0")


def all_of(lab: str) -> list[int]:
    """Every process with the lab's mark, except this one and those that it descends from."""
    spared = _ancestry(os.getpid())
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid not in spared and is_ours(pid, lab)]


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def descent(pid: int | None) -> Iterator[int]:
    """The process, its children and theirs; nothing of None."""
    if pid is not None:
        yield pid
        for child in children(pid):
            yield from descent(child)


def end(pid: int, number: int = signal.SIGKILL, *, timeout: float = 10.0) -> None:
    """Signals the process and returns when it has ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    wait_until(lambda: not is_running(pid), timeout, f"process {pid} to end", interval=0.005)


def is_running(pid: int) -> bool:
    """False for a zombie: what it held is gone."""
    return state(pid) not in {"", "Z", "X"}


def state(pid: int) -> str:
    """One letter of proc(5), empty for a process that is not there."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]


def _ancestry(pid: int) -> set[int]:
    found: set[int] = set()
    while pid > 0:
        found.add(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
    return found
