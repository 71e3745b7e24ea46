"""Docker's own trouble, told apart from the product's.

An engine that was killed may never free a published port. SwarmKit's updater waits for ever for a task that never began
(its port was still in use) and that another one took the place of; and where a leader dies once the last task is new,
the next one does not end the update. In both cases the service stays `updating`, and nothing happens any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.lab.cluster import Lab

SYMPTOM = "port is already allocated"
"""Engines of 20.10 say so when a kill -9 met them with a container's port mapped; only their restart helps."""

STALLED = timedelta(seconds=60)
"""An updater waits 15 s after each task, the service's monitor."""

FORMAT = "{{.Node}}|{{.CurrentState}}|{{.Error}}"


def stuck(tasks: Iterable[str]) -> list[str]:
    """PURE: the nodes whose engine keeps the port of a dead task from its successors; lines as FORMAT makes them."""
    rows = [line.split("|", 2) for line in tasks if line.count("|") >= 2]
    served = {node for node, state, _ in rows if state.startswith("Running")}
    return sorted({node for node, _, error in rows if SYMPTOM in error and node not in served})


def cure(lab: Lab, service: str) -> list[str]:
    """Restarts the engines that are stuck, and says which."""
    shown = lab.ask_swarm("service", "ps", "--no-trunc", "--format", FORMAT, service).stdout
    hosts = stuck(shown.splitlines())
    for host in hosts:
        lab.restart_dockerd(host)
    return [f"the engine of {host} kept a dead container's port, and was restarted" for host in hosts]


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
