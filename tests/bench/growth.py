"""How failover, memory and CPU grow with the number of virtual IPs, and with the number of managers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from tests.bench.idle import Appetite, appetites
from tests.campaign.audit import until_none
from tests.lab.cluster import Lab
from tests.lab.shell import LabError, wait_until

FIRST = IPv4Address("172.30.0.1")
IDLE_SECONDS = 10.0
CUTS = 3


@dataclass(frozen=True)
class Size:
    """One Swarm of a size: what it cost to lose the holder's cable, median of some trials; what the parts took."""

    vips: int
    managers: int
    gap: float
    """The client of the first virtual IP, longest silence in seconds."""

    last: float
    """From the fault until the other host had the last one, seconds."""

    appetites: tuple[Appetite, ...]


def addresses(count: int) -> list[str]:
    """As many further virtual IPs, in a subnet of their own, on the LAN's NIC."""
    return [f"{FIRST + number}/32@eth0" for number in range(count)]


def setting(lab: Lab, vips: int) -> dict[str, str]:
    """The settings of a stack with that many virtual IPs."""
    return {"KEEPALIVED_VIRTUAL_IPS": " ".join([lab.vip, *addresses(vips - 1)])}


def measure(lab: Lab, vips: int, troubles: Callable[[], list[str]]) -> Size:
    """The stack is there with `setting(lab, vips)`, and whole as `troubles` tells it."""
    taken = appetites(lab, IDLE_SECONDS)
    last = addresses(vips - 1)[-1].partition("/")[0] if vips > 1 else lab.vip
    cuts = [_cut(lab, last, troubles) for _ in range(CUTS)]
    gap = statistics.median(gap for gap, _ in cuts)
    return Size(vips, len(lab.hosts), gap, statistics.median(moved for _, moved in cuts), tuple(taken))


def _cut(lab: Lab, last: str, troubles: Callable[[], list[str]]) -> tuple[float, float]:
    holder = lab.wait_holder()
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        time.sleep(0.3)
        struck = lab.unplug(holder)

        def arrivals() -> list[float]:
            return [c.when - struck for c in watch.changes(last) if c.present and c.when > struck and c.host != holder]

        arrived = wait_until(arrivals, 20, f"{last} on another host", interval=0.01)[0]
        time.sleep(0.5)
        lab.plug(holder)
        until_none(troubles, within=60, calm=0.3, when="after the cable was in again")
        report = client.report()
    if not report.gaps:
        raise LabError("the client saw no gap, so nothing can have been cut")
    return max(gap.length for gap in report.gaps if gap.start < struck + arrived), arrived
