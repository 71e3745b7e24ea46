"""Least privilege: what each part may, and what breaks when a capability of the float is taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest

from anchor.container_spec import CAPABILITIES, MEMORY
from shared.link_protocol import LINK_FOLDER
from shared.status_file import STATUS_FOLDER
from tests.lab.cluster import STACK, Lab
from tests.lab.faults import ANCHOR, FLOAT
from tests.lab.shell import wait_until
from tests.swarm.alone import Town

pytestmark = pytest.mark.swarm

WITHOUT = {
    "NET_ADMIN": "capability NET_ADMIN is missing, so keepalived could say that it is master, but not put",
    "NET_RAW": "capability NET_RAW is missing, so no adverts can be sent or heard",
    "SYS_NICE": "like any other process: neither real time nor nice -20 was granted (SYS_NICE)",
}
"""What the float says when it lacks one; the document of the project's security repeats the meaning."""

PEAK = "cat /proc/[0-9]*/status 2>/dev/null | awk '/^VmHWM/ { sum += $2 } END { print sum }'"


@pytest.fixture
def town(bare_swarm: Lab) -> Iterator[Town]:
    """The hosts, and a broom."""
    town = Town(bare_swarm)
    yield town
    town.clear()


def test_each_capability_of_the_float_is_needed_and_together_they_are_enough(town: Town) -> None:
    assert set(WITHOUT) == set(CAPABILITIES)
    for missing, complaint in WITHOUT.items():
        said = _words_of_a_float(town, [name for name in CAPABILITIES if name != missing], until=complaint)
        assert complaint in said, missing
    said = _words_of_a_float(town, CAPABILITIES, until="Entering MASTER STATE")
    assert [complaint for complaint in WITHOUT.values() if complaint in said] == []


def test_the_floats_memory_limit_is_at_least_four_times_its_peak(lab: Lab, holder: str) -> None:
    peak = int(lab.host(holder).docker("exec", FLOAT, "sh", "-c", PEAK).stdout) * 1024
    assert 0 < peak * 4 <= MEMORY


def test_the_float_runs_with_every_bound_that_docker_offers(lab: Lab, holder: str) -> None:
    (shown,) = json.loads(lab.host(holder).docker("inspect", FLOAT).stdout)
    host = shown["HostConfig"]
    assert (host["ReadonlyRootfs"], host["Memory"], host["PidsLimit"]) == (True, MEMORY, 256)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["CapDrop"] == ["ALL"]
    assert host["LogConfig"]["Config"] == {"max-file": "2", "max-size": "5m"}


def test_an_anchor_depends_on_no_network_between_the_nodes(lab: Lab, holder: str) -> None:
    (shown,) = json.loads(lab.host(holder).docker("inspect", lab.anchor_container(holder).id).stdout)
    assert set(shown["NetworkSettings"]["Networks"]) == {"bridge"}


@pytest.mark.parametrize(("part", "user"), [(ANCHOR, ""), ("keepalived-buoy", "10001:10001")])
def test_the_services_have_no_capability_no_writable_root_and_bounded_memory_and_logs(
    lab: Lab, part: str, user: str
) -> None:
    (shown,) = json.loads(lab.manager().docker("service", "inspect", f"{STACK}_{part}").stdout)
    task = shown["Spec"]["TaskTemplate"]
    container = task["ContainerSpec"]
    assert container["CapabilityDrop"] == ["ALL"]
    assert container["ReadOnly"] is True
    assert container.get("User", "") == user
    assert task["Resources"]["Limits"]["MemoryBytes"] == 256 * 1024 * 1024
    assert task["LogDriver"] == {"Name": "json-file", "Options": {"max-file": "2", "max-size": "5m"}}


def _words_of_a_float(town: Town, capabilities: Sequence[str], *, until: str) -> str:
    """What a float alone with these capabilities, and the bounds of the stack's, says until it has said that."""
    granted = " ".join(f"--cap-add={name}" for name in capabilities)
    places = " ".join(f"--tmpfs {folder}" for folder in ("/run", LINK_FOLDER, STATUS_FOLDER))
    container = town.docker_run(
        "h1",
        f"docker run -d --net=host --cap-drop=ALL {granted} --read-only --security-opt=no-new-privileges {places} "
        f"-e KEEPALIVED_VIRTUAL_IPS={town.address(179)} -e KEEPALIVED_ROUTER_ID=179 -e KEEPALIVED_VRRP_VERSION=3 IMAGE",
    )
    host = town.lab.host("h1")

    def said() -> str:
        told = host.docker("logs", container)
        return told.stdout + told.stderr

    wait_until(lambda: until in said(), 20, f"the float to say {until!r}", interval=0.2)
    told = said()
    host.docker("stop", container)
    return told
