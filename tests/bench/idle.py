"""What the product takes while nothing happens, and whether a busy machine makes it move for nothing."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from tests.campaign import parts
from tests.campaign.load import load
from tests.lab.cluster import Lab


@dataclass(frozen=True)
class Appetite:
    """One part on one host: the median over the hosts."""

    part: str
    processes: int
    memory: float
    """RssAnon of all its processes, MiB."""

    cpu: float
    """Percent of one core."""


def appetites(lab: Lab, seconds: float = 20.0) -> list[Appetite]:
    """Samples every host at the beginning and at the end of that time."""
    before = {p.pid: p.cpu for host in lab.hosts.values() for p in parts.processes(host)}
    began = time.monotonic()
    time.sleep(seconds)
    after = {host.name: parts.processes(host) for host in lab.hosts.values()}
    spent = time.monotonic() - began
    hosts = [by_role([p for p in found if p.pid in before]) for found in after.values()]
    names = sorted({name for roles in hosts for name in roles})
    return [_appetite(name, hosts, before, spent) for name in names]


def false_failovers(lab: Lab, seconds: float = 60.0, processes: int = 8) -> int:
    """How often the address came or went while both cores were wanted by eight busy loops."""
    with lab.watch_addresses() as watch:
        time.sleep(1)
        first = len(watch.changes(lab.vip))
        with load(lab.plan.name, processes=processes):
            time.sleep(seconds)
            return len(watch.changes(lab.vip)) - first


def by_role(found: list[parts.Process]) -> dict[str, list[parts.Process]]:
    """The processes of a host by what they are; a Python that another one of the float started keeps the leases."""
    pythons = {p.pid for p in found if p.command.startswith("python")}
    roles: dict[str, list[parts.Process]] = {}
    for process in found:
        if process.pid in pythons:
            role = f"{process.part}'s lease keeper" if process.parent in pythons else process.part
            roles.setdefault(role, []).append(process)
        elif process.command == "keepalived":
            roles.setdefault("keepalived", []).append(process)
    return roles


def _appetite(
    name: str, hosts: list[dict[str, list[parts.Process]]], before: dict[int, float], spent: float
) -> Appetite:
    ours = [roles.get(name, []) for roles in hosts]
    return Appetite(
        part=name,
        processes=round(statistics.median(len(found) for found in ours)),
        memory=statistics.median(sum(p.memory for p in found) / 2**20 for found in ours),
        cpu=statistics.median(sum(p.cpu - before[p.pid] for p in found) / spent * 100 for found in ours),
    )
