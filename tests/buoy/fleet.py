"""Three buoys on 127.0.0.1 to 127.0.0.3, each a process of its own, with floats that say what a test wants.

The buoys are real but for two things: they learn each other's addresses from the command line and not from the Swarm's
DNS, and they listen on one address and not on all.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from shared.clock import boot_id
from shared.models import Condition, VrrpState
from shared.status import AnchorStatus, FloatStatus, LinkStatus, PeerStatus, RouterStatus, VipStatus
from shared.status_file import HISTORY_FILE, write_status

ROOT = Path(__file__).parents[2]
NODES = {"swarm-1": "127.0.0.1", "swarm-2": "127.0.0.2", "swarm-3": "127.0.0.3"}
PRIORITIES = {"swarm-1": 254, "swarm-2": 229, "swarm-3": 204}
VIPS = ("192.168.1.100/32", "2001:db8:7::100/128")
BEAT = 0.5
"""Seconds between two words of a float, twice as often as of a real one: the machine may be busy."""

YESTERDAY = time.time() - 86400
"""When the floats and anchors started."""

PATIENCE = 60.0
"""Seconds that three buoys get to start on a busy machine."""


def now() -> float:
    """The wall clock in whole milliseconds, which no rounding on the way changes."""
    return round(time.time(), 3)


@dataclass(frozen=True)
class Told:
    """What the float of one node says."""

    state: VrrpState = VrrpState.BACKUP
    since: float = field(default_factory=now)
    reason: str = ""
    present: bool | None = None
    """Whether the kernel has the VIPs; None means as the state demands."""

    allowed: bool = True
    demoted: bool = False
    conditions: tuple[Condition, ...] = ()
    master: str = ""

    def router(self, node: str) -> RouterStatus:
        """The one virtual router of that node."""
        held = self.state is VrrpState.MASTER if self.present is None else self.present
        heard = self.master if self.master != node else ""
        return RouterStatus(
            name="keepalived",
            vrid=77,
            state=self.state,
            since=self.since,
            reason=self.reason,
            interface="eth0",
            priority_base=PRIORITIES[node],
            priority_effective=PRIORITIES[node] // 8 if self.demoted else PRIORITIES[node],
            advert_interval=0.1,
            demoted=self.demoted,
            allowed=self.allowed,
            virtual_ips=tuple(VipStatus(address=vip, interface="eth0", present=held) for vip in VIPS),
            peers=tuple(
                PeerStatus(address=NODES[other], hostname=other, priority=PRIORITIES[other])
                for other in NODES
                if other != node
            ),
            master_address=NODES.get(heard),
            master_priority=PRIORITIES.get(heard),
            counters={"advert_sent": int(time.time() - self.since) * 10, "become_master": 1, "garp_delay": 5},
        )


class Fleet:
    """The three nodes."""

    def __init__(self, folder: Path, beat: float) -> None:
        self._beat_every = beat
        self.port = _common_port()
        self._folders = {node: folder / node for node in NODES}
        self._told = dict.fromkeys(NODES, Told())
        self._silent: set[str] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._buoys: dict[str, subprocess.Popen[bytes]] = {}
        self._paused: set[str] = set()
        for path in self._folders.values():
            path.mkdir(parents=True)
        self._beating = threading.Thread(target=self._beat, name="floats", daemon=True)

    def start(self, *, holder: str = "swarm-1") -> None:
        """The floats speak, and the buoys answer."""
        self.move(holder)
        self._beating.start()
        for node in NODES:
            self._buoys[node] = subprocess.Popen(self._command(node), cwd=ROOT)
        self.reset(holder)

    def stop(self) -> None:
        """End all that was started."""
        self._ended.set()
        if self._beating.is_alive():
            self._beating.join()
        for node in tuple(self._paused):
            self.resume(node)
        for buoy in self._buoys.values():
            buoy.terminate()
        for buoy in self._buoys.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                buoy.wait(5)
            buoy.kill()
            buoy.wait()

    def url(self, node: str, path: str = "/") -> str:
        """Where that node's buoy answers."""
        return f"http://{NODES[node]}:{self.port}{path}"

    def get(self, node: str, path: str) -> bytes:
        """The body of that answer, which must be a 200."""
        with urllib.request.urlopen(self.url(node, path), timeout=5) as answer:
            return bytes(answer.read())

    def tell(self, node: str, told: Told) -> None:
        """From now on the node's float says this."""
        with self._lock:
            self._told[node] = told
            self._write(node)

    def move(self, holder: str, reason: str = "no advert of a better node was heard") -> None:
        """From now on that node is MASTER and the others are BACKUP."""
        for node in NODES:
            state = VrrpState.MASTER if node == holder else VrrpState.BACKUP
            before = self._told[node]
            changed = before.state is not state
            self.tell(
                node,
                replace(
                    before,
                    state=state,
                    since=now() if changed else before.since,
                    reason=reason if node == holder else "",
                    master=holder,
                ),
            )

    def reset(self, holder: str = "swarm-1") -> None:
        """All is well again, and every buoy knows."""
        for node in tuple(self._paused):
            self.resume(node)
        self._silent.clear()
        self._told = dict.fromkeys(NODES, Told())
        self.move(holder)
        for node in NODES:
            wait_until(partial(self._agrees, node, holder), f"the buoy of {node} does not say that {holder} holds all")

    def silence(self, node: str) -> None:
        """The node's float says nothing more."""
        with self._lock:
            self._silent.add(node)

    def pause(self, node: str) -> None:
        """The node's buoy stands still, as if its host had lost its power: it closes no connection."""
        self._paused.add(node)
        self._buoys[node].send_signal(signal.SIGSTOP)

    def resume(self, node: str) -> None:
        """The node's buoy goes on."""
        self._paused.discard(node)
        self._buoys[node].send_signal(signal.SIGCONT)

    def pid(self, node: str) -> int:
        """Of that node's buoy."""
        return self._buoys[node].pid

    def record(self, node: str, entries: list[dict[str, Any]]) -> None:
        """Append transitions to the node's history, as its float does."""
        with (self._folders[node] / HISTORY_FILE).open("a") as file:
            file.writelines(
                json.dumps({"node": node, "router": "keepalived", "vrid": 77, **entry}) + "\n" for entry in entries
            )

    def _agrees(self, node: str, holder: str) -> bool:
        """Whether the node's buoy sees that holder, three healthy nodes, and the very state that they tell now."""
        try:
            view = json.loads(self.get(node, "/cluster"))
        except OSError:
            return False
        routers = view["virtualRouters"]
        seen = {seat["hostname"]: _seconds(seat["since"]) for router in routers for seat in router["nodes"]}
        return (
            [router["holder"] for router in routers] == [holder]
            and [each["healthy"] for each in view["nodes"]] == [True] * len(NODES)
            and seen == {name: told.since for name, told in self._told.items()}
        )

    def _command(self, node: str) -> list[str]:
        others = [address for other, address in NODES.items() if other != node]
        program = [sys.executable, "-m", "tests.buoy.one_buoy", node, str(self._folders[node])]
        return [*program, NODES[node], str(self.port), *others]

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_every):
            with self._lock:
                for node in NODES.keys() - self._silent:
                    self._write(node)

    def _write(self, node: str) -> None:
        for status in (_float_status(node, self._told[node]), _anchor_status(node)):
            write_status(self._folders[node], status)


