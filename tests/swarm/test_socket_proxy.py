"""The stack behind the documents' socket proxy: what happens to it elsewhere happens here, and no call is denied.

The tests of this file build on each other: the first moves a running stack behind the proxy, the last removes it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import socket_proxy
from tests.lab.cluster import STACK, Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.shell import LabError, wait_until
from tests.swarm import example_images
from tests.swarm.audit import SLACK, assert_healthy
from tests.swarm.moves import longest_overlap, moved, taken_over
from tests.swarm.repair import redeploy, remove_stack, repair_swarm
from tests.swarm.rollout import ENDED, PATIENCE, update_state

pytestmark = [
    pytest.mark.swarm,
    pytest.mark.skipif(socket_proxy.wanted(), reason="LAB_SOCKET_PROXY: the whole folder runs behind the proxy"),
]

FILES = (socket_proxy.STACK_FILE, socket_proxy.OVERRIDE)
SERVICE = f"{STACK}_{socket_proxy.SERVICE}"
SOCKET = f"/var/lib/docker/volumes/{STACK}_socket-proxy/_data/docker.sock"
PROBE = "/not-on-the-list"
ASK = f"""
import socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
link.sendall(b"GET {PROBE} HTTP/1.0\\r\\n\\r\\n")
print(link.recv(99).split()[1].decode())
"""
PROMISE, NEW_FLOAT, REMOVED, OUTAGE, MOVES = 2.0, 1.5, 20.0, 0.5, 2
"""As without a proxy: test_anchor, test_float, test_removal, test_rolling; seconds, and moves."""


@pytest.fixture(scope="module")
def whole(swarm: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The stack with Docker's socket in its anchors, and the proxy's image on every host."""
    example_images.haproxy(swarm, tmp_path_factory.mktemp("haproxy"))
    repair_swarm(swarm)
    redeploy(swarm)
    assert_healthy(swarm, within=60)
    yield swarm
    remove_stack(swarm)


@pytest.fixture
def behind(whole: Lab) -> Iterator[Lab]:
    """Behind the proxy and healthy, whichever test comes first; a test fails when a call of it was denied."""
    if SERVICE not in whole.ask_swarm("service", "ls", "--format", "{{.Name}}").stdout.split():
        assert whole.deploy(compose_files=FILES).returncode == 0
        wait_until(lambda: update_state(whole) in ENDED, PATIENCE, "the anchors to go behind the proxy", interval=0.2)
    assert_healthy(whole, within=60)
    yield whole
    assert _denied(whole) == []


def test_a_running_stack_moves_behind_the_proxy_with_another_setting_and_another_image_of_the_float(
    whole: Lab,
) -> None:
    before = {name: whole.float_container(name).id for name in whole.hosts}
    settings = {"KEEPALIVED_IMAGE": _another_image(whole), "KEEPALIVED_LINK_TIMEOUT": "4"}

    with whole.watch_addresses() as watch, whole.gap_client() as client:
        finished = whole.deploy(settings, compose_files=FILES)
        assert finished.returncode == 0, finished.stderr
        assert "unsupported" not in finished.stderr
        wait_until(
            lambda: _all_anew(whole, before, settings["KEEPALIVED_IMAGE"]), PATIENCE, "other floats on all nodes"
        )
        assert_healthy(whole)
        report = client.report()

    assert len([change for change in moved(whole, watch) if change.present]) <= MOVES
    assert report.max_gap <= OUTAGE + SLACK, report.sentence()
    assert _denied(whole) == []


def test_no_anchor_has_the_socket_and_what_it_does_not_need_is_denied_and_logged(behind: Lab) -> None:
    for host in behind.hosts.values():
        anchor = host.get(f"/containers/{behind.anchor_container(host.name).id}/json")
        sources = {mount["Destination"]: mount["Source"] for mount in anchor["Mounts"]}
        assert sources["/var/run/docker.sock"] == "/dev/null"
        assert [source for source in sources.values() if source.endswith("docker.sock")] == []
        assert host.exec(sys.executable, "-c", ASK, SOCKET).stdout.strip() == "403"
        assert f"GET {PROBE}" in socket_proxy.denied(host)


def test_a_killed_float_is_replaced(behind: Lab) -> None:
    holder = behind.wait_holder()
    before = behind.float_container(holder).id

    with behind.watch_addresses() as watch:
        behind.kill_float(holder)
        wait_until(lambda: _another_float(behind, holder, before), 20, f"another float on {holder}")
        assert_healthy(behind)

    assert longest_overlap(behind, watch) <= NEW_FLOAT + SLACK


