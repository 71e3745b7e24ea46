"""`docker stack rm`."""

from __future__ import annotations

import time

import pytest

from tests.lab.cluster import STACK, Lab
from tests.lab.host import Host
from tests.lab.shell import wait_until

pytestmark = pytest.mark.swarm

PROMISE = 20.0
VOLUMES = (f"{STACK}_link", f"{STACK}_status")


@pytest.mark.smoke
def test_a_removed_stack_leaves_no_float_no_vip_and_no_volume_in_use_within_twenty_seconds(lab: Lab) -> None:
    began = time.monotonic()

    lab.ask_swarm("stack", "rm", STACK)

    wait_until(lambda: not _left(lab), 2 * PROMISE, "the stack to leave nothing", interval=0.2)
    assert time.monotonic() - began <= PROMISE
    for host in lab.hosts.values():
        host.docker("volume", "rm", *VOLUMES)


def _left(lab: Lab) -> list[str]:
    return lab.holders() + [f"{host.name}: {name}" for host in lab.hosts.values() for name in _users(host)]


def _users(host: Host) -> list[str]:
    """Containers, in whatever state, of the stack or with one of its volumes."""
    using = [name for volume in VOLUMES for name in _listed(host, f"volume={volume}")]
    return using + _listed(host, f"label=com.docker.stack.namespace={STACK}") + _listed(host, "name=keepalived-float")


def _listed(host: Host, wanted: str) -> list[str]:
    return host.docker("ps", "-a", "--filter", wanted, "--format", "{{.Names}}").stdout.split()
