"""How far an update of the anchors' service is, from what the Swarm says of the service and of its tasks. Pure.

What the wire cannot mix is changed once every anchor is new, and the service's `UpdateStatus` alone does not say so:

- It is emptied by every `docker service update` or `stack deploy`, the same settings once more included, while the
  updater goes on (SwarmKit, controlapi `UpdateService` and updater.go `Supervisor.Update`).
- A paused node keeps its old task, and the update counts as completed (orchestrator/global, `reconcileServices`).
- A leader that dies once all tasks are new leaves `updating` behind for ever: the next one starts an updater only where
  a task is old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from anchor.facts import DOWN, Node, Service, ServiceTask

FORWARD = "updating"
UNDER_WAY = (FORWARD, "rollback_started")
UNFINISHED = (*UNDER_WAY, "paused", "rollback_paused")

FORGETTING = 60.0
"""Seconds after the service's own delay and monitor until an update whose tasks are all new counts as forgotten."""


@dataclass(frozen=True)
class Rollout:
    """The roll-out as it was seen last; every look gives a new value."""

    service: Service | None = None
    """None until the Swarm was seen."""

    late: tuple[str, ...] = ()
    """Host names of the nodes whose anchor is made from another spec than this node's, or is not up (yet)."""

    whole_since: float | None = None
    """Since when every anchor is up and new, though the Swarm calls the service `updating`."""

    forgotten: bool = False
    """Whether that has lasted so long that the Swarm will not end the update any more."""

    @property
    def updating(self) -> bool:
        """Whether an update or rollback is under way.

        SwarmKit's updater writes `updating` to the store before it replaces the first task (updater.go, `Run` and
        `startUpdate`), so a task of the new spec never sees the state of before.
        """
        return self.service is not None and self.service.update_state in UNFINISHED and not self.forgotten

    @property
    def forward(self) -> bool:
        """Whether an update goes on that Swarm rolls back where tasks fail: no rollback, and none that is paused."""
        return self.service is not None and self.service.update_state == FORWARD and not self.forgotten

    @property
    def complete(self) -> bool:
        """Whether every anchor that is not on a node that is down is of the same spec; not while nobody said so yet."""
        return self.service is not None and not self.updating and not self.late

    def asks_for_tasks(self, service: Service) -> bool:
        """Whether the tasks may be other ones than at the last look; where nothing changed they need not be asked."""
        return service != self.service or bool(self.late) or service.update_state in UNFINISHED

    def next(
        self, service: Service, tasks: Sequence[ServiceTask] | None, nodes: Sequence[Node], my_id: str, now: float
    ) -> Rollout:
        """After another look; `tasks` is None where Docker did not tell, and then the service's word has to do."""
        if tasks is None:
            return replace(self, service=service, late=(), whole_since=None, forgotten=False)
        names = {node.id: node.hostname for node in nodes if node.state != DOWN}
        heard = [task for task in tasks if task.node_id in names]
        mine = {task.template for task in heard if task.node_id == my_id}
        late = {names[task.node_id] for task in heard if mine and not (task.running and task.template in mine)}
        since = (self.whole_since or now) if mine and not late and service.update_state in UNDER_WAY else None
        forgotten = since is not None and now - since > service.patience + FORGETTING
        return Rollout(service, tuple(sorted(late)), since, forgotten)
