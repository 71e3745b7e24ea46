"""Services of a user's on the lab's Swarm, and what is told of their virtual IPs."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.lab.cluster import Lab
from tests.lab.images import references
from tests.lab.shell import LabError, run, wait_until

SCRIPT = "trap 'exit 0' TERM; touch /tmp/healthy; while :; do sleep 0.1; done"
"""What a task does: it is healthy as long as its file is there, and ends at once when it is told to."""

HEALTH = (
    *("--health-cmd", "test -e /tmp/healthy", "--health-interval", "300ms", "--health-timeout", "5s"),
    *("--health-retries", "1", "--health-start-period", "1s"),
)

AT_ONCE = 0.005
"""Seconds within which the same advert goes to all peers."""


def image(lab: Lab) -> str:
    """One that every host has, with a shell and Python."""
    return references(lab.image_names())[2]


@contextmanager
def service(lab: Lab, name: str, *options: str, health: bool = False) -> Iterator[str]:
    """A service for the length of a `with`; its tasks do nothing but live."""
    chosen = HEALTH if health else ("--no-healthcheck",)
    create = ("service", "create", "--name", name, "--detach", "--no-resolve-image", *chosen, *options)
    lab.ask_swarm(*create, "--entrypoint", "sh", "--restart-delay", "300s", image(lab), "-c", SCRIPT)
    try:
        yield name
    finally:
        lab.ask_swarm("service", "rm", name)


@contextmanager
def idle_services(lab: Lab, stack: str, labels: Mapping[str, Mapping[str, str]]) -> Iterator[float]:
    """Services that run no task, deployed at once as a stack for the length of a `with`; when the Swarm had them all.

    Names as Docker shows them begin with the stack's.
    """
    services = {
        name: {"image": image(lab), "deploy": {"replicas": 0, "labels": dict(chosen)}}
        for name, chosen in labels.items()
    }
    path = lab.plan.state / f"{stack}.json"
    path.write_text(json.dumps({"version": "3.8", "services": services}))  # JSON is YAML too
    finished = lab.deploy({}, compose_files=(str(path),), stack=stack)
    if finished.returncode != 0:
        raise LabError(finished.stderr)
    try:
        yield time.monotonic()
    finally:
        lab.remove_stack(stack)


def vip(lab: Lab, number: int) -> str:
    """An address of the lab's subnet that nobody has."""
    return f"{lab.vip.rpartition('.')[0]}.{number}"


def label(lab: Lab, name: str, *changes: str) -> float:
    """`docker service update` of nothing but labels; when the Swarm had said yes."""
    lab.ask_swarm("service", "update", "--detach", "--no-resolve-image", *changes, name)
    return time.monotonic()


def wait_running(lab: Lab, name: str, count: int) -> None:
    """So many tasks of the service run."""
    wait_until(lambda: len(tasks(lab, name)) == count, 60, f"{count} tasks of {name}", interval=0.1)


def tasks(lab: Lab, name: str) -> dict[str, str]:
    """Host to the container of the service's task that runs there."""
    wanted = f"com.docker.swarm.service.name={name}"
    found = {
        host.name: host.docker("ps", "-q", "--no-trunc", "--filter", f"label={wanted}").stdout.split()
        for host in lab.hosts_on()
    }
    return {host: ids[0] for host, ids in found.items() if ids}


def routers(lab: Lab, host: str) -> dict[str, dict[str, object]]:
    """What the host's buoy says of its virtual routers, by name."""
    _, body = lab.http(host, "/vrrp")
    return {router["name"]: router for router in json.loads(body)["virtualRouters"]}


def taking_part(lab: Lab, host: str) -> set[str]:
    """The virtual routers that are MASTER or BACKUP on that host."""
    try:
        return {name for name, router in routers(lab, host).items() if router["state"] in ("MASTER", "BACKUP")}
    except OSError:
        return set()


def told(lab: Lab, host: str, sentence: str) -> bool:
    """Whether the host's anchor warns of that, on its buoy."""
    try:
        _, body = lab.http(host, "/vrrp")
    except OSError:
        return False
    return any(sentence in warning for warning in json.loads(body)["anchor"]["warnings"])


def wait_gone(lab: Lab, address: str, *, timeout: float) -> float:
    """When no host has the address any more; LabError when that takes too long."""
    wait_until(lambda: not lab.holders(address), timeout, f"{address} to be gone", interval=0.02)
    return time.monotonic()


def longest_silence(pcap: Path, vrid: int) -> float:
    """Seconds of the longest pause between two adverts of that VRID in a capture."""
    return max(silences(pcap, vrid))


def silences(pcap: Path, vrid: int) -> list[float]:
    """Seconds between the adverts of that VRID in a capture; those to several peers are one."""
    lines = run(["tcpdump", "-r", str(pcap), "-n", "-tt"]).stdout.splitlines()
    times = sorted({float(line.split()[0]) for line in lines if f"vrid {vrid}," in line})
    found = [later - earlier for earlier, later in itertools.pairwise(times) if later - earlier > AT_ONCE]
    if not found:
        raise LabError(f"no adverts of VRID {vrid} in {pcap}")
    return found
