"""The containers that there are and the float that there should be, turned into ordered steps. Pure.

Invariant, after every prefix of a plan's steps (the anchor may die between any two): at most one float of ours runs,
and a float that serves is stopped only after its successor's container was created, which needs its image. The old
container is removed last, after its successor has proven itself; until then `restore` brings it back. An anchor that
finds an unproven successor lets it prove itself, and one that wants the old float has it back. A float that was stopped
for a successor that never began serves again before the next try.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from anchor.bash_stack import is_ancestors, living_rival
from anchor.container_spec import DIGEST_LABEL, FLOAT_SERVICE_LABEL, FLOAT_STACK_LABEL, TEMPLATE_LABEL
from anchor.facts import Container
from shared.errors import NameTakenError

NEXT = ".next"
OLD = ".old"


@dataclass(frozen=True)
class Create:
    """Create the desired float's container under that name."""

    name: str


@dataclass(frozen=True)
class Start:
    """Start the container."""

    name: str


@dataclass(frozen=True)
class Stop:
    """Stop the container: a float hands over first."""

    name: str


@dataclass(frozen=True)
class Remove:
    """Remove the stopped container."""

    name: str


@dataclass(frozen=True)
class AwaitRemoval:
    """Wait until the container, which Docker is removing already, is gone."""

    name: str


@dataclass(frozen=True)
class Rename:
    """Give the container another name."""

    name: str
    new_name: str


@dataclass(frozen=True)
class Prove:
    """Wait until the float has connected and runs the spec; else `restore`, and stop following the plan."""

    name: str


Step = Create | Start | Stop | Remove | AwaitRemoval | Rename | Prove


@dataclass(frozen=True)
class Desired:
    """The float that there should be."""

    name: str
    stack: str
    digest: str
    image_id: str
    template: str | None
    """The hash of the spec of the anchor's task; None while Docker cannot tell, and then nothing is replaced."""

    settled: str | None = None
    """Id of a container that was found to match this template, whatever its label says."""


@dataclass(frozen=True)
class Plan:
    """What to do, in order."""

    steps: tuple[Step, ...]
    adopted: Container | None = None
    """The float that goes on running, where one does."""

    replaced: Container | None = None
    """The float that serves until its successor does."""

    dead: Container | None = None
    """The float that should run and does not."""


def is_ours(container: Container, stack: str) -> bool:
    """Whether the container is this stack's float, under whatever name."""
    return FLOAT_SERVICE_LABEL in container.labels and container.labels.get(FLOAT_STACK_LABEL) == stack


def make(containers: Sequence[Container], desired: Desired) -> Plan:
    """The steps to exactly one float. Raises NameTakenError when the name is somebody else's, and will stay so."""
    leaving, containers = _split(containers, desired)
    ours = [container for container in containers if is_ours(container, desired.stack)]
    _check_name(containers, desired)
    current = _current(ours, desired.name)
    old = next((container for container in ours if container.name == desired.name + OLD), None)
    others = [c for c in containers if c is not current and (c in ours or is_ancestors(c, desired.name))]
    waiting = tuple(AwaitRemoval(container.id) for container in leaving)
    cleaning = (*_ended(others), *_removed(others))
    if current is None:
        if back := restore(containers, desired):
            return Plan((*waiting, *back))
        dead = next((container for container in ours if container.name == desired.name), None)
        return Plan((*waiting, *cleaning, Create(desired.name), Start(desired.name)), dead=dead)
    if matches(current, desired):
        return _adoption(current, desired, others, waiting)
    if current.name == desired.name and old is not None and matches(old, desired):
        return Plan((*waiting, *restore(containers, desired)))
    return Plan((*waiting, *cleaning, *_replacement(current, desired.name)), replaced=current)


def fitting(containers: Sequence[Container], desired: Desired) -> Container | None:
    """The float that was made for the spec of the anchor's task; where there is none, its image may be a newer one.

    Raises NameTakenError when the name is somebody else's.
    """
    _, containers = _split(containers, desired)
    _check_name(containers, desired)
    ours = sorted((c for c in containers if is_ours(c, desired.stack)), key=lambda c: not c.running)
    return next((container for container in ours if _fits_template(container, desired)), None)


