"""Doing what the choice says: strikes at a time, and everything back as it was."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tests.campaign.choice import Kind, Strike, Where
from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.parallel import in_parallel
from tests.lab.shell import LabError, wait_until

QUORUM_RETURNS = 180.0
"""Seconds for engines that boot all at once, on cores that are busy, until the Swarm has a leader and says so."""

VERBS: dict[Kind, Callable[[Lab, str], object]] = {
    Kind.POWER_OFF: Lab.power_off,
    Kind.UNPLUG: Lab.unplug,
    Kind.PARTITION: Lab.partition,
    Kind.KILL_ANCHOR: Lab.kill_anchor,
    Kind.PAUSE_ANCHOR: Lab.pause_anchor,
    Kind.KILL_FLOAT: Lab.kill_float,
    Kind.STOP_FLOAT: lambda lab, host: lab.host(host).docker("stop", "--time", "10", FLOAT),
    Kind.PAUSE_FLOAT: lambda lab, host: lab.host(host).docker("pause", FLOAT),
    Kind.HANDOVER: lambda lab, host: lab.host(host).docker("exec", FLOAT, "handover", check=False),
    Kind.KILL_KEEPALIVED: lambda lab, host: lab.kill_keepalived(host, "both"),
    Kind.KILL_KEEPALIVED_PARENT: lambda lab, host: lab.kill_keepalived(host, "parent"),
    Kind.KILL_KEEPALIVED_CHILD: lambda lab, host: lab.kill_keepalived(host, "child"),
    Kind.DELETE_VIP: Lab.delete_vip,
    Kind.KILL_DOCKERD: Lab.kill_dockerd,
    Kind.RESTART_DOCKERD: Lab.restart_dockerd,
    Kind.DRAIN: Lab.drain,
    Kind.DEMOTE: Lab.demote,
    Kind.LEAVE: Lab.leave,
    Kind.FREEZE: Lab.freeze,
    Kind.HANG_KEEPALIVED: Lab.hang_keepalived,
    Kind.BLACKOUT: lambda lab, _: in_parallel([partial(lab.power_off, name) for name in lab.hosts]),
}


def targets(hosts: Sequence[str], holder: str) -> dict[Where, str]:
    """Which host each role is now."""
    others = sorted(host for host in hosts if host != holder)
    return {Where.HOLDER: holder, Where.FIRST: others[0], Where.LAST: others[-1]}


def strike_all(lab: Lab, strikes: Sequence[Strike], at: dict[Where, str]) -> list[str]:
    """Each at its own time, beside the others; what could not be struck (it is gone already) is told, not raised."""
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=len(strikes)) as pool:
        outcomes = list(pool.map(lambda strike: _strike(lab, strike, at[strike.where], began), strikes))
    return [outcome for outcome in outcomes if outcome]


def _strike(lab: Lab, strike: Strike, host: str, began: float) -> str:
    time.sleep(max(0.0, began + strike.after - time.monotonic()))
    try:
        VERBS[strike.kind](lab, host)
    except (LabError, subprocess.SubprocessError, OSError) as error:
        return f"{strike} missed {host}: {error}"
    return ""


def faults_by_host(strikes: Sequence[Strike], at: dict[Where, str]) -> dict[str, set[Kind]]:
    """What each host was struck with; every host has an entry."""
    found: dict[str, set[Kind]] = {host: set() for host in at.values()}
    for strike in strikes:
        for host in found if strike.kind is Kind.BLACKOUT else [at[strike.where]]:
            found[host].add(strike.kind)
    return found


def mend(lab: Lab) -> float:
    """Power, cables, engines and nodes as they were; returns the second at which all could hear each other again."""
    in_parallel([partial(_power, lab, host) for host in lab.hosts.values()])
    for host in lab.hosts.values():
        if lab.is_frozen(host.name):
            lab.thaw(host.name)
    lab.heal()
    heard = time.monotonic()
    in_parallel([partial(_engine, lab, host) for host in lab.hosts.values()])
    _nodes(lab)
    return heard


def _power(lab: Lab, host: Host) -> None:
    if not host.is_on:
        lab.boot(host.name, wait=False)
    if not lab.segment.ports()[host.name][0]:
        lab.plug(host.name)


def _engine(lab: Lab, host: Host) -> None:
    if not host.answers() and host.dockerd is None:
        lab.start_dockerd(host.name)
    host.wait_until_it_answers()
    paused = [container.id for container in host.containers("status=paused")]
    for container in paused:  # one that is being stopped meanwhile, on a drained node, is paused no more
        host.docker("unpause", container, check=False)


def _nodes(lab: Lab) -> None:
    """Every host is an active manager; a Swarm that lost its quorum for a while needs some seconds to answer."""
    for host in lab.hosts.values():
        if lab.has_left(host.name):
            lab.join(host.name)
    for entry in wait_until(lambda: _listed(lab), QUORUM_RETURNS, "the Swarm to list its nodes"):
        if entry["Spec"]["Role"] == "worker":
            lab.promote(entry["Description"]["Hostname"])
    lab.wait_ready(timeout=QUORUM_RETURNS)
    for name, node in lab.nodes().items():
        if node["Availability"] != "Active":
            lab.activate(name)


def _listed(lab: Lab) -> list[dict[str, Any]]:
    """The Swarm's nodes; none while it has no leader, or an engine is too busy to say."""
    try:
        return list(lab.look("/nodes"))
    except LabError:
        return []
