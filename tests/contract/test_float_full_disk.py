"""A real float and a real keepalived whose volumes are full: the node serves on, decides, reports and says so."""

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
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
from shared.models import Condition, FloatSpec, Strength, VirtualIp, VrrpState
from tests.contract.float_world import ROUTER, SPEC, run_folder
from tests.lab.plan import REPOSITORY

pytestmark = pytest.mark.lab

PATIENCE = 30.0
ALONE = SPEC.model_copy(update={"virtual_routers": (ROUTER.model_copy(update={"excluded": ()}),)})
_UNSHARE = ("unshare", "--mount", "--net", "--propagation", "private")
_HOST = """
ip link set lo up
ip link add eth0 type veth peer name far0
ip link set eth0 up; ip link set far0 up
ip address add 192.0.2.3/24 dev eth0
mount -t tmpfs tmpfs /run
mkdir /run/keepalived-link /run/keepalived-status
mount -t tmpfs -o size=32k tmpfs /run/keepalived-link
mount -t tmpfs -o size=64k tmpfs /run/keepalived-status
touch /run/ready
while [ ! -e /run/go ]; do sleep 0.05; done
exec {python} -m float
"""


class Node:
    """A host of its own with a float, and the anchor that it calls."""

    def __init__(self, log: Path) -> None:
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
                    _HOST.format(python=sys.executable),
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


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "log")
    yield node
    node.end()


def other(spec: FloatSpec, vip: str) -> FloatSpec:
    """The same with one more virtual IP."""
    router = spec.virtual_routers[0].model_copy(update={"excluded": (VirtualIp.parse(vip),)})
    return spec.model_copy(update={"virtual_routers": (router,)})


def test_a_node_whose_volumes_fill_up_serves_decides_and_reports_as_before_and_says_so_once(node: Node) -> None:
    node.begin()
    node.judge(ok=True)
    node.say(SpecMessage(spec=ALONE, digest="one"))
    node.until(lambda: node.is_(VrrpState.MASTER), "it is MASTER")
    node.fill()
    began = time.monotonic()

    node.say(SpecMessage(spec=other(ALONE, "192.0.2.101"), digest="two"))
    node.until(lambda: "192.0.2.101" in node.addresses(), "a new virtual IP is served")
    node.judge(ok=False)
    node.until(lambda: node.is_(VrrpState.FAULT), "it steps back")
    assert "192.0.2.100" not in node.addresses()
    node.judge(ok=True)
    node.until(lambda: node.is_(VrrpState.MASTER), "it serves again")
    node.listen(5)

    assert all(0 < node.addresses()[vip] <= 3 for vip in ("192.0.2.100", "192.0.2.101"))
    assert node.longest_silence(began) < 3.0
    assert node.wants_room()
    for what in ("record of our addresses cannot be written", "status cannot be written"):
        assert node.log.count(what) == 1, node.log

    node.make_room()
    node.until(lambda: "192.0.2.101" in (node.run / "keepalived-link/owned.json").read_text(), "the record catches up")
    node.until(lambda: not node.wants_room(), "there is nothing to say any more")


def test_a_keepalived_that_dies_while_the_volumes_are_full_is_started_again(node: Node) -> None:
    node.begin()
    node.judge(ok=True)
    node.say(SpecMessage(spec=ALONE, digest="one"))
    node.until(lambda: node.is_(VrrpState.MASTER), "it is MASTER")
    node.fill()
    restarts = node.reports[-1][1].status.keepalived_restarts
    os.kill(int((node.run / "keepalived/keepalived.pid").read_text()), signal.SIGKILL)
    node.until(lambda: node.reports[-1][1].status.keepalived_restarts > restarts, "it is noticed")
    node.until(lambda: node.is_(VrrpState.MASTER), "it serves again")
    assert 0 < node.addresses()["192.0.2.100"] <= 3


def test_a_node_that_begins_with_full_volumes_serves(node: Node) -> None:
    node.fill()
    node.begin()
    node.judge(ok=True)
    node.say(SpecMessage(spec=ALONE, digest="one"))
    node.until(lambda: node.is_(VrrpState.MASTER), "it is MASTER")
    assert node.answers[-1].accepted
    assert 0 < node.addresses()["192.0.2.100"] <= 3
