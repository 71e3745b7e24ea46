"""What many services cost, each with a virtual router of its own: time, CPU, memory, adverts a second."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from tests.bench.idle import Appetite, appetites
from tests.campaign.audit import until_none
from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.shell import run, wait_until
from tests.swarm.user_services import idle_services, longest_silence

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
    vips: int
    """Addresses of all services together."""

    managers: int
    pause: float
    """The longest silence of the stack's own virtual router while the services came, seconds."""

    held: float
    """From the end of `docker stack deploy` until each address was on one host, seconds."""

    last: float
    """From the fault until all that the host had were on others, seconds."""

    adverts: float
    """Packets a second on the segment, those of the stack's own virtual router included."""

    appetites: tuple[Appetite, ...]


def wanted(services: int, each: int = 1) -> dict[int, list[str]]:
    """VRID to as many addresses, one virtual router for each service."""
    vrids = [vrid for vrid in range(1, 256) if vrid != OWN_VRID][:services]
    return {vrid: [str(FIRST + 256 * vrid + number) for number in range(1, each + 1)] for vrid in vrids}


def labels(services: int, each: int = 1) -> dict[str, dict[str, str]]:
    """By service; the VRID that each names makes the virtual router its own."""
    return {
        f"s{vrid}": {
            "keepalived.vip": " ".join(f"{address}/32@eth0" for address in addresses),
            "keepalived.vrid": str(vrid),
        }
        for vrid, addresses in wanted(services, each).items()
    }


def measure(lab: Lab, services: int, each: int, troubles: Callable[[], list[str]]) -> Crowd:
    """The keepalived stack is there, and whole as `troubles` tells it; the services are gone again at the end.

    They run no task, so that only virtual routers are measured; each has that many addresses.
    """
    chosen = {address for addresses in wanted(services, each).values() for address in addresses}
    pcap = lab.plan.state / "crowd.pcap"
    with ExitStack() as stack:
        with lab.capture(f"ip proto 112 and ip[21] = {OWN_VRID}", pcap):
            began = stack.enter_context(idle_services(lab, STACK, labels(services, each)))
            wait_until(lambda: _held(lab, chosen), PATIENCE, f"{len(chosen)} addresses to be held", interval=0.2)
            held = time.monotonic() - began
        pause = longest_silence(pcap, OWN_VRID)
        until_none(troubles, within=60, calm=3, when="after the services had their addresses")
        taken, adverts = appetites(lab, IDLE_SECONDS), _adverts(lab, pcap)
        last = statistics.median(_cut(lab, chosen, troubles) for _ in range(CUTS))
    wait_until(lambda: not any(_ours(lab, chosen).values()), 60, "the addresses to be gone", interval=0.2)
    return Crowd(services, len(chosen), len(lab.hosts), pause, held, last, adverts, tuple(taken))


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


def _adverts(lab: Lab, pcap: Path) -> float:
    with lab.capture("ip proto 112", pcap):
        time.sleep(LISTEN_SECONDS)
    count = len(run(["tcpdump", "-r", str(pcap), "-n"]).stdout.splitlines())
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
