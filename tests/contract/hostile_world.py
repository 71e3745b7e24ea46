"""A real anchor, as a process in mounts of its own, between a hostile Docker and a float that only listens."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shared.link_protocol import (
    SOCKET_NAME,
    Beat,
    FloatHello,
    FromFloat,
    Goodbye,
    Message,
    Report,
    SpecAnswer,
    SpecMessage,
    VerdictMessage,
    decode,
    encode,
)
from shared.models import FloatSpec
from tests.contract.float_world import run_folder
from tests.contract.hostile_docker import HostileDocker, serving
from tests.lab.plan import REPOSITORY
from tests.unit.anchor_fakes import status

PATIENCE = 45.0
"""Seconds for what should take one or two, on a machine that may be busy."""

_MOUNTS = """
mount -t tmpfs tmpfs /run
mkdir /run/keepalived-link /run/keepalived-status
mount {link} /run/keepalived-link
mount {status} /run/keepalived-status
exec {python} {program}
"""


class ListeningFloat(threading.Thread):
    """Calls whoever listens on the link, as the float that Docker runs; takes every spec, and writes all of it down."""

    def __init__(self, docker: HostileDocker, folder: Callable[[], Path]) -> None:
        super().__init__(daemon=True)
        self._docker, self._folder = docker, folder
        self._ended = threading.Event()
        self.heard: list[tuple[float, Message]] = []
        self.runs: SpecMessage | None = None
        self.start()

    @property
    def specs(self) -> list[FloatSpec]:
        """All that was offered."""
        return [message.spec for _, message in self.heard if isinstance(message, SpecMessage)]

    @property
    def conditions(self) -> dict[str, bool]:
        """Of the last verdict."""
        verdicts = [message for _, message in self.heard if isinstance(message, VerdictMessage)]
        return {condition.name: condition.ok for condition in verdicts[-1].conditions} if verdicts else {}

    @property
    def goodbyes(self) -> list[Goodbye]:
        """Said by anchors that went."""
        return [message for _, message in self.heard if isinstance(message, Goodbye)]

    def longest_silence(self, since: float) -> float:
        """Seconds between two words of the anchor."""
        times = [since, *(at for at, _ in self.heard if at > since), time.monotonic()]
        return max(later - earlier for earlier, later in itertools.pairwise(times))

    @property
    def beats(self) -> int:
        """So far."""
        return sum(isinstance(message, Beat) for _, message in self.heard)

    def end(self) -> None:
        """Hang up for good."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        container = ""
        while not self._ended.wait(0.1):
            if container != (container := self._docker.float_id):
                self.runs = None  # another container's float begins with nothing
            if container:
                with contextlib.suppress(OSError):
                    self._converse(container)

    def _converse(self, container: str) -> None:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(0.25)
            link.connect(str(self._folder() / SOCKET_NAME))
            self._say(link, self._hello(container))
            rest = b""
            while not self._ended.is_set() and self._docker.float_id == container:
                self._say(link, Report(status=status(self.runs.called if self.runs else None)))
                try:
                    data = link.recv(1 << 20)
                except TimeoutError:
                    continue
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._take(link, decode(line))

    def _hello(self, container: str) -> FloatHello:
        runs = {"spec": self.runs.spec, "spec_digest": self.runs.called} if self.runs else {}
        return FloatHello.model_validate(
            {"version": "1", "container_id": container, "token": self._docker.token, **runs}
        )

    def _take(self, link: socket.socket, message: Message | None) -> None:
        if message is None:
            return
        self.heard.append((time.monotonic(), message))
        if isinstance(message, SpecMessage):
            self._say(link, SpecAnswer(digest=message.called, trial=message.trial, accepted=True))
            self.runs = self.runs if message.trial else message

    def _say(self, link: socket.socket, message: FromFloat) -> None:
        with contextlib.suppress(BrokenPipeError):  # what was said to us before can still be read
            link.sendall(encode(message))


@dataclass
class World:
    """One node: its Docker, its anchors, its float."""

    folder: Path
    docker: HostileDocker
    volume_size: str = ""
    program: str = "-m anchor"
    process: subprocess.Popen[bytes] | None = None
    the_float: ListeningFloat = field(init=False)

    def __post_init__(self) -> None:
        for name in ("link", "status"):
            (self.folder / name).mkdir()
        self.the_float = ListeningFloat(self.docker, self.inside)

    def inside(self, volume: str = "link") -> Path:
        """A volume as the anchor sees it."""
        return run_folder(self.process.pid if self.process else 0) / f"keepalived-{volume}"

    def begin(self, **env: str) -> None:
        """Start an anchor, and do not wait."""
        mounts = {
            name: f"-t tmpfs -o size={self.volume_size} tmpfs" if self.volume_size else f"--bind {self.folder / name}"
            for name in ("link", "status")
        }
        script = _MOUNTS.format(**mounts, python=sys.executable, program=self.program)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(REPOSITORY),
                    "KEEPALIVED_VIRTUAL_IPS": "10.0.0.100",
                    "DOCKER_HOST": f"unix://{self.docker.path}",
                    "DOCKER_NODE_HOSTNAME": "host1",
                    "DOCKER_TASK_ID": "task1",
                    **env,
                },
                stdout=log,
                stderr=log,
            )

    def settle(self) -> None:
        """Wait until the float runs what the anchor wants."""
        self.until(
            lambda: self.the_float.runs is not None and bool(self.the_float.conditions), "the float has its spec"
        )
        self.until(lambda: "The float runs the spec." in self.log, "the anchor knows")
        self.until(lambda: "Reconciled: " in self.log, "the anchor's first turn has ended")

    def until(self, happened: Callable[[], bool], what: str, seconds: float = PATIENCE) -> float:
        """Wait for it; returns how long that took."""
        began = time.monotonic()
        while not happened():
            assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}\n{self.log}"
            time.sleep(0.05)
        return time.monotonic() - began

    @property
    def log(self) -> str:
        """What all anchors of this node said."""
        return (self.folder / "log").read_text()

    @property
    def alive(self) -> bool:
        """Whether the anchor runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self, number: int = signal.SIGKILL) -> int:
        """End the anchor; returns its exit code."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(40)


@contextlib.contextmanager
def world(folder: Path, *, volume_size: str = "", program: str = "-m anchor") -> Iterator[World]:
    """A node without an anchor yet."""
    with serving(HostileDocker(folder / "docker.sock")) as docker:
        node = World(folder, docker, volume_size=volume_size, program=program)
        try:
            yield node
        finally:
            node.the_float.end()
            if node.alive:
                node.kill()
