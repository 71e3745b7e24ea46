"""Doing what the choice says: strikes at a time, and everything back as it was."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.campaign import engines
from tests.campaign.choice import Kind, Strike, Update, Where
from tests.lab.cluster import STACK, Lab
from tests.lab.faults import FLOAT
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import ANCHOR_SERVICE
from tests.swarm.repair import repair
from tests.swarm.rollout import ENDED

BUOY_SERVICE = f"{STACK}_keepalived-buoy"

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
        found[at[strike.where]].add(strike.kind)
    return found


def start_update(lab: Lab, update: Update, number: int) -> None:
    """Begins the roll-out and does not wait for it."""
    words = {
        Update.ANCHORS: ["--force", ANCHOR_SERVICE],
        Update.FLOATS: ["--env-add", f"KEEPALIVED_LOG_LEVEL={('info', 'debug')[number % 2]}", ANCHOR_SERVICE],
        Update.BUOYS: ["--force", BUOY_SERVICE],
    }
    if update is not Update.NONE:
        lab.ask_swarm("service", "update", "--detach", "--quiet", *words[update])


def mend(lab: Lab) -> list[str]:
    """Everything that the round broke by force; the product has to mend itself. Raises LabError, AssertionError.

    Returns what Docker itself could not mend.
    """
    _power_and_cables(lab)
    for name in _workers(lab):
        lab.promote(name)
    cured: list[str] = []
    try:
        repair(lab)
    except AssertionError:
        cured = engines.cure(lab, BUOY_SERVICE)
        if not cured:
            raise
        repair(lab)
    wait_until(lambda: not _updating(lab, BUOY_SERVICE), 120, "the buoys' update to end", interval=0.2)
    return cured


def _updating(lab: Lab, service: str) -> bool:
    template = "{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}"
    state = lab.ask_swarm("service", "inspect", "--format", template, service).stdout.strip()
    return state not in {"", *ENDED}


def _power_and_cables(lab: Lab) -> None:
    for host in lab.hosts.values():
        if not host.is_on:
            lab.boot(host.name, wait=False)
        if not lab.segment.ports()[host.name][0]:
            lab.plug(host.name)
    lab.heal()
    for host in lab.hosts.values():
        if not host.answers() and host.dockerd is None:
            lab.start_dockerd(host.name)
        host.wait_until_it_answers()


def _workers(lab: Lab) -> list[str]:
    with contextlib.suppress(LabError):
        return lab.ask_swarm("node", "ls", "--filter", "role=worker", "--format", "{{.Hostname}}").stdout.split()
    return []
