"""PURE: the priorities and peers that the Swarm's own list of managers asks for, and those that keepalived runs with.

Written from the promise (254 downwards in steps of 25 in the order of joining), not with the anchor's code.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

TOP, STEP, LOWEST = 254, 25, 50


@dataclass(frozen=True)
class Manager:
    """A manager as `docker node inspect` shows it."""

    hostname: str
    created_at: str
    address: str
    id: str = ""


@dataclass(frozen=True)
class Instance:
    """What one vrrp_instance of a keepalived.conf says."""

    priority: int
    peers: frozenset[str]
    nopreempt: bool


def expected(managers: Iterable[Manager]) -> dict[str, Instance]:
    """By hostname, what each float's keepalived.conf must say."""
    ordered = sorted(managers, key=lambda manager: (manager.created_at, manager.id))
    step = min(STEP, max(1, (TOP - LOWEST) // max(1, len(ordered) - 1)))
    addresses = {manager.address for manager in ordered}
    return {
        manager.hostname: Instance(TOP - rank * step, frozenset(addresses - {manager.address}), nopreempt=True)
        for rank, manager in enumerate(ordered)
    }


def parse(conf: str) -> Instance | None:
    """The first vrrp_instance of the text; None where there is none."""
    _, found, body = conf.partition("vrrp_instance ")
    priority = re.search(r"^\s*priority (\d+)", body, re.MULTILINE)
    if not found or priority is None:
        return None
    peers = re.search(r"unicast_peer \{(.*?)\}", body, re.DOTALL)
    listed = [line.split()[0] for line in (peers[1] if peers else "").splitlines() if line.strip()]
    return Instance(
        int(priority[1]), frozenset(listed), nopreempt=bool(re.search(r"^\s*nopreempt$", body, re.MULTILINE))
    )


def troubles(wanted: Mapping[str, Instance], confs: Mapping[str, str]) -> list[str]:
    """One sentence for every host whose keepalived.conf says something else."""
    return [sentence for host, conf in confs.items() for sentence in _compare(host, wanted.get(host), parse(conf))]


def _compare(host: str, wanted: Instance | None, found: Instance | None) -> Collection[str]:
    if wanted is None or found is None:
        return [f"{host}: no manager, or no vrrp_instance in its keepalived.conf"]
    if wanted == found:
        return []
    return [f"{host}: keepalived.conf says {_words(found)}, the roster {_words(wanted)}"]


def _words(instance: Instance) -> str:
    mode = "nopreempt" if instance.nopreempt else "preempt"
    return f"priority {instance.priority}, peers {' '.join(sorted(instance.peers)) or '-'}, {mode}"
