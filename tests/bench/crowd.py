"""What many services cost, each of which has a virtual router of its own: time, CPU, memory, adverts a second."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from tests.bench.idle import Appetite, appetites
from tests.campaign.audit import until_none
from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.shell import run, wait_until
from tests.swarm.user_services import idle_services

FIRST = IPv4Address("172.31.0.0")
OWN_VRID = 77
STACK = "crowd"
IDLE_SECONDS = 10.0
LISTEN_SECONDS = 5.0
CUTS = 3
PATIENCE = 300.0
"""Seconds for all of them to be held."""


@dataclass(frozen=True)
class Crowd:
    """So many services that were deployed at once, their holder's cable pulled; medians."""

    services: int
    managers: int
    held: float
    """From the end of `docker stack deploy` until each address was on one host, seconds."""

    last: float
    """From the fault until all that the host had were on others, seconds."""

    adverts: float
    """Packets a second on the segment, those of the stack's own virtual router included."""

    appetites: tuple[Appetite, ...]


def wanted(services: int) -> dict[int, str]:
    """VRID to address, one for each service; they run no task, so that only virtual routers are measured."""
    vrids = [vrid for vrid in range(1, 256) if vrid != OWN_VRID][:services]
    return {vrid: str(FIRST + vrid) for vrid in vrids}


def labels(services: int) -> dict[str, dict[str, str]]:
    """By service; the VRID that each names makes the virtual router its own."""
    return {
        f"s{vrid}": {"keepalived.vip": f"{address}/32@eth0", "keepalived.vrid": str(vrid)}
        for vrid, address in wanted(services).items()
    }


def measure(lab: Lab, services: int, troubles: Callable[[], list[str]]) -> Crowd:
    """The keepalived stack is there, and whole as `troubles` tells it; the services are gone again at the end."""
    chosen = set(wanted(services).values())
    with idle_services(lab, STACK, labels(services)) as began:
        wait_until(lambda: _held(lab, chosen), PATIENCE, f"{services} addresses to be held", interval=0.2)
        held = time.monotonic() - began
        until_none(troubles, within=60, calm=3, when="after the services had their addresses")
        taken, adverts = appetites(lab, IDLE_SECONDS), _adverts(lab)
        last = statistics.median(_cut(lab, chosen, troubles) for _ in range(CUTS))
    wait_until(lambda: not any(_ours(lab, chosen).values()), 60, "the addresses to be gone", interval=0.2)
    return Crowd(services, len(lab.hosts), held, last, adverts, tuple(taken))


def _cut(lab: Lab, chosen: set[str], troubles: Callable[[], list[str]]) -> float:
    """Seconds until every address of the host that had most of them was on another one."""
    before = _ours(lab, chosen)
    holder = max(before, key=lambda name: len(before[name]))
    with lab.watch_addresses() as watch:
        time.sleep(0.3)
        struck = lab.unplug(holder)

        def arrivals() -> list[float]:
            changes = (watch.changes(address) for address in before[holder])
            came = [[c.when for c in found if c.present and c.when > struck and c.host != holder] for found in changes]
            return [min(times) for times in came] if all(came) else []

        last = max(wait_until(arrivals, 30, f"{holder}'s addresses on other hosts", interval=0.05)) - struck
    lab.plug(holder)
    until_none(troubles, within=60, calm=0.3, when="after the cable was in again")
    wait_until(lambda: _held(lab, chosen), 60, "one holder for each", interval=0.2)
    return last


def _adverts(lab: Lab) -> float:
    pcap = lab.plan.state / "crowd.pcap"
    with lab.capture("ip proto 112", pcap):
        time.sleep(LISTEN_SECONDS)
    count = len(run(["tcpdump", "-r", str(pcap), "-n"]).stdout.splitlines())
    pcap.unlink()
    return count / LISTEN_SECONDS


def _held(lab: Lab, chosen: set[str]) -> bool:
    holders = Counter(address for found in _ours(lab, chosen).values() for address in found)
    return set(holders) == chosen and set(holders.values()) == {1}


def _ours(lab: Lab, chosen: set[str]) -> dict[str, set[str]]:
    return {host.name: chosen & _addresses(host) for host in lab.hosts_on()}


def _addresses(host: Host) -> set[str]:
    shown = run(["ip", "-n", host.namespace, "-j", "addr"], check=False).stdout
    links = json.loads(shown or "[]")
    return {entry["local"] for link in links for entry in link.get("addr_info", ()) if "local" in entry}
