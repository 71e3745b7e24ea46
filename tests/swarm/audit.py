"""Is the product whole again? Kernels and engines are asked; the buoys only to compare their word with these."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.lab.cluster import STACK, Lab
from tests.lab.faults import ANCHOR, FLOAT
from tests.lab.host import Host
from tests.lab.shell import LabError

ANCHOR_SERVICE = f"{STACK}_{ANCHOR}"
CALM = 1.0
"""Seconds without any trouble before a Swarm counts as healthy: a fault needs a moment to show."""

SLACK = 1.0
"""Seconds of slack for a promise with a time in it: the lab's five machines share two cores."""


@dataclass(frozen=True)
class Row:
    """A line of `docker ps`."""

    name: str
    state: str
    status: str
    service: str

    @property
    def healthy(self) -> bool:
        return self.state == "running" and "(healthy)" in self.status


def assert_healthy(lab: Lab, *, within: float = 30.0, absent: Collection[str] = ()) -> None:
    """One holder, one float a node, anchors healthy and buoys content, in time; on `absent` hosts nothing of ours."""
    deadline = time.monotonic() + within
    calm_since: float | None = None
    while calm_since is None or time.monotonic() - calm_since < CALM:
        found = troubles(lab, absent)
        calm_since = None if found else calm_since or time.monotonic()
        assert not found or time.monotonic() < deadline, f"not healthy within {within:g} s: " + "; ".join(found)
        time.sleep(0.2)


def troubles(lab: Lab, absent: Collection[str] = ()) -> list[str]:
    """One sentence for everything that is not as it should be; empty when all is."""
    holders = lab.holders()
    found = [] if len(holders) == 1 else [f"{lab.vip} is on {', '.join(holders) or 'nobody'}"]
    hosts = list(lab.hosts.values())
    with ThreadPoolExecutor(max_workers=len(hosts)) as pool:
        looks = pool.map(lambda host: _of_a_host(lab, host, holds=host.name in holders, absent=absent), hosts)
        return found + [sentence for sentences in looks for sentence in sentences]


def answers(lab: Lab, host: str, path: str) -> bool:
    """Whether the host's buoy says 200 to that question."""
    try:
        return lab.http(host, path)[0] == 200
    except OSError:
        return False


def rows(host: Host) -> list[Row]:
    """All containers of the host."""
    return [Row(c.name, c.state, c.status, c.service) for c in host.containers()]


def _of_a_host(lab: Lab, host: Host, *, holds: bool, absent: Collection[str]) -> list[str]:
    if not host.is_on:
        return [] if host.name in absent else [f"{host.name} is off"]
    try:
        seen = rows(host)
    except LabError as error:
        return [f"{host.name}'s engine: {error}"]
    if host.name in absent:
        return [f"{host.name} still has {row.name}" for row in _floats(seen)]
    return [f"{host.name}: {sentence}" for sentence in (*_of_containers(seen), *_of_the_buoy(lab, host, holds))]


def _of_containers(seen: list[Row]) -> Iterator[str]:
    floats = [f"{row.name} ({row.state})" for row in _floats(seen)]
    if floats != [f"{FLOAT} (running)"]:
        yield f"floats: {', '.join(floats) or 'none'}"
    anchors = [row for row in seen if row.service == ANCHOR_SERVICE and row.state in {"running", "paused"}]
    if [row.healthy for row in anchors] != [True]:
        yield f"anchors: {', '.join(row.status for row in anchors) or 'none'}"


def _of_the_buoy(lab: Lab, host: Host, holds: bool) -> Iterator[str]:
    role = "/master" if holds else "/backup"
    for path in ("/health", role):
        try:
            status, body = lab.http(host.name, path, timeout=2)
        except OSError as error:
            yield f"the buoy does not answer: {error}"
            return
        if status != 200:
            yield f"{path} says {status}: {body.strip()[:200]}"


def _floats(seen: list[Row]) -> list[Row]:
    return [row for row in seen if not row.service and row.name.startswith(FLOAT)]
