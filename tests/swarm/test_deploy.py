"""`docker stack deploy` on three managers."""

from __future__ import annotations

import time

import pytest

from tests.lab.cluster import STACK, Lab
from tests.lab.faults import FLOAT
from tests.lab.plan import REPOSITORY
from tests.lab.shell import wait_until
from tests.swarm.audit import answers, assert_healthy
from tests.swarm.moves import moved
from tests.swarm.repair import remove_stack

pytestmark = pytest.mark.swarm

PROMISE = 8.0
SLACK = 8.0
"""Seconds more, for two cores that run three engines and whatever else the machine does."""

DETACHED = "Since --detach=false was not specified"
"""What the client says of itself, whatever the stack."""


@pytest.mark.smoke
def test_the_vip_is_up_and_every_manager_healthy_eight_seconds_after_the_deploy(bare_swarm: Lab) -> None:
    remove_stack(bare_swarm)
    began = time.monotonic()

    finished = bare_swarm.deploy()

    assert finished.returncode == 0, finished.stderr
    _wait_until_served(bare_swarm, within=2 * PROMISE)
    took = time.monotonic() - began
    assert took <= PROMISE + SLACK
    assert "Ignoring unsupported options" not in finished.stdout + finished.stderr
    assert _warnings(finished.stderr) == []
    assert_healthy(bare_swarm)


def test_the_client_gets_every_answer_from_the_vip(lab: Lab) -> None:
    with lab.gap_client() as client:
        time.sleep(0.5)
        report = client.report()

    assert report.sent > 100
    assert report.lost == 0


@pytest.mark.smoke
def test_deploying_again_with_prune_warns_of_nothing_and_moves_nothing(lab: Lab) -> None:
    with lab.watch_addresses() as watch:
        finished = lab.deploy(prune=True)
        assert_healthy(lab)

    assert finished.returncode == 0, finished.stderr
    assert _warnings(finished.stderr) == []
    assert moved(lab, watch) == []


def test_a_deploy_that_waits_for_its_tasks_ends_well(lab: Lab) -> None:
    words = ["stack", "deploy", "-c", "docker-compose.yml", STACK, "--prune", "--detach=false"]
    env = {"KEEPALIVED_VIRTUAL_IPS": lab.vip, **lab.image_names()}

    finished = lab.manager().docker(*words, env=env, cwd=REPOSITORY, timeout=120)

    assert _warnings(finished.stderr) == []
    assert_healthy(lab)


def test_without_virtual_ips_the_deploy_fails_and_names_the_variable(lab: Lab) -> None:
    finished = lab.deploy({"KEEPALIVED_VIRTUAL_IPS": None})

    assert finished.returncode != 0
    assert "KEEPALIVED_VIRTUAL_IPS" in finished.stderr
    assert_healthy(lab)


@pytest.mark.smoke
def test_the_float_has_the_hosts_network_three_capabilities_and_no_socket(lab: Lab, holder: str) -> None:
    template = "{{.HostConfig.NetworkMode}} {{.HostConfig.Privileged}} {{.HostConfig.PidMode}} {{.HostConfig.CapAdd}}"
    shown = lab.host(holder).docker("inspect", "--format", f"{template} {{{{.Mounts}}}}", FLOAT).stdout

    assert shown.startswith("host false  ")
    assert all(name in shown for name in ("NET_ADMIN", "NET_RAW", "SYS_NICE"))
    assert "SYS_ADMIN" not in shown
    assert "docker.sock" not in shown


def _wait_until_served(lab: Lab, *, within: float) -> None:
    lab.wait_holder(timeout=within)
    wait_until(lambda: all(answers(lab, host, "/health") for host in lab.hosts), within, "/health on every manager")


def _warnings(text: str) -> list[str]:
    """Lines on standard error, but for the client's remark about its own defaults."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith((DETACHED, "In a future release"))]
