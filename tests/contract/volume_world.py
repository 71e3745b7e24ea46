"""A host with volumes of its own, a real float on it with a real keepalived, and the anchor that the float calls."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from shared.link_protocol import (
    SOCKET_NAME,
    AnchorHello,
    Beat,
    FromAnchor,
    Report,
    SpecAnswer,
    SpecMessage,
    VerdictMessage,
    decode,
    encode,
)
from shared.models import Condition, Strength, VrrpState
from tests.contract.float_world import ROUTER, SPEC, run_folder
from tests.lab.plan import REPOSITORY

PATIENCE = 30.0
SMALL_VOLUMES = """
mount -t tmpfs -o size=32k tmpfs /run/keepalived-link
mount -t tmpfs -o size=64k tmpfs /run/keepalived-status
"""
ALONE = SPEC.model_copy(update={"virtual_routers": (ROUTER.model_copy(update={"excluded": ()}),)})
_HOST = """
ip link set lo up
ip link add eth0 type veth peer name far0
ip link set eth0 up; ip link set far0 up
ip address add 192.0.2.3/24 dev eth0
mount -t tmpfs tmpfs /run
mkdir /run/keepalived-link /run/keepalived-status
{volumes}
touch /run/ready
while [ ! -e /run/go ]; do sleep 0.05; done
exec {python} -m float
"""


class Node:
    """A host of its own with a float, and the anchor that it calls."""

    def __init__(self, log: Path, *, volumes: str = SMALL_VOLUMES) -> None:
        self._log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [
                    "unshare",
                    "--mount",
                    "--net",
                    "--propagation",
                    "private",
                    "sh",
                    "-ec",
                    _HOST.format(python=sys.executable, volumes=volumes),
                ],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(REPOSITORY),
                    "KEEPALIVED_LINK_TOKEN": "t",
                    "DOCKER_NODE_HOSTNAME": "float",
                },
                stdout=out,
                stderr=out,
            )
        self.run = run_folder(self.process.pid)
        self.until((self.run / "ready").exists, "the host is there")
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.run / "keepalived-link" / SOCKET_NAME))
        self._server.listen()
        self._link: socket.socket | None = None
        self._rest = b""
        self.reports: list[tuple[float, Report]] = []
        self.answers: list[SpecAnswer] = []

    def begin(self) -> None:
        """Let the float start, and wait for its call."""
        (self.run / "go").touch()
        self._server.settimeout(PATIENCE)
        self._link, _ = self._server.accept()
        self._link.settimeout(0.2)
        self.say(AnchorHello(version="1"))

    def serve(self) -> None:
        """Begin, with nothing against this node; returns when the virtual IP is served."""
        self.begin()
        self.judge(ok=True)
        self.say(SpecMessage(spec=ALONE, digest="one"))
        self.until(lambda: self.is_(VrrpState.MASTER), "it is MASTER")

    def obey(self) -> None:
        """Step back when told, without the address, and serve again when told."""
        self.judge(ok=False)
        self.until(lambda: self.is_(VrrpState.FAULT), "it steps back")
        assert "192.0.2.100" not in self.addresses()
        self.judge(ok=True)
        self.until(lambda: self.is_(VrrpState.MASTER), "it serves again")

    def fill(self) -> None:
        """Until not a byte more fits on either volume."""
        for volume in ("keepalived-link", "keepalived-status"):
            with contextlib.suppress(OSError), (self.run / volume / "fill").open("ab", buffering=0) as file:
                while True:
                    file.write(bytes(256))

    def make_room(self) -> None:
        """Both volumes have room again."""
        for volume in ("keepalived-link", "keepalived-status"):
            (self.run / volume / "fill").unlink()

    def say(self, message: FromAnchor) -> None:
        """To the float."""
        assert self._link
        self._link.sendall(encode(message))

    def judge(self, *, ok: bool, strength: Strength = Strength.REQUIRE) -> None:
        """One condition for or against this node."""
        self.say(VerdictMessage(conditions=(Condition(name="quorum", ok=ok, strength=strength, reason="because"),)))

    def listen(self, seconds: float) -> None:
        """Take in what the float says, and beat meanwhile."""
        assert self._link
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.say(Beat())
            with contextlib.suppress(TimeoutError):
                *lines, self._rest = (self._rest + self._link.recv(1 << 16)).split(b"\n")
                for line in lines:
                    self._take(decode(line))

    def _take(self, message: object) -> None:
        if isinstance(message, Report):
            self.reports.append((time.monotonic(), message))
        elif isinstance(message, SpecAnswer):
            self.answers.append(message)

    def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait for it."""
        until = time.monotonic() + PATIENCE
        while not happened():
            assert self.process.poll() is None, f"ended: {self.log}"
            assert time.monotonic() < until, f"not in time: {what}\n{self.log}"
            if getattr(self, "_link", None):
                self.listen(0.2)
            else:
                time.sleep(0.05)

    def is_(self, state: VrrpState) -> bool:
        """Whether the last report says so of the virtual router."""
        routers = self.reports[-1][1].status.virtual_routers if self.reports else ()
        return [router.state for router in routers] == [state]

    def wants_room(self) -> bool:
        """Whether the last report says that a disk is full."""
        return any("No space left" in warning for warning in self.reports[-1][1].status.warnings)

    def addresses(self) -> dict[str, int]:
        """The host's addresses with the seconds that they have left."""
        command = ["nsenter", "-n", "-t", str(self.process.pid), "ip", "-json", "address", "show", "dev", "eth0"]
        told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return {a["local"]: a["valid_life_time"] for link in told for a in link["addr_info"]}

    def longest_silence(self, since: float) -> float:
        """Seconds between two reports."""
        times = [since, *(at for at, _ in self.reports if at > since), time.monotonic()]
        return max(later - earlier for earlier, later in itertools.pairwise(times))

    @property
    def log(self) -> str:
        """What the float said."""
        return self._log.read_text()

    def end(self) -> None:
        """Everything of it."""
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.process.kill()
        self.process.wait()
        if self._link:
            self._link.close()
        self._server.close()
