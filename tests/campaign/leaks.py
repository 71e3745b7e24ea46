"""PURE: what a host's processes were when all was new, and what they are now -> what leaked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MEBIBYTE = 1 << 20
LIMITS = {"float": 50 * MEBIBYTE, "anchor": 60 * MEBIBYTE}
GROWTH = 12 * MEBIBYTE
MORE_FILES = 12
HISTORY = 5 + 1
"""Ended tasks of a service that a Swarm keeps on a node: its task history limit, and one that its reaper has
yet to come to after a change of leaders (met in round 79 of seed 502: Docker itself listed six)."""

Census = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Usage:
    """What the biggest process of a part takes."""

    memory: int
    files: int


def count_troubles(host: str, before: Census, now: Census) -> list[str]:
    """More or fewer processes of any part than at first."""
    return [
        f"{host}: the {part} has {now[part, command]} processes {command}, it had {before[part, command]}"
        for part, command in sorted({*before, *now})
        if now[part, command] != before[part, command]
    ]


def zombie_troubles(host: str, zombies: Iterable[tuple[str, str, float]]) -> list[str]:
    """(part, command, age) of processes that ended and that nobody buried; a second is time enough."""
    return [f"{host}: a dead {command} of the {part} is not reaped" for part, command, age in zombies if age > 5.0]


def container_troubles(host: str, found: Iterable[tuple[str, str, str]]) -> list[str]:
    """(name, state, service): one float that nobody else made, one task of each service, and the Swarm's history."""
    rows = list(found)
    strangers = [name for name, state, service in rows if not service and state != "running"]
    running = Counter(service or name for name, state, service in rows if state == "running")
    ended = Counter(service for _, state, service in rows if service and state != "running")
    return [
        *(f"{host}: the container {name} was left behind" for name in strangers),
        *(f"{host}: {count} containers of {name} run" for name, count in running.items() if count > 1),
        *(f"{host}: {count} ended containers of {name} are kept" for name, count in ended.items() if count > HISTORY),
    ]


def namespace_troubles(host: str, before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """More namespaces of any kind, or more container shims, than at first."""
    return [
        f"{host}: {now[kind]} of the kind {kind} are in use, at first {before.get(kind, 0)}"
        for kind in sorted(now)
        if now[kind] > before.get(kind, 0)
    ]


def usage_troubles(host: str, before: Mapping[str, Usage], now: Mapping[str, Usage]) -> list[str]:
    """A part that takes clearly more than at first, or more than it is allowed at all."""
    found = []
    for part, usage in now.items():
        first = before.get(part, usage)
        if usage.memory > min(LIMITS.get(part, 1 << 40), first.memory + GROWTH):
            found.append(f"{host}: the {part} takes {usage.memory >> 20} MiB, it took {first.memory >> 20} MiB")
        if usage.files > first.files + MORE_FILES:
            found.append(f"{host}: the {part} has {usage.files} open files, it had {first.files}")
    return found