def test_the_proxies_are_killed_and_replaced_and_the_vip_stays(behind: Lab) -> None:
    holder = behind.wait_holder()

    with behind.watch_addresses() as watch:
        before = _proxy(behind.host(holder))
        behind.host(holder).docker("kill", "--signal", "KILL", before)
        wait_until(lambda: _proxy(behind.host(holder)) not in ("", before), 20, "another proxy")
        behind.ask_swarm("service", "update", "--detach", "--force", SERVICE)
        wait_until(lambda: update_state(behind, SERVICE) in ENDED, PATIENCE, "the proxies' update", interval=0.2)
        assert_healthy(behind)

    assert update_state(behind, SERVICE) == "completed"
    assert moved(behind, watch) == []


def test_a_killed_anchor_hands_the_vip_over(behind: Lab) -> None:
    wait_until(lambda: update_state(behind) in ENDED, PATIENCE, "the anchors' update", interval=0.2)
    assert update_state(behind) == "completed"
    holder = behind.wait_holder()

    with behind.watch_addresses() as watch:
        struck = behind.kill_anchor(holder)
        taken_over(behind, watch, since=struck, besides=holder, within=PROMISE + SLACK)
        assert_healthy(behind)


def test_a_drained_node_gives_up_its_vip_and_its_float_and_gets_a_float_back(behind: Lab) -> None:
    holder = behind.wait_holder()

    behind.drain(holder)
    try:
        assert_healthy(behind, absent=[holder])
        assert behind.wait_holder() != holder
    finally:
        behind.activate(holder)

    assert_healthy(behind)


def test_a_removed_stack_takes_its_floats_along_and_leaves_nothing(behind: Lab, tmp_path: Path) -> None:
    followed = [_follow_log(host, tmp_path / host.name) for host in behind.hosts.values()]
    behind.ask_swarm("stack", "rm", STACK)

    wait_until(lambda: not _left(behind), REMOVED, "the stack to be gone", interval=0.2)
    assert behind.holders() == []
    for log in followed:
        log.wait(10)
    denied = [set(socket_proxy.denied_in((tmp_path / name).read_text())) for name in behind.hosts]
    assert denied == [{f"GET {PROBE}"}] * len(behind.hosts)


def _denied(lab: Lab) -> list[str]:
    """What was denied, the test's own probe apart."""
    calls = [(host.name, call) for host in lab.hosts.values() for call in socket_proxy.denied(host)]
    return [f"{name}: {call}" for name, call in calls if not call.endswith(PROBE)]


def _another_image(lab: Lab) -> str:
    """The same float under a name that no node knows yet but h1."""
    name = f"{lab.registry}/{FLOAT}"
    for words in (["tag", f"{name}:lab", f"{name}:another"], ["push", "-q", f"{name}:another"]):
        lab.hosts["h1"].docker(*words)
    return f"{name}:another"


def _all_anew(lab: Lab, before: dict[str, str], image: str) -> bool:
    """Whether every node runs another float than before, of that image."""
    try:
        floats = {name: lab.float_container(name) for name in lab.hosts}
    except LabError:
        return False
    return all(one.image == image and one.id != before[name] for name, one in floats.items())


def _another_float(lab: Lab, name: str, before: str) -> bool:
    try:
        return lab.float_container(name).id != before
    except LabError:
        return False


def _proxy(host: Host) -> str:
    """The proxy that runs there; empty without one."""
    found = [c.id for c in host.containers() if c.service == SERVICE and c.running]
    return found[0] if found else ""


def _follow_log(host: Host, file: Path) -> subprocess.Popen[bytes]:
    """What the proxy that runs there logs until its container is gone, and of what there is already a probe."""
    host.exec(sys.executable, "-c", ASK, SOCKET)
    with file.open("wb") as log:
        words = ["docker", "-H", host.url, "logs", "--follow", "--tail", "1", _proxy(host)]
        return subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)


def _left(lab: Lab) -> list[str]:
    """Containers of the stack, in whatever state."""
    containers = [c for host in lab.hosts.values() for c in host.containers()]
    return [c.name for c in containers if c.name.startswith(FLOAT) or c.service.startswith(f"{STACK}_")]
