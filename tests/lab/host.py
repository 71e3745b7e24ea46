"""One machine of the lab: a set of namespaces with a first process, a NIC and a Docker engine."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.lab import cgroups, processes
from tests.lab.engine import Engine
from tests.lab.plan import Plan, number
from tests.lab.segment import Segment
from tests.lab.shell import Finished, LabError, run, wait_until

FIRST_PROCESS = Path(__file__).with_name("host_init.sh")
RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"


@dataclass(frozen=True)
class Container:
    """A container as its engine lists it."""

    id: str
    name: str
    image: str
    state: str
    status: str
    """For people, with the health: "Up 2 minutes (healthy)"."""

    service: str
    labels: dict[str, str]

    @property
    def running(self) -> bool:
        return self.state == "running"


class Host(Engine):
    """A manager of the Swarm; everything of it dies with its first process and comes back with `boot`.

    `root` is the file system that it sees, and with it the engine that it runs: see `host_root`.
    """

    def __init__(self, name: str, plan: Plan, segment: Segment, root: Path) -> None:
        number(name)
        self.name = name
        self.plan = plan
        self.segment = segment
        self.root = root
        self.state = plan.state / name
        self.data = plan.data / name
        self.namespace = plan.namespace(name)
        self.address = plan.address(name)
        self.address6 = plan.address6(name)
        super().__init__(self.state / "docker.sock")

    def __repr__(self) -> str:
        return f"<{self.name} of {self.plan.name}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Host) and (self.name, self.plan) == (other.name, other.plan)

    def __hash__(self) -> int:
        return hash((self.name, self.plan))

    @property
    def first_process(self) -> int | None:
        """Its PID as the machine sees it, or None when the host is off."""
        outer = processes.read_pid(self.state / "unshare.pid")
        if outer is None or not processes.is_ours(outer, self.plan.name):
            return None
        return next(iter(processes.children(outer)), None)

    @property
    def is_on(self) -> bool:
        return self.first_process is not None

    def boot(self) -> None:
        """Powers the host on with the disk that it has, and returns when its engine answers."""
        if self.is_on:
            raise LabError(f"{self.name} is on already")
        self._write_etc()
        self.segment.detach(self.name)
        self.segment.attach(self.name)
        for stale in ("ready", "docker.sock"):
            (self.state / stale).unlink(missing_ok=True)
        enter = ["nsenter", f"--net=/run/netns/{self.namespace}"]
        fresh = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
        script: list[str | Path] = ["bash", FIRST_PROCESS, self.name, self.state, self.data, self.root]
        self._start([*enter, *fresh, *script], pid_file=self.state / "unshare.pid", log="host.log")
        wait_until((self.state / "ready").exists, 10, f"{self.name}'s first process", interval=0.01)
        self.start_dockerd()

    def power_off(self, *, unplug: bool = True) -> None:
        """A power cut: the cable goes dead, then every process, then the kernel's memory of the host."""
        first = self.first_process
        if first is None:
            raise LabError(f"{self.name} is off already")
        if unplug:
            self.segment.unplug(self.name)
        cgroups.thaw(lambda group: group == self.namespace)
        processes.end(first, signal.SIGKILL)
        self.segment.detach(self.name)
        cgroups.remove(lambda group: group == self.namespace)

    def exec(self, *command: str, check: bool = True, timeout: float = 60.0) -> Finished:
        """Runs inside the host, as root, with its process ids, network, mounts and name."""
        return run([*self.enter(), *command], check=check, timeout=timeout, cwd="/", env=self._environment())

    def enter(self) -> list[str]:
        """The words that put a command into the host."""
        first = self.first_process
        if first is None:
            raise LabError(f"{self.name} is off")
        return ["nsenter", "-t", str(first), "-m", "-u", "-i", "-n", "-p", "--"]

    def start_dockerd(self) -> None:
        """Starts the engine as a child of the first process and returns when it answers."""
        if self.dockerd is not None:
            raise LabError(f"{self.name}'s dockerd runs already")
        options = f"--cgroup-parent /{self.namespace} --exec-opt native.cgroupdriver=cgroupfs --storage-driver overlay2"
        sockets = "-H unix:///run/docker.sock -H unix:///run/lab/docker.sock --pidfile /run/docker.pid"
        daemon = ["dockerd", *options.split(), *sockets.split(), "--insecure-registry", self.plan.registry]
        cgroups.favour(self.namespace)
        log = self._log("dockerd.log")
        shell = 'exec >>"$0" 2>&1 </dev/null; exec "$@"'
        run(["sh", "-c", shell, log, *self.enter(), "setsid", "--fork", *daemon], env=self._environment(), cwd="/")
        self.wait_until_it_answers()

    @property
    def dockerd(self) -> int | None:
        """The engine's PID inside the host, or None when it does not run."""
        look = "p=$(cat /run/docker.pid) && grep -qx dockerd /proc/$p/comm && echo $p"
        found = self.exec("sh", "-c", look, check=False)
        return int(found.stdout) if found.returncode == 0 else None

    def stop_dockerd(self, how: str = "TERM", *, timeout: float = 60.0) -> None:
        """Ends the engine: with TERM it stops its containers, with KILL they run on without it."""
        pid = self.dockerd
        if pid is None:
            raise LabError(f"{self.name}'s dockerd does not run")
        self.exec("kill", f"-{how}", str(pid))
        wait_until(lambda: self.dockerd is None, timeout, f"{self.name}'s dockerd to end")

    def containers(self, *filters: str) -> list[Container]:
        """Containers in every state; `filters` are those of `docker ps --filter`."""
        chosen: dict[str, list[str]] = {}
        for wanted in filters:
            name, _, value = wanted.partition("=")
            chosen.setdefault(name, []).append(value)
        shown = self.get(f"/containers/json?all=1&filters={quote(json.dumps(chosen))}")
        return [_container(entry) for entry in shown]

    def _write_etc(self) -> None:
        etc = self.data / "etc"
        for folder in (etc, self.state, self.plan.logs):
            folder.mkdir(parents=True, exist_ok=True)
        (etc / "resolv.conf").write_text(RESOLVER)
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{self.address} {self.name}\n")

    def _start(self, command: Sequence[str | Path], *, pid_file: Path, log: str) -> None:
        processes.start(command, lab=self.plan.name, pid_file=pid_file, log=self._log(log))

    def _log(self, name: str) -> Path:
        return self.plan.logs / f"{self.name}.{name}"

    def _environment(self) -> dict[str, str]:
        return processes.marked_environment(self.plan.name)


def _container(entry: dict[str, Any]) -> Container:
    labels = dict(entry["Labels"] or {})
    return Container(
        id=entry["Id"],
        name=entry["Names"][0].lstrip("/") if entry["Names"] else "",
        image=entry["Image"],
        state=entry["State"],
        status=entry["Status"],
        service=labels.get("com.docker.swarm.service.name", ""),
        labels=labels,
    )