@contextlib.contextmanager
def fleet(folder: Path, *, holder: str = "swarm-1", beat: float = BEAT) -> Iterator[Fleet]:
    """Three nodes that are gone afterwards."""
    nodes = Fleet(folder, beat)
    try:
        nodes.start(holder=holder)
        yield nodes
    finally:
        nodes.stop()


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    """Raises TimeoutError with that sentence when it does not become true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {PATIENCE:g} s {otherwise}")
        time.sleep(0.05)


def _seconds(text: str | None) -> float:
    return round(datetime.datetime.fromisoformat(text).timestamp(), 3) if text else 0.0


def _stamps() -> dict[str, Any]:
    return {"boot_id": boot_id(), "monotonic": time.monotonic(), "written_at": time.time()}


def _float_status(node: str, told: Told) -> FloatStatus:
    return FloatStatus(
        **_stamps(),
        version="0.1.0",
        hostname=node,
        container_id="7d1f0c9b3a52",
        started_at=YESTERDAY,
        keepalived="RUNNING",
        keepalived_version="2.3.3",
        link=LinkStatus(up=True, since=YESTERDAY, reason="the anchor answers"),
        conditions=(
            Condition(name="link", ok=True, reason="the anchor answers"),
            Condition(name="engine", ok=True, reason="Docker answers."),
            Condition(name="quorum", ok=True, reason="The Swarm has a leader."),
            *told.conditions,
        ),
        virtual_routers=(told.router(node),),
    )


def _anchor_status(node: str) -> AnchorStatus:
    return AnchorStatus(
        **_stamps(),
        version="0.1.0",
        hostname=node,
        container_id="1c5e7a90b2d4",
        started_at=YESTERDAY,
        stack="keepalived",
    )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _common_port() -> int:
    """A port that is free on all three addresses."""
    while True:
        with contextlib.ExitStack() as stack:
            port = 0
            try:
                for address in NODES.values():
                    probe = stack.enter_context(socket.socket())
                    probe.bind((address, port))
                    port = int(probe.getsockname()[1])
            except OSError:
                continue
            return port
