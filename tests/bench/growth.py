"""How failover, memory and CPU grow with the number of virtual IPs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from tests.bench.idle import Appetite, appetites
from tests.lab.cluster import Lab
from tests.lab.shell import LabError, wait_until
from tests.swarm import audit

FIRST = IPv4Address("172.30.0.1")


@dataclass(frozen=True)
class Size:
    """One Swarm of a size: what a power cut of the holder cost, and what the parts took before."""

    vips: int
    gap: float
    """The client of the first virtual IP, longest silence in seconds."""

    last: float
    """From the power cut until the other host had the last one, seconds."""

    appetites: tuple[Appetite, ...]


def addresses(count: int) -> list[str]:
    """As many further virtual IPs, in a subnet of their own, on the LAN's NIC."""
    return [f"{FIRST + number}/32@eth0" for number in range(count)]


def measure(lab: Lab, vips: int, deploy: Callable[[dict[str, str]], None]) -> Size:
    """`deploy` brings the stack up with these settings."""
    further = addresses(vips - 1)
    deploy({"KEEPALIVED_VIRTUAL_IPS": " ".join([lab.vip, *further])})
    taken = appetites(lab, 10)
    holder = lab.wait_holder()
    last = further[-1].partition("/")[0] if further else lab.vip
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        time.sleep(0.5)
        struck = lab.power_off(holder)

        def arrivals() -> list[float]:
            return [c.when - struck for c in watch.changes(last) if c.present and c.when > struck and c.host != holder]

        arrived = wait_until(arrivals, 20, f"{last} on another host", interval=0.01)[0]
        time.sleep(1)
        report = client.report()
    lab.boot(holder)
    audit.assert_healthy(lab, within=60)
    if not report.gaps:
        raise LabError("the client saw no gap, so the power cut cannot have been one")
    return Size(vips, report.max_gap, arrived, tuple(taken))
