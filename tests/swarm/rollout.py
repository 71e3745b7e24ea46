"""Rolling out settings over the anchors, and what became of the tasks that did not bear them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.shell import wait_until
from tests.swarm.audit import ANCHOR_SERVICE

ENDED = ("completed", "rollback_completed", "paused", "rollback_paused")
PATIENCE = 120.0
"""Seconds for an update of three nodes and for its rollback."""


@dataclass(frozen=True)
class Ended:
    """An anchor's task that ended."""

    host: str
    code: int
    said: str


def update_state(lab: Lab, service: str = ANCHOR_SERVICE) -> str:
    """The Swarm's word on the service's last update; empty when there was none, or it is about to begin."""
    status: dict[str, str] = lab.look(f"/services/{service}").get("UpdateStatus") or {}
    return status.get("State", "")


def roll_out(lab: Lab, **settings: str) -> list[Ended]:
    """Deploys the stack with these settings; the anchors that ended by themselves until the Swarm was done."""
    before = _ended_containers(lab)
    finished = lab.deploy(settings)
    assert finished.returncode == 0, finished.stderr
    return _wait_for_the_end(lab, before)


def update(lab: Lab, *options: str) -> list[Ended]:
    """`docker service update` of the anchor; the anchors that ended by themselves until the Swarm was done."""
    before = _ended_containers(lab)
    lab.ask_swarm("service", "update", "--detach", *options, ANCHOR_SERVICE)
    return _wait_for_the_end(lab, before)


def spoken(lab: Lab, name: str) -> list[str]:
    """The VRIDs in the configuration that the host's keepalived runs."""
    shown = lab.host(name).docker("exec", FLOAT, "cat", "/run/keepalived/keepalived.conf", check=False).stdout
    return [line.split()[1] for line in shown.splitlines() if line.split()[:1] == ["virtual_router_id"]]


def ended_anchors(lab: Lab) -> list[Ended]:
    """Every anchor that ended by itself with an error, on all hosts."""
    return _read(lab, set())


def _wait_for_the_end(lab: Lab, before: set[str]) -> list[Ended]:
    wait_until(lambda: update_state(lab) in ENDED, PATIENCE, "the Swarm to end its update", interval=0.2)
    return _read(lab, before)


def _read(lab: Lab, before: set[str]) -> list[Ended]:
    found = [(host, id) for host in lab.hosts_on() for id in _exited(host) if id not in before]
    ended = [_autopsy(host, id) for host, id in found]
    return [one for one in ended if one is not None and one.code not in {0, 137, 143}]


def _ended_containers(lab: Lab) -> set[str]:
    return {id for host in lab.hosts_on() for id in _exited(host)}


def _exited(host: Host) -> list[str]:
    chosen = [f"label=com.docker.swarm.service.name={ANCHOR_SERVICE}", "status=exited"]
    filters = [word for wanted in chosen for word in ("--filter", wanted)]
    return host.docker("ps", "-aq", "--no-trunc", *filters).stdout.split()


def _autopsy(host: Host, id: str) -> Ended | None:
    """None for one that the Swarm removed while we looked."""
    code = host.docker("inspect", "--format", "{{.State.ExitCode}}", id, check=False)
    logs = host.docker("logs", id, check=False)
    if code.returncode != 0 or logs.returncode != 0:
        return None
    return Ended(host.name, int(code.stdout), logs.stdout + logs.stderr)
