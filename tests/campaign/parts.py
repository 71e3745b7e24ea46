"""The processes of the product on a host, as the machine's own /proc shows them: no command runs in a container."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab import processes as lab_processes
from tests.lab.host import Container, Host

_CONTAINER = re.compile(r"/([0-9a-f]{64})\b")
PROBES = frozenset({"healthcheck", "sleep", "sh", "runc:[2:INIT]"})
"""What Docker's health checks run."""

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """One process in one of the host's containers."""

    pid: int
    parent: int
    command: str
    state: str
    part: str
    cpu: float
    """Seconds of CPU since its start."""

    memory: int
    """RssAnon in bytes: what it has for itself, without page cache."""

    files: int
    age: float
    """Seconds since its start."""

    root: Path
    """Its root folder, through which its container's files can be read."""


def processes(host: Host) -> list[Process]:
    """Every process in the containers of the stack on that host, zombies included."""
    parts = {container.id: part_of(container) for container in host.containers()}
    return [process for pid in _pids() if (process := _read(pid, parts)) is not None]


def part_of(container: Container) -> str:
    """`anchor`, `float` or `buoy`; a service's task is named after its service."""
    name = container.service or container.name
    return next((part for part in ("anchor", "float", "buoy") if name.endswith(part)), name)


def keepalived_conf(host: Host) -> str:
    """The file that the host's keepalived runs with; empty where there is none."""
    for process in processes(host):
        if process.command == "keepalived" and process.state != "Z":
            try:
                return (process.root / "run/keepalived/keepalived.conf").read_text()
            except OSError:
                continue
    return ""


def census(found: list[Process]) -> Counter[tuple[str, str]]:
    """How many processes of each (part, command) there are; those of a health probe come and go."""
    return Counter((process.part, process.command) for process in found if process.command not in PROBES)


def namespaces(host: Host) -> Counter[str]:
    """How many namespaces of each kind the host's processes are in, and how many container shims it runs."""
    seen: set[tuple[str, str]] = set()
    shims = 0
    for pid in lab_processes.descent(host.first_process):
        folder = Path("/proc", str(pid))
        try:
            seen |= {(kind.name, str(kind.readlink())) for kind in (folder / "ns").iterdir()}
            shims += (folder / "comm").read_text().startswith("containerd-shim")
        except OSError:
            continue  # ended while we looked
    return Counter(kind for kind, _ in seen if not kind.endswith("_for_children")) + Counter(shim=shims)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _read(pid: int, parts: Mapping[str, str]) -> Process | None:
    folder = Path("/proc", str(pid))
    try:
        found = _CONTAINER.search((folder / "cgroup").read_text())
        if found is None or found[1] not in parts:
            return None
        before, _, after = (folder / "stat").read_text().rpartition(")")
        words = after.split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return Process(
            pid=pid,
            parent=int(words[1]),
            command=before.partition("(")[2],
            state=words[0],
            part=parts[found[1]],
            cpu=(int(words[11]) + int(words[12])) / TICKS,
            memory=_memory(folder),
            files=len(list((folder / "fd").iterdir())) if words[0] != "Z" else 0,
            age=uptime - int(words[19]) / TICKS,
            root=folder / "root",
        )
    except OSError:
        return None  # ended while we looked


def _memory(folder: Path) -> int:
    line = next((line for line in (folder / "status").read_text().splitlines() if line.startswith("RssAnon")), "")
    return int(line.split()[1]) * 1024 if line else 0