def settled(desired: Desired, container_id: str | None, template: str | None) -> Desired:
    """The desired float with what was remembered: that this container was found to match that template."""
    return replace(desired, settled=container_id if template == desired.template else None)


def revive(hung: Container, desired: Desired) -> tuple[Step, ...]:
    """The steps from a float that says nothing to a new one; the hung one serves nobody, so it goes first."""
    return (Stop(hung.name), Remove(hung.name), Create(desired.name), Start(desired.name))


def matches(current: Container, desired: Desired) -> bool:
    """Whether the running float may stay: always, unless the anchor's task spec changed and the float's with it."""
    if _fits_template(current, desired):
        return True
    return current.labels.get(DIGEST_LABEL) == desired.digest and current.image_id == desired.image_id


def restore(containers: Iterable[Container], desired: Desired) -> tuple[Step, ...]:
    """The steps back to the float before, whose successor never began or did not prove itself; else none."""
    ours = {container.name: container for container in containers if is_ours(container, desired.stack)}
    if desired.name + OLD not in ours:
        stopped, successor = ours.get(desired.name), ours.get(desired.name + NEXT)
        halfway = stopped is not None and not stopped.running and successor is not None
        return (Remove(desired.name + NEXT), Start(desired.name)) if halfway else ()
    failed = [ours[name] for name in (desired.name, desired.name + NEXT) if name in ours]
    return (*_ended(failed), *_removed(failed), Rename(desired.name + OLD, desired.name), Start(desired.name))


def _fits_template(container: Container, desired: Desired) -> bool:
    known = desired.template is not None
    return not known or desired.settled == container.id or container.labels.get(TEMPLATE_LABEL) == desired.template


def _split(containers: Sequence[Container], desired: Desired) -> tuple[list[Container], list[Container]]:
    """Those in our way that Docker is removing, whosever they were, and those that there are."""
    leaving = [c for c in containers if c.leaving and (c.name == desired.name or is_ours(c, desired.stack))]
    return leaving, [c for c in containers if not c.leaving]


def _check_name(containers: Sequence[Container], desired: Desired) -> None:
    holder = next((container for container in containers if container.name == desired.name), None)
    if holder is None or is_ours(holder, desired.stack):
        return
    rival = living_rival(containers, desired.stack) if is_ancestors(holder, desired.name) else None
    if is_ancestors(holder, desired.name) and rival is None:
        return
    stack = rival or holder.labels.get(FLOAT_STACK_LABEL)
    whose = f"is the float of the stack {stack!r}" if stack else f"is a container of image {holder.image}, not a float"
    raise NameTakenError(
        f"The container name {desired.name!r} is taken: it {whose}. "
        "Give this stack another KEEPALIVED_FLOAT_NAME, or remove that container."
    )


def _current(ours: Sequence[Container], name: str) -> Container | None:
    """The float that counts: the running one, and of several the one that has the name."""
    running = [container for container in ours if container.running]
    return next((container for container in running if container.name == name), next(iter(running), None))


def _adoption(current: Container, desired: Desired, others: Sequence[Container], waiting: tuple[Step, ...]) -> Plan:
    """The running float stays; beside the one before it, it was never seen to work, and has to prove itself first."""
    if current.name != desired.name:
        return Plan((*waiting, *_ended(others), *_removed(others), Rename(current.name, desired.name)), adopted=current)
    before = [container for container in others if container.name == desired.name + OLD]
    strays = [container for container in others if container not in before]
    proof = (Prove(current.name),) if before else ()
    return Plan((*_ended(others), *_removed(strays), *proof, *_removed(before)), adopted=current)


def _replacement(current: Container, name: str) -> tuple[Step, ...]:
    return (
        Create(name + NEXT),
        Stop(current.name),
        Rename(current.name, name + OLD),
        Rename(name + NEXT, name),
        Start(name),
        Prove(name),
        Remove(name + OLD),
    )


def _ended(containers: Iterable[Container]) -> tuple[Step, ...]:
    return tuple(Stop(container.name) for container in containers if container.running)


def _removed(containers: Iterable[Container]) -> tuple[Step, ...]:
    return tuple(Remove(container.name) for container in containers)
