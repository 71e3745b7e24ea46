"""What can go wrong with a host, a cable, an engine or one of the product's processes, one method each."""

from __future__ import annotations

import ipaddress
import json
import time
from typing import Literal

from tests.lab.base import LabBase
from tests.lab.host import Container, Host
from tests.lab.shell import LabError, run

ANCHOR = "keepalived-anchor"
FLOAT = "keepalived-float"
FLOAT_RUNS = "keepalived"
Which = Literal["parent", "child", "both"]


class Faults(LabBase):
    """Every method returns the CLOCK_MONOTONIC second just before the fault struck, for those who measure."""

    def power_off(self, name: str) -> float:
        """A power cut: nothing of the host runs on, not even an address in its kernel."""
        host, struck = self.host(name), time.monotonic()
        host.power_off()
        return struck

    def halt(self, name: str) -> float:
        """Its kernel stops dead: nothing of the host answers or runs on, but its NIC keeps the carrier up."""
        host, struck = self.host(name), time.monotonic()
        self.segment.mute(host.name)
        host.power_off(unplug=False)
        return struck

    def kill_node(self, name: str) -> float:
        """kill -9 of anchor and float at once, on a host whose engine was killed before: nobody starts them again."""
        host = self.host(name)
        containers = [self.anchor_container(name).id, self.float_container(name).id]
        pids = host.docker("inspect", "--format", "{{.State.Pid}}", *containers).stdout.split()
        host.stop_dockerd("KILL")
        struck = time.monotonic()
        host.exec("kill", "-9", *pids)
        return struck

    def boot(self, name: str, *, wait: bool = True) -> float:
        """Powers it on with its old disk; by default returns when it is a Ready manager again."""
        host, struck = self.host(name), time.monotonic()
        host.boot()
        if wait:
            self.wait_ready(name, via=host)
        return struck

    def unplug(self, name: str) -> float:
        """The cable is out: the host sees no carrier, everybody else sees silence."""
        host, struck = self.host(name), time.monotonic()
        self.segment.unplug(host.name)
        return struck

    def plug(self, name: str) -> float:
        host, struck = self.host(name), time.monotonic()
        self.segment.plug(host.name)
        return struck

    def partition(self, *names: str) -> float:
        """These hosts see each other and nobody else; their carrier stays."""
        hosts, struck = [self.host(name) for name in names], time.monotonic()
        for host in hosts:
            self.segment.isolate(host.name)
        return struck

    def heal(self) -> float:
        """Every host is on the clients' side again; cables that are out stay out."""
        struck = time.monotonic()
        for name, (_, with_clients) in self.segment.ports().items():
            if not with_clients:
                self.segment.rejoin(name)
        return struck

    def kill_anchor(self, name: str) -> float:
        """kill -9 of the anchor container's first process, behind Docker's back."""
        return self._kill_container(self.host(name), self.anchor_container(name))

    def pause_anchor(self, name: str) -> float:
        """The anchor hangs: frozen with its link and sockets open."""
        host, container, struck = self.host(name), self.anchor_container(name), time.monotonic()
        host.docker("pause", container.id)
        return struck

    def resume_anchor(self, name: str) -> float:
        host, container, struck = self.host(name), self.anchor_container(name, states=("paused",)), time.monotonic()
        host.docker("unpause", container.id)
        return struck

    def kill_float(self, name: str) -> float:
        """kill -9 of the float container's first process: supervisor and keepalived die with it."""
        return self._kill_container(self.host(name), self.float_container(name))

    def kill_keepalived(self, name: str, which: Which = "both") -> float:
        """kill -9 of keepalived inside the float: its parent process, its VRRP child, or both at once."""
        return self._signal_keepalived(name, which, "KILL")

    def hang_keepalived(self, name: str, which: Which = "child") -> float:
        """It stands still, and does not end: nothing thaws it."""
        return self._signal_keepalived(name, which, "STOP")

    def _signal_keepalived(self, name: str, which: Which, signal: str) -> float:
        host = self.host(name)
        shown = host.docker("top", self.float_container(name).id, "-eo", "pid,ppid,comm").stdout.splitlines()[1:]
        chosen = choose_keepalived(shown, which)
        if not chosen:
            raise LabError(f"{name}'s float runs no such keepalived process ({which})")
        struck = time.monotonic()
        host.exec("kill", f"-{signal}", *chosen)
        return struck

    def delete_vip(self, name: str, vip: str | None = None) -> float:
        """Somebody removes the address from the host by hand."""
        host, wanted = self.host(name), ipaddress.ip_address(vip or self.vip)
        for link in json.loads(run(["ip", "-n", host.namespace, "-j", "addr"]).stdout):
            for entry in link.get("addr_info", ()):
                if "local" in entry and ipaddress.ip_address(entry["local"]) == wanted:
                    struck = time.monotonic()
                    address = f"{entry['local']}/{entry['prefixlen']}"
                    run(["ip", "-n", host.namespace, "addr", "del", address, "dev", link["ifname"]])
                    return struck
        raise LabError(f"{name} does not have {wanted}")

    def kill_dockerd(self, name: str) -> float:
        """kill -9 of the engine: its containers run on without it until it is back."""
        host, struck = self.host(name), time.monotonic()
        host.stop_dockerd("KILL")
        return struck

    def start_dockerd(self, name: str) -> float:
        host, struck = self.host(name), time.monotonic()
        host.start_dockerd()
        return struck

    def restart_dockerd(self, name: str) -> float:
        """What `systemctl restart docker` does: the engine stops its containers, ends, and comes back."""
        host, struck = self.host(name), time.monotonic()
        host.stop_dockerd("TERM")
        host.start_dockerd()
        return struck

    def drain(self, name: str) -> float:
        return self._availability(name, "drain")

    def pause_node(self, name: str) -> float:
        """The Swarm begins no task there any more, and leaves those that run alone."""
        return self._availability(name, "pause")

    def activate(self, name: str) -> float:
        return self._availability(name, "active")

    def demote(self, name: str) -> float:
        """The node is a worker from now on."""
        return self._node(name, "demote")

    def promote(self, name: str) -> float:
        return self._node(name, "promote")

    def anchor_container(self, name: str, *, states: tuple[str, ...] = ("running",)) -> Container:
        """The anchor's container on that host; LabError when there is none in such a state."""
        found = [c for c in self.host(name).containers() if c.service.endswith(ANCHOR) and c.state in states]
        return _only(found, f"{name} has no {' or '.join(states)} anchor")

    def float_container(self, name: str, float_name: str = FLOAT) -> Container:
        """The running float on that host; LabError when there is none."""
        found = [c for c in self.floats(name, float_name) if c.running]
        return _only(found, f"{name} has no running container {float_name}")

    def floats(self, name: str, float_name: str = FLOAT) -> list[Container]:
        """Every container of that name that no Swarm service made, in every state; there should be one at most."""
        return [c for c in self.host(name).containers(f"name={float_name}") if not c.service]

    def _kill_container(self, host: Host, container: Container) -> float:
        pid = host.docker("inspect", "--format", "{{.State.Pid}}", container.id).stdout.strip()
        struck = time.monotonic()
        host.exec("kill", "-9", pid)
        return struck

    def _availability(self, name: str, wanted: str) -> float:
        return self._node(name, "update", "--availability", wanted)

    def _node(self, name: str, *words: str) -> float:
        node, struck = self.host(name).name, time.monotonic()
        self.ask_swarm("node", *words, node)
        return struck


def choose_keepalived(rows: list[str], which: Which) -> list[str]:
    """The PIDs to kill among lines of `pid ppid comm`: the child is the keepalived whose parent is one too."""
    processes = [
        (pid, parent) for pid, parent, command in (row.split(None, 2) for row in rows) if command == FLOAT_RUNS
    ]
    pids = {pid for pid, _ in processes}
    parents = [pid for pid, parent in processes if parent not in pids]
    children = [pid for pid, parent in processes if parent in pids]
    return {"parent": parents, "child": children, "both": parents + children}[which]


def _only(found: list[Container], complaint: str) -> Container:
    if not found:
        raise LabError(complaint)
    return found[0]
