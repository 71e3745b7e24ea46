"""A float alone as a process, on the host that the test is on: with a /run and process numbers of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.contract.float_world import eventually, run_folder

_ROOT = Path(__file__).parents[2]
_FURNISH = "mount -t tmpfs tmpfs /run && mkdir -p /run/keepalived-link /run/keepalived-status"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OURS = {"PATH": _PATH, "LANG": "C.UTF-8", "DOCKER_NODE_HOSTNAME": "float"}
Output = int | IO[str]


@dataclass
class FloatProcess:
    """One that was started, and may have ended."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        """The supervisor's: number 1 in its own namespace, so that nothing outlives it, as in a container."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def status(self) -> dict[str, Any]:
        """The status file; empty before there is one."""
        try:
            told = (run_folder(self.pid) / "keepalived-status" / "float.json").read_text()
        except (OSError, IndexError):
            return {}
        status: dict[str, Any] = json.loads(told)
        return status

    @property
    def state(self) -> str:
        """Of its first virtual router; empty before there is one."""
        routers = self.status().get("virtual_routers") or [{}]
        return str(routers[0].get("state", ""))

    def ends(self, number: int = signal.SIGTERM, *, within: float = 30.0) -> int:
        """The exit code after that signal."""
        os.kill(self.pid, number)
        return self.process.wait(within)

    def is_master(self, *, within: float = 60.0) -> bool:
        """Whether it comes to hold its virtual IP in time."""
        return eventually(lambda: self.state in ("2", "MASTER"), within=within)


@contextlib.contextmanager
def float_alone(
    env: Mapping[str, str], *words: str, program: Sequence[str] = ("-m", "float"), output: Output | None = None
) -> Iterator[FloatProcess]:
    """Start it with these variables and arguments; by force gone with the test. Its output goes where is said."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command += ["sh", "-c", f'{_FURNISH} && exec "$@"', "sh", sys.executable, "-Bu", *program, *words]
    where = subprocess.DEVNULL if output is None else output
    process = subprocess.Popen(
        command, cwd=_ROOT, env={**_OURS, **env}, stdin=subprocess.DEVNULL, stdout=where, stderr=where, text=True
    )
    try:
        yield FloatProcess(process)
    finally:
        process.kill()
        process.wait()
