"""Floats without an anchor, started as the documents of the images that they replace say it; plain keepalived beside.

A command line is theirs word for word, with IMAGE where the image's name stands.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.images import references
from tests.lab.processes import start
from tests.lab.segment import BRIDGE
from tests.lab.shell import Finished, run, wait_until
from tests.swarm.rollout import Ended

_DETACHED = 'exec </dev/null >/dev/null 2>&1; setsid --fork "$@"'
_TERM = 'kill -TERM $(cat "$0") && while test -e "$0"; do sleep 0.05; done'
_PRIVILEGED = ("--privileged", "--privileged=true")
_NEARLY_PRIVILEGED = ["--cap-add=NET_ADMIN", "--cap-add=SYS_ADMIN", "--cap-add=SYS_NICE"]
_NEARLY_PRIVILEGED += ["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined"]


@dataclass
class Town:
    """What a test started beside the stack, all of it gone at `clear`."""

    lab: Lab
    _containers: list[tuple[str, str]] = field(default_factory=list)
    _foreigners: set[tuple[str, str]] = field(default_factory=set)
    _undo: list[list[str]] = field(default_factory=list)

    @property
    def image(self) -> str:
        """The float's."""
        return references(self.lab.image_names())[1]

    def address(self, last: int) -> str:
        """An address of the lab's own segment."""
        return f"{self.lab.vip.rpartition('.')[0]}.{last}"

    def docker_run(self, host: str, line: str) -> str:
        """What a user types after `$`, IMAGE being ours; returns the container's name or id."""
        words = self._words(line)
        container = self.lab.host(host).docker(*words[1:]).stdout.strip()
        self._containers.append((host, container))
        return container

    def ended(self, host: str, line: str) -> Ended:
        """The same, for a container that ends soon by itself."""
        finished = self.lab.host(host).docker(*self._words(line)[1:], check=False, timeout=60)
        return Ended(host, finished.returncode, finished.stdout + finished.stderr)

    def _words(self, line: str) -> list[str]:
        """A machine that has not all capabilities itself gives what --privileged would, as far as it can."""
        words = shlex.split(line.replace("IMAGE", self.image))
        assert words[:2] == ["docker", "run"]
        if _has_every_capability():
            return words
        return [new for word in words for new in (_NEARLY_PRIVILEGED if word in _PRIVILEGED else [word])]

    def exec(self, host: str, container: str, *words: str) -> Finished:
        """`docker exec`."""
        return self.lab.host(host).docker("exec", container, *words, check=False)

    def status(self, host: str, container: str) -> dict[str, Any]:
        """The first virtual router as `status --json` tells it; empty before there is one."""
        shown = self.exec(host, container, "status", "--json").stdout
        routers = json.loads(shown)["virtual_routers"] if shown.startswith("{") else []
        return dict(routers[0]) if routers else {}

    def keepalived(self, host: str, name: str, conf: str) -> None:
        """Starts this machine's own keepalived on the host."""
        machine = self.lab.host(host)
        Path(machine.state, f"{name}.conf").write_text(conf)
        files = ["-f", f"/run/lab/{name}.conf", "-p", f"/run/{name}.pid", "-r", f"/run/{name}-vrrp.pid"]
        machine.exec("sh", "-c", _DETACHED, "sh", "keepalived", "-n", "-l", "-P", *files)
        self._foreigners.add((host, name))
        wait_until(lambda: machine.exec("test", "-s", f"/run/{name}.pid", check=False).returncode == 0, 5, f"{name}")

    def stop_keepalived(self, host: str, name: str) -> None:
        """Ends it as its container's `docker stop` would."""
        self.lab.host(host).exec("sh", "-c", _TERM, f"/run/{name}.pid", check=False)
        self._foreigners.discard((host, name))

    def add_address(self, host: str, address: str, device: str = "eth0") -> None:
        """The host has this address, too."""
        namespace = self.lab.host(host).namespace
        run(["ip", "-n", namespace, "addr", "replace", address, "dev", device])
        self._undo.append(["ip", "-n", namespace, "addr", "del", address, "dev", device])

    def add_nic(self, host: str, device: str) -> None:
        """The host has another NIC in the same segment, of that name."""
        lan, namespace, port = self.lab.plan.lan_namespace, self.lab.host(host).namespace, f"{host}-{device}"
        run(["ip", "-n", lan, "link", "add", port, "type", "veth", "peer", "name", device, "netns", namespace])
        run(["ip", "-n", lan, "link", "set", port, "master", BRIDGE, "up"])
        run(["ip", "-n", namespace, "link", "set", device, "up"])
        self._undo.append(["ip", "-n", lan, "link", "del", port])

    def listen(self, host: str, port: int) -> None:
        """Something listens on that TCP port of the host until `clear`."""
        self._serve(host, f"port-{port}", f"import http.server as h; h.test(h.SimpleHTTPRequestHandler, port={port})")

    def syslog(self, host: str) -> Path:
        """The host has a syslog socket; what it hears is appended to the file that is returned."""
        heard = Path(self.lab.host(host).state, "syslog.txt")
        heard.unlink(missing_ok=True)
        loop = "while True: f.write(s.recv(9999).decode()+chr(10)); f.flush()"
        setup = "import socket; s=socket.socket(1, 2); s.bind('/run/log'); f=open('/run/lab/syslog.txt','w')"
        self._serve(host, "syslog", f"{setup}\n{loop}")
        machine = self.lab.host(host)
        wait_until(lambda: machine.exec("test", "-S", "/run/log", check=False).returncode == 0, 5, "the syslog socket")
        return heard

    def clear(self) -> None:
        """Everything that was started is gone, and the hosts have what they had."""
        for host, container in self._containers:
            self.lab.host(host).docker("rm", "-f", container, check=False)
        for host, name in list(self._foreigners):
            self.stop_keepalived(host, name)
        for words in reversed(self._undo):
            run(words, check=False)

    def _serve(self, host: str, name: str, program: str) -> None:
        machine: Host = self.lab.host(host)
        pid_file = Path(machine.state, f"{name}.pid")
        command = [*machine.enter(), "sh", "-c", 'echo $$ >"/run/lab/$0.inside"; exec python3 -c "$1"', name, program]
        start(command, lab=self.lab.plan.name, pid_file=pid_file, log=Path(machine.state, f"{name}.log"))
        self._undo.append([*machine.enter(), "sh", "-c", 'kill $(cat "/run/lab/$0.inside"); rm -f /run/log', name])


def _has_every_capability() -> bool:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    bounding = Path("/proc/self/status").read_text().partition("CapBnd:")[2].split()[0]
    return int(bounding, 16) == (1 << last + 1) - 1
