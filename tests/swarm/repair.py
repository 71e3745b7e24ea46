"""Before a test: the Swarm as it should be. Only what is broken is mended, so that a whole Swarm costs a second."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.lab import host_root, socket_proxy
from tests.lab.cluster import STACK, Lab
from tests.lab.host import Host
from tests.lab.parallel import in_parallel
from tests.lab.shell import LabError, wait_until
from tests.swarm import example_images
from tests.swarm.audit import ANCHOR_SERVICE, assert_healthy
from tests.swarm.rollout import ENDED, update_state

HOSTS = 3


def stand_up(lab: Lab) -> None:
    """The lab is up, has the images and runs no stack; one that is whole already is taken over."""
    if not is_whole(lab):
        start_over(lab)
        return
    remove_stack(lab)
    _give_images(lab)


def start_over(lab: Lab) -> None:
    """Another lab in the place of this one, or of what a run that was cut short left of it."""
    lab.down()
    lab.up(HOSTS)
    _give_images(lab)


def repair(lab: Lab) -> None:
    """Power, cables, engines, nodes and the stack with its default settings; returns when all is healthy."""
    repair_swarm(lab)
    redeploy(lab)
    assert_healthy(lab, within=60)


def repair_swarm(lab: Lab) -> None:
    """Power, cables, engines and nodes; a lab that does not come to one whole Swarm so is made anew."""
    for host in lab.hosts.values():
        _repair_host(lab, host)
    lab.heal()
    try:
        nodes = wait_until(lab.nodes, 30, "the Swarm to have a leader")
        if set(nodes) == set(lab.hosts):
            lab.wait_ready(timeout=45)
    except LabError as error:  # an earlier test left it without a quorum: that test has failed, no other need fail
        print(f"the lab is made anew: {error}")
        nodes = {}
    if set(nodes) != set(lab.hosts):
        start_over(lab)
        return
    for name, node in nodes.items():
        if node["Availability"] != "Active":
            lab.activate(name)


def redeploy(lab: Lab) -> None:
    """The stack is there with the lab's default settings, and no update of it is under way."""
    if not _has_default_settings(lab):
        finished = lab.deploy()
        assert finished.returncode == 0, finished.stderr
    wait_until(lambda: update_state(lab) in {"", *ENDED}, 120, "the service's update to end", interval=0.2)


def remove_stack(lab: Lab) -> None:
    """Nothing of the stack runs; its volumes may be there still."""
    if is_deployed(lab):
        lab.remove_stack()


def is_deployed(lab: Lab) -> bool:
    """Whether the Swarm has the stack."""
    return STACK in lab.ask_swarm("stack", "ls", "--format", "{{.Name}}").stdout.split()


def is_whole(lab: Lab) -> bool:
    """Whether the lab is up, on the engine that is asked for, and its Swarm has all its hosts as managers."""
    try:
        lab.wait_ready(timeout=1)
        whole = len(lab.hosts) == HOSTS and set(lab.nodes()) == set(lab.hosts)
        return whole and lab.engine == host_root.chosen()
    except LabError:
        return False


def _give_images(lab: Lab) -> None:
    lab.build()
    lab.preload()
    if socket_proxy.wanted():
        with tempfile.TemporaryDirectory() as folder:
            example_images.haproxy(lab, Path(folder))


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
    proxied = any(line.startswith("DOCKER_HOST=") for line in lines)
    return ours == {f"KEEPALIVED_VIRTUAL_IPS={lab.vip}"} and proxied == socket_proxy.wanted()
