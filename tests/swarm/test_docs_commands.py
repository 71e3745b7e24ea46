"""The documents' commands for a Swarm, typed as they stand; only their names and addresses are the lab's."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from collections.abc import Iterator

import pytest

from tests.buoy.programs import installed
from tests.docs.pages import commands, the_command
from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.plan import REPOSITORY
from tests.lab.shell import run, wait_until
from tests.swarm.alone import Town
from tests.swarm.audit import ANCHOR_SERVICE, answers, assert_healthy
from tests.swarm.moves import taken_over
from tests.swarm.repair import remove_stack, start_over
from tests.swarm.rollout import roll_out, update_state
from tests.swarm.user_services import vip

pytestmark = pytest.mark.swarm

DEMO = "--name keepalived-demo-test --subnet 10.87.0.0/24"
EXAMPLES_VIP = "192.168.1.100"
NODE_TABLE = "{{.Hostname}} {{.Status}}"

LOOKS = {
    "docker exec keepalived-float status": "MASTER",
    "docker logs keepalived-float": "new spec",
    "docker logs $(docker ps -q": "The anchor starts",
    "docker ps -a --filter label=com.docker": "keepalived-anchor",
    "docker ps -a --filter label=keepalived": FLOAT,
    "docker ps --filter label=": FLOAT,
    "docker ps -a --filter name=": FLOAT,
    "docker service ps keepalived_keepalived-anchor": "Running",
    "docker service ps keepalived_keepalived-buoy": "Running",
    "docker service logs keepalived_keepalived-anchor": "The float runs the spec",
    "docker service logs keepalived_keepalived-buoy": "The buoy listens",
}
"""What a look on the holder shows, among other things."""

CURLS = {
    "curl http://192.168.1.100:8082/health": "Ok",
    "curl http://192.168.1.100:8082/vrrp": '"MASTER"',
    "curl http://NODE:8082/cluster": '"MASTER"',
}


def typed(host: Host, text: str, **names: str) -> str:
    """What a shell says to that command where the host's Docker is the one that is asked, both streams together."""
    for name, value in names.items():
        text = re.sub(rf"\b{name}\b", value, text)
    environment = {**os.environ, "DOCKER_HOST": host.url}
    finished = run(["bash", "-euc", text], env=environment, cwd=REPOSITORY, timeout=240)
    return finished.stdout + finished.stderr


def inside(host: Host, text: str) -> str:
    """What a shell on the host itself says to it; a file without a folder is in the host's own /run."""
    return host.exec("bash", "-euc", text.replace(" swarm.tar", " /run/swarm.tar"), timeout=120).stdout


def make(*words: str, timeout: float, **variables: str) -> str:
    """`make` as a person types it, whatever make runs these tests."""
    outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return run(["make", *words], env={**outer, **variables}, cwd=REPOSITORY, timeout=timeout).stdout


@pytest.mark.timeout(1800)
def test_make_demo_keeps_its_promise() -> None:
    options = (f"PYTHON={sys.executable}", f"DEMO_LAB={DEMO}")
    try:
        said = make("demo", *options, timeout=1500, LAB_SOCKET_PROXY="")  # its registry has no proxy
    finally:
        make("demo-down", *options, timeout=200)

    silent = re.search(r"was silent for ([\d.]+) s", said)
    assert silent, said
    assert float(silent[1]) < 2.0, said


def test_the_labs_command_line(lab: Lab) -> None:
    installed("curl", "curl")
    own = [sys.executable, "-m", "tests.lab", "--name", lab.plan.name, "--subnet", str(lab.plan.subnet)]
    verbs = r"python3 -m tests\.lab ((status|ping|exec|client|deploy) ?.*)"
    found = [match[1] for c in commands() if (match := re.fullmatch(verbs, c.text))]
    assert len(found) == 5

    for words in found:
        ran = run([*own, *shlex.split(words.replace("10.88.0.100", lab.vip))], cwd=REPOSITORY, timeout=240)
        assert ran.stdout + ran.stderr, words


