"""Before a test: the Swarm as it should be. Only what is broken is mended, so that a whole Swarm costs a second."""

from __future__ import annotations

from tests.lab.cluster import STACK, Lab
from tests.lab.host import Host
from tests.lab.parallel import in_parallel
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import ANCHOR_SERVICE, assert_healthy
from tests.swarm.rollout import ENDED, update_state

HOSTS = 3


def stand_up(lab: Lab) -> None:
    """A lab without a stack; one that is up and whole already is taken over."""
    if lab.is_up and not _is_whole(lab):
        lab.down()
    if not lab.is_up:
        lab.down()  # what a run that was cut short may have left
        lab.up(HOSTS)
    if is_deployed(lab):
        lab.remove_stack()


def repair(lab: Lab) -> None:
    """Power, cables, engines, nodes and the stack with its default settings; returns when all is healthy."""
    for host in lab.hosts.values():
        _repair_host(lab, host)
    lab.heal()
    lab.wait_ready()
    for name, node in lab.nodes().items():
        if node["Availability"] != "Active":
            lab.activate(name)
    redeploy(lab)
    assert_healthy(lab, within=60)


def redeploy(lab: Lab) -> None:
    """The stack is there with the lab's default settings, and no update of it is under way."""
    if not _has_default_settings(lab):
        finished = lab.deploy()
        assert finished.returncode == 0, finished.stderr
    wait_until(lambda: update_state(lab) in {"", *ENDED}, 120, "the service's update to end", interval=0.2)


def is_deployed(lab: Lab) -> bool:
    return STACK in lab.ask_swarm("stack", "ls", "--format", "{{.Name}}").stdout.split()


def _is_whole(lab: Lab) -> bool:
    try:
        lab.wait_ready(timeout=1)
    except LabError:
        return False
    return len(lab.hosts) == HOSTS


def _repair_host(lab: Lab, host: Host) -> None:
    if not host.is_on:
        lab.boot(host.name, wait=False)
    if not lab.segment.ports()[host.name][0]:
        lab.plug(host.name)
    if not host.answers():
        if host.dockerd is None:
            lab.start_dockerd(host.name)
        host.wait_until_it_answers()
    paused = host.docker("ps", "-q", "--filter", "status=paused").stdout.split()
    in_parallel([lambda: host.docker("unpause", *paused)] if paused else [])


def _has_default_settings(lab: Lab) -> bool:
    if not is_deployed(lab):
        return False
    template = "{{range .Spec.TaskTemplate.ContainerSpec.Env}}{{println .}}{{end}}"
    lines = lab.ask_swarm("service", "inspect", "--format", template, ANCHOR_SERVICE).stdout.splitlines()
    ours = {line for line in lines if line.startswith("KEEPALIVED_") and not line.endswith("=")}
    return ours == {f"KEEPALIVED_VIRTUAL_IPS={lab.vip}"}
