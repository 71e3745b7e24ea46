"""This node's tasks of the services that virtual routers follow, turned into conditions. Pure.

A task serves when its container runs, is healthy where the image has a health check, and was not told to stop. A
service without such a task here may not be represented here: the condition `service:NAME` is required.
"""

from __future__ import annotations

import signal
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from anchor.facts import Event, LocalTask
from shared.models import Condition, Strength

STOPPING_FOR = 60.0
"""Seconds after which a container that was told to stop, and did not, counts as one that goes on serving."""

FATAL_SIGNALS = frozenset({"2", "3", "9", "15"})
"""SIGINT, SIGQUIT, SIGKILL, SIGTERM: what Docker, Swarm and image authors end a container with."""


@dataclass(frozen=True)
class Follow:
    """Virtual routers that follow one service."""

    service: str
    service_id: str
    """Empty where the Swarm has no service of that name."""

    routers: tuple[str, ...]


def without(before: Iterable[Follow], now: Iterable[Follow]) -> tuple[Follow, ...]:
    """What was followed before and is not followed now."""
    kept = {(follow.service, router) for follow in now for router in follow.routers}
    left = (
        replace(follow, routers=tuple(r for r in follow.routers if (follow.service, r) not in kept))
        for follow in before
    )
    return tuple(follow for follow in left if follow.routers)


def joined(follows: Iterable[Follow]) -> tuple[Follow, ...]:
    """The same with one entry for each service."""
    by_service: dict[str, Follow] = {}
    for follow in follows:
        known = by_service.setdefault(follow.service, follow)
        by_service[follow.service] = replace(known, routers=tuple(dict.fromkeys(known.routers + follow.routers)))
    return tuple(by_service.values())


def stops(event: Event) -> bool:
    """Whether the event says that a container was told to end."""
    return event.action == "kill" and event.labels.get("signal") in FATAL_SIGNALS


def may_stop(event: Event) -> bool:
    """Whether the event says so where its signal is the image's own for it, as SIGWINCH (28) is for httpd."""
    return event.action == "kill" and event.labels.get("signal", "") not in FATAL_SIGNALS | {""}


def is_signal(stop_signal: str, number: str) -> bool:
    """Whether an image's stop signal, by name or number as its author wrote it, is that number."""
    name = stop_signal.strip().upper().removeprefix("SIG")
    base, plus, offset = name.partition("+")
    if name.isdecimal():
        return name == number
    found = signal.Signals.__members__.get(f"SIG{base}")
    if found is None or (plus and not offset.isdecimal()):
        return False
    return str(found + int(offset or 0)) == number


def conditions(
    follows: Iterable[Follow],
    tasks: Mapping[str, Sequence[LocalTask]],
    stopping: Collection[str],
    *,
    serving: Mapping[str, Collection[str]],
) -> tuple[Condition, ...]:
    """One condition for each followed service; `tasks` by service id, a service that is not in it was not seen yet.

    Not to know forbids what is new, and nothing that serves: `serving` names such routers, by service id.
    """
    known = (
        follow if follow.service_id in tasks else _but(follow, serving.get(follow.service_id, ())) for follow in follows
    )
    return tuple(_condition(follow, tasks.get(follow.service_id), stopping) for follow in known if follow.routers)


def _but(follow: Follow, routers: Collection[str]) -> Follow:
    return replace(follow, routers=tuple(router for router in follow.routers if router not in routers))


def _condition(follow: Follow, tasks: Sequence[LocalTask] | None, stopping: Collection[str]) -> Condition:
    ok, reason = _judge(follow, tasks, stopping)
    name = f"service:{follow.service}"
    return Condition(name=name, ok=ok, strength=Strength.REQUIRE, reason=reason, routers=follow.routers)


def _judge(follow: Follow, tasks: Sequence[LocalTask] | None, stopping: Collection[str]) -> tuple[bool, str]:
    if not follow.service_id:
        return False, f"the Swarm has no service {follow.service}"
    if tasks is None:
        return False, f"this node's tasks of {follow.service} have not been looked at yet"
    against = {task.name: _against(task, stopping) for task in tasks}
    if None in against.values():
        return True, f"a task of {follow.service} runs on this node"
    if not against:
        return False, f"no task of {follow.service} runs on this node"
    return False, f"no task of {follow.service} on this node can serve: {next(iter(against.values()))}"


def _against(task: LocalTask, stopping: Collection[str]) -> str | None:
    """Why the task does not serve, or None."""
    if task.state != "running":
        return f"it is {task.state}"
    if task.container_id in stopping:
        return "it was told to stop"
    if task.health in ("unhealthy", "starting"):
        return "it is unhealthy" if task.health == "unhealthy" else "its first health check has not passed yet"
    return None