def test_make_deploy_deploys(bare_swarm: Lab) -> None:
    remove_stack(bare_swarm)
    words = shlex.split(the_command("make deploy ").replace(EXAMPLES_VIP, bare_swarm.vip))
    names = {**bare_swarm.image_names(), "DOCKER_HOST": bare_swarm.manager().url}

    make(*words[1:], timeout=200, **names)

    assert_healthy(bare_swarm, within=60)


def test_what_there_is_to_look_at_answers(lab: Lab, holder: str) -> None:
    installed("curl", "curl")
    host = lab.host(holder)

    assert {text: shown for text, shown in LOOKS.items() if shown not in typed(host, the_command(text))} == {}
    typed(host, f"docker service update --quiet --force --update-monitor 1s {ANCHOR_SERVICE}")
    for form in ("'{{.UpdateStatus.State}}'", "'{{json .UpdateStatus}}'"):  # there is none before the first update
        assert "completed" in typed(host, the_command(f"docker service inspect {ANCHOR_SERVICE} --format {form}"))
    for text, shown in CURLS.items():
        command = the_command(text).replace(EXAMPLES_VIP, lab.vip).replace("NODE", host.address)
        assert shown in lab.client("bash", "-euc", command), command


def test_a_handover_by_hand_moves_the_vip(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        began = time.monotonic()
        said = typed(lab.host(holder), the_command("docker exec keepalived-float handover"))
        heir = taken_over(lab, watch, since=began, besides=holder, within=10)
        assert_healthy(lab)
        report = client.report()

    assert "this node holds no virtual IP" in said
    assert lab.holders() == [heir]
    assert report.max_gap < 0.2, report.sentence()


def test_a_secret_is_made_and_removed(bare_swarm: Lab) -> None:
    host, listing = bare_swarm.manager(), ("secret", "ls", "--format", "{{.Name}}")

    typed(host, the_command("printf %s"))
    assert "keepalived-password" in host.docker(*listing).stdout.split()

    typed(host, the_command("docker secret rm"))
    assert "keepalived-password" not in host.docker(*listing).stdout.split()


def test_a_second_stack_serves_beside_the_first(lab: Lab, holder: str) -> None:
    second = vip(lab, 101)
    images = [f"export {name}={value}" for name, value in lab.image_names().items()]
    settings = [the_command("export KEEPALIVED_VIRTUAL_IPS=192.168.1.101"), the_command("export KEEPALIVED_FLOAT_NAME")]
    deploy = the_command("docker stack deploy -c docker-compose.yml keepalived2")
    try:
        typed(lab.manager(), "\n".join([*images, *settings, deploy]).replace("192.168.1.101", second))
        lab.wait_holder(second, timeout=60)
        wait_until(lambda: all(_second_is_healthy(lab, name) for name in lab.hosts), 60, "the second stack's buoys")
        assert lab.holders() == [holder]
    finally:
        lab.remove_stack("keepalived2")
    wait_until(lambda: lab.holders(second) == [], 20, f"{second} to be gone")
    assert_healthy(lab)


def test_a_rollback_by_hand_brings_the_settings_back(lab: Lab) -> None:
    assert roll_out(lab, KEEPALIVED_PREEMPT="true") == []
    assert update_state(lab) == "completed"

    typed(lab.manager(), the_command("docker service rollback"))

    wait_until(lambda: update_state(lab) == "rollback_completed", 120, "the rollback to end", interval=0.2)
    spec = lab.look(f"/services/{ANCHOR_SERVICE}")["Spec"]
    assert "KEEPALIVED_PREEMPT=true" not in spec["TaskTemplate"]["ContainerSpec"]["Env"]
    assert_healthy(lab, within=60)


def test_a_manager_is_replaced_by_the_documents_commands(lab: Lab, holder: str) -> None:
    old, other = lab.host(holder), lab.manager(besides=holder)

    with lab.gap_client() as client:
        typed(other, the_command("docker node update --availability drain OLD"), OLD=holder)
        wait_until(lambda: lab.floats(holder) == [], 60, f"the float on {holder} to be gone", interval=0.2)
        typed(other, the_command("docker node demote"), OLD=holder)
        wait_until(
            lambda: not old.get("/info")["Swarm"]["ControlAvailable"], 60, f"{holder} to be a worker", interval=0.2
        )
        typed(old, the_command("docker swarm leave"))
        _wait_down(other, holder)
        typed(other, the_command("docker node rm OLD"), OLD=holder)
        report = client.report()
    token = typed(other, the_command("docker swarm join-token")).strip()
    typed(old, the_command("docker swarm join --token"), TOKEN=token, MANAGER=other.address)

    lab.wait_ready()
    assert_healthy(lab, within=90)
    assert report.max_gap < 0.2, report.sentence()


@pytest.fixture
def doomed(lab: Lab) -> Iterator[Lab]:
    """A Swarm that does not outlive its test."""
    yield lab
    start_over(lab)


@pytest.mark.timeout(1200)
def test_a_swarm_that_lost_its_managers_serves_again_from_a_backup(doomed: Lab) -> None:
    lab, holder = doomed, doomed.wait_holder()
    kept, *others = [name for name in lab.hosts if name != holder]
    keeper = lab.host(kept)
    keeper.stop_dockerd()  # on a real host: systemctl
    inside(keeper, the_command("tar -C /var/lib/docker -cf"))
    keeper.start_dockerd()
    assert_healthy(lab, within=90)

    for name in (holder, *others):
        lab.power_off(name)
    keeper.stop_dockerd(timeout=120)
    inside(keeper, the_command("rm -rf"))
    inside(keeper, the_command("tar -C /var/lib/docker -xf"))
    keeper.start_dockerd()
    typed(keeper, the_command("docker swarm init --force-new-cluster"), ADDR=keeper.address)

    assert lab.wait_holder(timeout=120) == kept
    wait_until(lambda: answers(lab, kept, "/health"), 60, f"{kept} to be healthy", interval=0.5)
    for name in (holder, *others):
        keeper.docker("node", "demote", name, check=False)
        _wait_down(keeper, name)
        typed(keeper, the_command("docker node rm --force"), OLD=name)
    assert _node_table(keeper).split()[0::2] == [kept]


def test_a_float_that_was_left_is_removed_by_hand(bare_swarm: Lab) -> None:
    remove_stack(bare_swarm)
    town, host = Town(bare_swarm), bare_swarm.host("h1")
    address = town.address(170)
    line = (
        f"docker run -d --name {FLOAT} --label keepalived.stack=keepalived --net=host --cap-add=NET_ADMIN "
        f"-e KEEPALIVED_VRID=70 -e KEEPALIVED_VIRTUAL_IPS={address} IMAGE"
    )
    try:
        town.docker_run("h1", line)
        bare_swarm.wait_holder(address)
        assert FLOAT in typed(host, the_command("docker ps -a --filter label=keepalived"))
        typed(host, the_command("docker stop keepalived-float"))
        typed(host, the_command("docker rm keepalived-float"))
        assert FLOAT not in typed(host, the_command("docker ps -a --filter label=keepalived"))
        assert inside(host, the_command("ip -o address show to").replace(EXAMPLES_VIP, address)) == ""
    finally:
        town.clear()


def _second_is_healthy(lab: Lab, name: str) -> bool:
    try:
        return lab.http(name, "/health", port=8083)[0] == 200
    except OSError:
        return False


def _wait_down(host: Host, name: str) -> None:
    wait_until(lambda: f"{name} Down" in _node_table(host), 90, f"{name} to be down", interval=0.5)


def _node_table(host: Host) -> str:
    return host.docker("node", "ls", "--format", NODE_TABLE, check=False).stdout
