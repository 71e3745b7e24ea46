"""Checks and notify scripts on the real Swarm: the examples as they stand, and a listener that goes."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.shell import wait_until
from tests.swarm.audit import SLACK, answers, assert_healthy
from tests.swarm.moves import taken_over
from tests.swarm.repair import remove_stack
from tests.swarm.rollout import roll_out, update_state

pytestmark = pytest.mark.swarm

PORT = "8099"
LISTEN = f"import socket, sys; s = socket.create_server(('', {PORT})); print('up', flush=True); sys.stdin.read()"


@contextmanager
def listener(host: Host) -> Iterator[None]:
    """Somebody listens on the port of that host, until the `with` ends."""
    command = [*host.enter(), "python3", "-c", LISTEN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def checked(bare_swarm: Lab) -> Iterator[tuple[Lab, dict[str, ExitStack]]]:
    """The stack with the examples' scripts and a port check; the listeners of each host are the test's to close."""
    lab, listeners = bare_swarm, {name: ExitStack() for name in bare_swarm.hosts}
    remove_stack(lab)
    for name, stack in listeners.items():
        stack.enter_context(listener(lab.host(name)))
    files = ("docker-compose.yml", "docs/examples/checks.yml")
    finished = lab.deploy({"KEEPALIVED_CHECK_PORT": PORT}, compose_files=files)
    assert finished.returncode == 0, finished.stderr
    assert_healthy(lab, within=60)
    yield lab, listeners
    for stack in listeners.values():
        stack.close()
    remove_stack(lab)


def test_the_examples_checks_move_the_vip_and_its_notify_script_is_told(
    checked: tuple[Lab, dict[str, ExitStack]],
) -> None:
    lab, listeners = checked
    first = lab.wait_holder()

    with lab.watch_addresses() as watch:
        began = time.monotonic()
        listeners[first].close()
        second = taken_over(lab, watch, since=began, besides=first, within=4.0 + SLACK)
    wait_until(lambda: answers(lab, first, "/fault"), 5, f"the buoy of {first} to say FAULT")
    assert _reason(lab, first, "check:port") == f"nothing listens on port {PORT} of this node"
    assert _notices(lab, second)[-2:] == ["INSTANCE VI_1 is BACKUP", "INSTANCE VI_1 is MASTER"]
    assert _notices(lab, first)[-1] == "INSTANCE VI_1 is FAULT"
    listeners[first].enter_context(listener(lab.host(first)))
    assert_healthy(lab)

    lab.host(second).exec("ip", "route", "del", "default")
    try:
        wait_until(lambda: lab.wait_holder() != second, 10, f"the virtual IP to leave {second}")
        wait_until(lambda: answers(lab, second, "/fault"), 5, f"the buoy of {second} to say FAULT")
        assert "this node has no default route" in _reason(lab, second, "check:script")
    finally:
        lab.host(second).exec("ip", "route", "add", "default", "via", str(lab.plan.gateway))
    assert_healthy(lab)


def test_a_roll_out_of_floats_waits_until_the_checks_of_each_have_found_something_out(
    checked: tuple[Lab, dict[str, ExitStack]],
) -> None:
    lab, _ = checked
    slow_to_trust = {"KEEPALIVED_CHECK_PORT": PORT, "KEEPALIVED_CHECK_RISE": "20"}
    before = {name: lab.float_container(name).id for name in lab.hosts}

    with lab.gap_client() as client:
        ended = roll_out(lab, **slow_to_trust)  # without the example's scripts, which need another container
        assert_healthy(lab)
        report = client.report()

    assert (ended, update_state(lab)) == ([], "completed")
    assert not {lab.float_container(name).id for name in lab.hosts} & set(before.values())
    assert report.max_gap < 0.5, report.sentence()


def _reason(lab: Lab, host: str, name: str) -> str:
    """Why that condition fails, as the buoy tells it."""
    told = json.loads(lab.http(host, "/vrrp")[1])
    found = {condition["name"]: condition for condition in _conditions(told)}
    assert not found[name]["ok"]
    return str(found[name]["reason"])


def _conditions(told: object) -> Iterator[dict[str, object]]:
    """Every condition that stands anywhere in the answer."""
    if isinstance(told, list):
        for item in told:
            yield from _conditions(item)
    elif isinstance(told, dict):
        yield from (c for c in told.get("conditions", ()) if isinstance(c, dict))
        for value in told.values():
            yield from _conditions(value)


def _notices(lab: Lab, host: str) -> list[str]:
    """What the notify script wrote on that host, its priorities left out."""
    log = lab.host(host).docker("logs", FLOAT)
    lines = (log.stdout + log.stderr).splitlines()
    return [line.partition("notify: ")[2].partition(",")[0] for line in lines if "notify: " in line]
