"""Docker's own trouble, told apart from the product's.

An engine that was killed may never free a published port, lead nothing to it, find an overlay network's interface
already there, or not come back to its Swarm. SwarmKit's updater waits for ever for a task that never began (its port
was still in use) and that another one took the place of; and where a leader dies once the last task is new, the next
one does not end the update: in both cases the service stays `updating`, and nothing happens any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.lab.cluster import Lab
from tests.swarm import audit as swarm_audit

SYMPTOMS = ("port is already allocated", "error creating vxlan interface: file exists")
"""Why engines of 20.10 start no task, after a kill -9 with a container's port mapped or beside a float's end."""

STALLED = timedelta(seconds=60)
"""An updater waits 15 s after each task, the service's monitor."""

FORMAT = "{{.Node}}|{{.CurrentState}}|{{.Error}}"


def stuck(tasks: Iterable[str]) -> list[str]:
    """PURE: the nodes whose engine keeps from new tasks what dead ones had; lines as FORMAT makes them."""
    rows = [line.split("|", 2) for line in tasks if line.count("|") >= 2]
    served = {node for node, state, _ in rows if state.startswith("Running")}
    refused = {node for node, _, error in rows if any(symptom in error for symptom in SYMPTOMS)}
    return sorted(refused - served)


def cure(lab: Lab, service: str) -> list[str]:
    """Restarts the engines that are stuck or deaf, and says which."""
    shown = lab.ask_swarm("service", "ps", "--no-trunc", "--format", FORMAT, service).stdout
    told = dict.fromkeys(stuck(shown.splitlines()), "kept from new tasks what dead ones had")
    told |= {host: "led nothing to a port that it publishes" for host in lab.hosts if is_deaf(lab, host, service)}
    for host in told:
        lab.restart_dockerd(host)
    return [f"Docker's: the engine of {host} {why}, and was restarted" for host, why in told.items()]


def wake(lab: Lab) -> list[str]:
    """Restarts the engines that answer, and of which the Swarm's leader hears nothing all the same; says which."""
    unheard = [name for name, node in lab.nodes().items() if node["Status"] != "Ready" and lab.host(name).answers()]
    for host in unheard:
        lab.restart_dockerd(host)
    return [f"Docker's: the engine of {host} did not come back to its Swarm, and was restarted" for host in unheard]


def is_deaf(lab: Lab, host: str, service: str) -> bool:
    """Whether the host's container is well for the engine, which probes it inside, but not reached from outside."""
    well = [row for row in swarm_audit.rows(lab.host(host)) if row.service == service and row.healthy]
    if not well:
        return False
    try:
        lab.http(host, "/health", timeout=5)
    except OSError:
        return True
    return False


def is_stalled(service: Mapping[str, Any], tasks: Iterable[Mapping[str, Any]], *, nodes: int, now: datetime) -> bool:
    """PURE: whether the Swarm calls the service `updating`, while on every node a task has run for a minute."""
    wanted = [task for task in tasks if task["DesiredState"] == "running"]
    begun = [_since(task) for task in wanted if task["Status"]["State"] == "running"]
    updating = (service.get("UpdateStatus") or {}).get("State") == "updating"
    return updating and len(begun) == len(wanted) == nodes and now - max(begun) > STALLED


def end_stalled_update(lab: Lab, service: str) -> list[str]:
    """Updates the service by force where the Swarm does not go on with its update, and says so."""
    tasks = lab.look(f"/tasks?filters={quote(json.dumps({'service': [service]}))}")
    seen = lab.look(f"/services/{service}")
    if not is_stalled(seen, tasks, nodes=len(lab.hosts), now=datetime.now(UTC)):
        return []
    lab.ask_swarm("service", "update", "--detach", "--force", service)
    return [f"the Swarm did not go on with the update of {service}, and was told to do it again"]


def _since(task: Mapping[str, Any]) -> datetime:
    """Docker's nanoseconds are more than Python reads."""
    return datetime.fromisoformat(task["Status"]["Timestamp"][:19] + "+00:00")
