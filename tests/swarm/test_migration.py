"""A Swarm that ran the bash stack gets this one by a deploy over it; and the stack does without its buoy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.shell import wait_until
from tests.swarm.alone import Town
from tests.swarm.moves import longest_overlap
from tests.swarm.repair import remove_stack, repair_swarm
from tests.swarm.rollout import ENDED, update_state

pytestmark = pytest.mark.swarm

COMPATIBLE = {"KEEPALIVED_VRRP_VERSION": "2", "KEEPALIVED_UNICAST_PEERS": "multicast"}
WITHOUT_BUOY = ("docker-compose.yml", "docs/examples/without-buoy.yml")

OLD_CONF = """\
global_defs {{
    enable_script_security
    script_user root
    router_id {name}
}}
vrrp_script anchor {{
    script "/usr/bin/pgrep -x old-anchor"
    interval 1
    fall 1
    rise 1
}}
vrrp_instance VI_1 {{
    interface eth0
    state BACKUP
    nopreempt
    virtual_router_id 77
    priority 100
    virtual_ipaddress {{
        {vip}
    }}
    track_script {{
        anchor
    }}
}}
"""
SINGLE_CONF = """\
global_defs {{
    router_id {name}
}}
vrrp_instance VI_1 {{
    interface eth0
    state BACKUP
    nopreempt
    virtual_router_id 51
    priority {priority}
    unicast_peer {{
        {peers}
    }}
    virtual_ipaddress {{
        {vip}
    }}
    authentication {{
        auth_type PASS
        auth_pass d0cker
    }}
}}
"""
BESIDE_SINGLES = {"KEEPALIVED_VRRP_VERSION": "2", "KEEPALIVED_VRID": "51", "KEEPALIVED_PASSWORD": "d0cker"}
NODE_BY_NODE = ("docker-compose.yml", "docs/examples/node-by-node.yml")
OLD_FLOAT = (
    "docker run -d --init --name=keepalived-float --rm --cap-add=NET_ADMIN --net=host --pid=host --label hidden "
    "-v /run/lab/old.conf:/etc/keepalived/keepalived.conf:ro --entrypoint keepalived IMAGE --dont-fork --log-console"
)
OLD_STACK = """\
version: "3.8"
services:
  keepalived-anchor:
    image: {image}
    entrypoint: [sh, -c, "cp /bin/sleep /tmp/old-anchor && exec /tmp/old-anchor 100000"]
    init: true
    healthcheck: {{disable: true}}
    deploy:
      mode: global
      placement: {{constraints: [node.role == manager]}}
"""


@pytest.fixture
def town(swarm: Lab) -> Iterator[Town]:
    """A Swarm without any stack."""
    repair_swarm(swarm)
    remove_stack(swarm)
    town = Town(swarm)
    yield town
    town.clear()
    remove_stack(swarm)
    for name in swarm.hosts:
        _label(town, name, "--label-rm", "vip.moved")


def test_a_deploy_over_the_bash_stack_moves_node_by_node_and_only_one_host_ever_serves(town: Town) -> None:
    lab = town.lab
    _old_stack(town)
    lab.wait_holder()

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        finished = lab.deploy(COMPATIBLE, prune=True)
        assert finished.returncode == 0, finished.stderr
        wait_until(lambda: update_state(lab) in ENDED, 240, "the move to end", interval=0.5)
        report = client.report()

    assert update_state(lab) == "completed"
    assert [h.name for h in lab.hosts.values() if not _is_ours(h.containers(f"name={FLOAT}")[0].labels)] == []
    assert longest_overlap(lab, watch) <= 0.5
    assert report.max_gap < 8.0, report.sentence()  # the bash stack itself: 3.6 s, and up to 1 s for its check
    lab.wait_holder()


def test_single_containers_give_way_to_the_stack_node_by_node(town: Town) -> None:
    lab = town.lab
    peers = "\n".join(lab.plan.address(name) for name in lab.hosts)
    for priority, name in zip((200, 150, 100), lab.hosts, strict=True):
        town.keepalived(name, "single", SINGLE_CONF.format(name=name, vip=lab.vip, peers=peers, priority=priority))
    holder = lab.wait_holder()
    assert lab.deploy(BESIDE_SINGLES, compose_files=NODE_BY_NODE).returncode == 0

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        for name in sorted(lab.hosts, key=lambda name: name == holder):
            town.stop_keepalived(name, "single")
            _label(town, name, "--label-add", "vip.moved=yes")
            _wait_for_float(town, name)
        report = client.report()

    assert len(watch.tenures(lab.vip)) == 2  # it moved once: when the old container of its holder was stopped
    assert longest_overlap(lab, watch) <= 0.1
    assert report.max_gap < 2.0, report.sentence()


def test_without_the_buoy_the_stack_serves_and_fails_over(town: Town) -> None:
    lab = town.lab
    finished = lab.deploy(compose_files=WITHOUT_BUOY)
    assert finished.returncode == 0, finished.stderr
    holder = lab.wait_holder(timeout=60)
    for name in lab.hosts:
        _wait_for_float(town, name)

    lab.kill_float(holder)

    wait_until(lambda: lab.holders() not in ([], [holder]), 10, "another holder")
    services = lab.ask_swarm("service", "ls", "--format", "{{.Name}} {{.Replicas}}").stdout
    assert "keepalived_keepalived-buoy 0/0" in services


def _old_stack(town: Town) -> None:
    """Anchors as tasks of the service that ours updates, and on each host a float that looks for its anchor."""
    lab = town.lab
    compose = Path(lab.plan.state, "old-stack.yml")
    compose.write_text(OLD_STACK.format(image=town.image))
    lab.manager().docker("stack", "deploy", "-c", str(compose), "keepalived")
    for host in lab.hosts.values():
        Path(host.state, "old.conf").write_text(OLD_CONF.format(name=host.name, vip=lab.vip))
        _wait_for_anchor(host)
        town.docker_run(host.name, OLD_FLOAT)


def _label(town: Town, name: str, *words: str) -> None:
    town.lab.manager().docker("node", "update", *words, name, check=False)


def _wait_for_float(town: Town, name: str) -> None:
    wait_until(lambda: town.status(name, FLOAT).get("state") in (1, 2), 60, f"{name}'s float", interval=0.3)


def _wait_for_anchor(host: Host) -> None:
    wait_until(lambda: host.exec("pgrep", "-x", "old-anchor", check=False).stdout, 60, f"{host.name}'s anchor")


def _is_ours(labels: dict[str, str]) -> bool:
    return "keepalived.stack" in labels
