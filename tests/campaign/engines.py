"""Docker's own trouble, told apart from the product's.

An engine that was killed may never free a published port. A Swarm whose leader dies once the last task is new, and
before the update counts as completed, calls the service `updating` for ever: the next leader's orchestrator begins its
updater again only where a task is old (SwarmKit, orchestrator/global).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from tests.lab.cluster import Lab

SYMPTOM = "port is already allocated"
"""Engines of 20.10 say so when a kill -9 met them with a container's port mapped; only their restart helps."""

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


def is_forgotten(service: Mapping[str, Any], tasks: Iterable[Mapping[str, Any]], *, nodes: int) -> bool:
    """PURE: whether the Swarm calls the service `updating`, though on every node a task of the wanted spec runs."""
    wanted = [task for task in tasks if task["DesiredState"] == "running"]
    new = [task for task in wanted if task["Status"]["State"] == "running" and _made_of(task) == _made_of(service)]
    return (service.get("UpdateStatus") or {}).get("State") == "updating" and len(new) == len(wanted) == nodes


def end_forgotten_update(lab: Lab, service: str) -> list[str]:
    """Updates the service by force where the Swarm forgot to end its update, and says so."""
    tasks = lab.look(f"/tasks?filters={quote(json.dumps({'service': [service]}))}")
    if not is_forgotten(lab.look(f"/services/{service}"), tasks, nodes=len(lab.hosts)):
        return []
    lab.ask_swarm("service", "update", "--detach", "--force", service)
    return [f"the Swarm forgot to end the update of {service}, and was told to do it again"]


def _made_of(entry: Mapping[str, Any]) -> tuple[Any, Any]:
    """What tells one spec of a service from the next: a service's own, or the one that its task was made from."""
    spec = entry["Spec"].get("TaskTemplate", entry["Spec"])
    return spec["ContainerSpec"].get("Env"), spec.get("ForceUpdate", 0)
