"""A segment of namespaces: two whole floats as they run alone, and a stranger who may send whatever it likes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.contract.float_world import eventually, run, run_folder, setns
from tests.contract.forged import Forged, frame, multicast_mac

ROOT = Path(__file__).parents[2]
BRIDGE = "br0"
VIP, VIP6 = "192.0.2.100", "2001:db8::100"
A, B, STRANGER = "192.0.2.1", "192.0.2.2", "192.0.2.66"
MACS = {A: "02:00:00:00:00:01", B: "02:00:00:00:00:02", STRANGER: "02:00:00:00:00:66"}
_READY = 'mount -t tmpfs tmpfs /run && mkdir /run/keepalived-link /run/keepalived-status && exec "$@"'


class Segment:
    """A bridge, and a namespace for each host on it, with its address on its eth0."""

    def __init__(self, name: str) -> None:
        self.lan = f"kfhost-{name}-{os.getpid()}"
        run("ip", "netns", "add", self.lan)
        _ip(self.lan, "link", "add", BRIDGE, "type", "bridge", "stp_state", "0", "forward_delay", "0")
        _ip(self.lan, "link", "set", BRIDGE, "up")
        for address in MACS:
            self._attach(address)

    def namespace(self, address: str) -> str:
        """Of the host with that address."""
        return f"{self.lan}-{address.rpartition('.')[2]}"

    def sender(self, address: str) -> socket.socket:
        """A socket that sends frames from that host, to be closed by the caller."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.namespace(address)}", os.O_RDONLY)
        try:
            setns(there)
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sock.bind(("eth0", 0))
        finally:
            setns(home)
            os.close(there)
            os.close(home)
        return sock

    def clear(self) -> None:
        """All of it is gone."""
        for address in MACS:
            subprocess.run(["ip", "netns", "del", self.namespace(address)], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", self.lan], check=False, capture_output=True)

    def _attach(self, address: str) -> None:
        namespace, port = self.namespace(address), f"p{address.rpartition('.')[2]}"
        run("ip", "netns", "add", namespace)
        _ip(self.lan, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        _ip(self.lan, "link", "set", port, "master", BRIDGE, "up")
        _ip(namespace, "link", "set", "lo", "up")
        _ip(namespace, "link", "set", "eth0", "address", MACS[address], "up")
        _ip(namespace, "address", "add", f"{address}/24", "brd", "+", "dev", "eth0")
        _ip(namespace, "address", "add", f"2001:db8::{address.rpartition('.')[2]}/64", "dev", "eth0", "nodad")


class Node:
    """A float alone, with a /run of its own."""

    def __init__(self, segment: Segment, address: str, env: dict[str, str], log: Path) -> None:
        self.namespace = segment.namespace(address)
        self.log = log
        words = ["ip", "netns", "exec", self.namespace, "unshare", "--mount", "sh", "-c", _READY, "sh"]
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [*words, sys.executable, "-m", "float"], cwd=ROOT, env={**os.environ, **env}, stdout=out, stderr=out
            )

    @property
    def status(self) -> dict[str, Any]:
        """Its last word; empty before there is one."""
        try:
            told: dict[str, Any] = json.loads(self.file("keepalived-status/float.json").read_text())
        except (OSError, ValueError):
            return {}
        return told

    @property
    def router(self) -> dict[str, Any]:
        """Its virtual router as it tells it; empty before there is one."""
        return dict(next(iter(self.status.get("virtual_routers", ())), {}))

    @property
    def state(self) -> str:
        """The VRRP state that it tells."""
        return {0: "INIT", 1: "BACKUP", 2: "MASTER", 3: "FAULT"}.get(self.router.get("state", 0), "?")

    @property
    def holds(self) -> bool:
        """Whether its kernel has the virtual IP."""
        return f"{VIP}/" in _ip(self.namespace, "-o", "address", "show", "dev", "eth0")

    def file(self, name: str) -> Path:
        """A file of its /run."""
        return run_folder(self.process.pid) / name

    def cpu_seconds(self) -> float:
        """What its supervisor has used of a core."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """KiB that its supervisor has to itself."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))

    def log_lines(self) -> list[str]:
        """All that it logged."""
        return self.log.read_text().splitlines()

    def stop(self) -> None:
        """End it as `docker stop` does."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Pair:
    """Node a (priority 200) and node b (priority 150), and the stranger's socket."""

    def __init__(self, segment: Segment, a: Node, b: Node, stranger: socket.socket) -> None:
        self.segment = segment
        self.a, self.b = a, b
        self.stranger = stranger

    def settle(self) -> None:
        """Until a holds the virtual IP and b follows, by a forged advert where a test left it with b."""
        if eventually(lambda: self.b.state == "MASTER", within=0.1):
            self.keep_sending(Forged(A, priority=254), to=(B,), seconds=0.6)
        assert eventually(lambda: (self.a.state, self.b.state) == ("MASTER", "BACKUP"), within=15), (
            f"a is {self.a.state}, b is {self.b.state}"
        )
        assert eventually(lambda: self.holders() == ["a"], within=5)

    def holders(self) -> list[str]:
        """Whose kernel has the virtual IP."""
        return [name for name, node in (("a", self.a), ("b", self.b)) if node.holds]

    def alive(self) -> bool:
        """Whether both floats still run, and no part of them failed meanwhile."""
        logs = [line for node in (self.a, self.b) for line in node.log_lines()]
        running = self.a.process.poll() is None and self.b.process.poll() is None
        return running and not [line for line in logs if " ERROR " in line or line.startswith("Traceback")]

    def send(self, *adverts: Forged, to: Sequence[str] = (A, B)) -> None:
        """The stranger sends each of them to each of these addresses."""
        for advert in adverts:
            for address in to:
                mac = multicast_mac(address) if address.startswith("224.") else mac_of(address)
                self.stranger.send(frame(STRANGER_MAC, mac, advert.packet(address)))

    def keep_sending(self, *adverts: Forged, to: Sequence[str] = (A, B), seconds: float = 1.5) -> list[list[str]]:
        """Every 20 ms for so long; gives who had the virtual IP, every 100 ms."""
        seen, end, beat = [], time.monotonic() + seconds, 0
        while time.monotonic() < end:
            self.send(*adverts, to=to)
            if beat % 5 == 0:
                seen.append(self.holders())
            beat += 1
            time.sleep(0.02)
        return seen

    def flood(self, frames: Sequence[bytes], *, per_second: int, seconds: float) -> int:
        """As many frames a second as asked for, in turn; gives how many went out."""
        began, sent = time.monotonic(), 0
        while (elapsed := time.monotonic() - began) < seconds:
            for _ in range(int(elapsed * per_second) - sent):
                with contextlib.suppress(BlockingIOError, OSError):
                    self.stranger.send(frames[sent % len(frames)])
                sent += 1
            time.sleep(0.002)
        return sent


def mac_of(address: str) -> bytes:
    """As it stands in frames."""
    return bytes.fromhex(MACS[address].replace(":", ""))


STRANGER_MAC = mac_of(STRANGER)


@contextlib.contextmanager
def pair(folder: Path, name: str, **env: str) -> Iterator[Pair]:
    """Both floats, settled, with these settings beside the usual ones."""
    segment = Segment(name)
    nodes: list[Node] = []
    try:
        for node, address, priority in (("a", A, "200"), ("b", B, "150")):
            usual = {
                "KEEPALIVED_VIRTUAL_IPS": f"{VIP},{VIP6}/128",
                "KEEPALIVED_ROUTER_ID": "77",
                "KEEPALIVED_VRRP_VERSION": "3",
                "KEEPALIVED_UNICAST_PEERS": f"{A},{B}",
                "KEEPALIVED_PRIORITY": priority,
                "DOCKER_NODE_HOSTNAME": node,
            }
            nodes.append(Node(segment, address, usual | env, folder / f"{node}.log"))
            assert eventually(lambda: nodes[-1].state in ("MASTER", "BACKUP"), within=20), nodes[-1].log.read_text()
        with segment.sender(STRANGER) as stranger:
            made = Pair(segment, nodes[0], nodes[1], stranger)
            made.settle()
            yield made
    finally:
        for one in nodes:
            one.stop()
        segment.clear()


def _ip(namespace: str, *words: str) -> str:
    return run("ip", "-n", namespace, *words)
