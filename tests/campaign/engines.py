"""Docker's own trouble, told apart from the product's: an engine that was killed may never free a published port."""

from __future__ import annotations

from collections.abc import Iterable

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
