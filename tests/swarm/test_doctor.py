"""The doctor on real hosts: as a verb of the float's image before anything runs there, and inside running floats."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.shell import run, wait_until
from tests.swarm.alone import Town

pytestmark = pytest.mark.swarm

CAPABILITIES = "--cap-add=NET_ADMIN --cap-add=NET_RAW --cap-add=SYS_NICE"
ASK = (
    "docker run --rm --net=host {capabilities} -e KEEPALIVED_VIRTUAL_IPS={vip} -e KEEPALIVED_ROUTER_ID=177 "
    "-e KEEPALIVED_VRRP_VERSION=3 -e KEEPALIVED_UNICAST_PEERS={peers} IMAGE doctor"
)
STRANGER = """
vrrp_instance STRANGER {{
    interface eth0
    virtual_router_id 177
    priority 40
    advert_int 1
    virtual_ipaddress {{
        {vip}/32
    }}
}}
"""


@pytest.fixture
def town(bare_swarm: Lab) -> Iterator[Town]:
    """The hosts, h3 without anything of ours, and a broom."""
    bare_swarm.drain("h3")
    running = "status=running"
    wait_until(lambda: not bare_swarm.host("h3").containers(running), 60, "h3 to run nothing", interval=0.2)
    town = Town(bare_swarm)
    yield town
    town.clear()
    bare_swarm.activate("h3")


def test_a_host_is_examined_before_anything_runs_on_it(town: Town) -> None:
    lab, free = town.lab, town.address(177)
    peer = lab.plan.address("h2")

    fine = town.ended("h3", ASK.format(capabilities=CAPABILITIES, vip=free, peers=peer))
    assert fine.code == 0, fine.said
    assert "This host can carry the virtual IPs." in fine.said

    weak = town.ended("h3", ASK.format(capabilities="--cap-drop=NET_ADMIN", vip=free, peers=peer))
    assert weak.code == 2, weak.said
    assert "--cap-add=NET_ADMIN" in weak.said

    town.add_address("h2", f"{free}/32")
    mac = json.loads(run(["ip", "-n", lab.host("h2").namespace, "-j", "link", "show", "eth0"]).stdout)[0]["address"]
    town.keepalived("h2", "stranger", STRANGER.format(vip=town.address(178)))
    wait_until(lambda: lab.holders(town.address(178)) == ["h2"], 10, "the stranger to serve")
    taken = town.ended("h3", ASK.format(capabilities=CAPABILITIES, vip=free, peers="multicast"))
    assert taken.code == 2, taken.said
    assert f"{free} is taken: {mac} answers for it on eth0" in taken.said
    assert f"{peer} ({mac}) advertises VRID 177 for {town.address(178)}" in taken.said


def test_a_serving_node_finds_nothing_foreign_in_its_own_group(lab: Lab, holder: str) -> None:
    other = next(name for name in lab.hosts if name != holder)
    for name in (holder, other):
        told = lab.host(name).docker("exec", FLOAT, "doctor", "--json", check=False)
        report = json.loads(told.stdout)
        wrong = [f for f in report["findings"] if f["verdict"] not in ("ok", "note")]
        assert (wrong, told.returncode) == ([], 0)
    assert "MASTER" in lab.host(holder).docker("exec", FLOAT, "status").stdout
