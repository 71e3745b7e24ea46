"""Roll-outs over a stack that serves, one after the other: of other releases, and of what the wire cannot mix.

The tests of this file build on each other: each begins with what the one before it has rolled out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.lab.cluster import STACK, Lab
from tests.lab.faults import FLOAT
from tests.lab.plan import REPOSITORY
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import ANCHOR_SERVICE, SLACK, assert_healthy
from tests.swarm.moves import longest_overlap, moved
from tests.swarm.repair import remove_stack, repair_swarm
from tests.swarm.rollout import PATIENCE, roll_out, spoken, update_state

pytestmark = pytest.mark.swarm

NEWER = REPOSITORY / "tests" / "swarm" / "newer"
NOTICED = 3.0
"""Seconds until a test knows that the Swarm has completed an update; the anchors know within some 10 ms."""

OUTAGE, OVERLAP = 0.5, 0.3
"""Seconds for which a change of the wire format may leave clients without an answer, and with two holders."""


@pytest.fixture(scope="module")
def newer_floats(swarm: Lab) -> Iterator[Lab]:
    """The stack with this release's anchors, a later release's floats, and VRID 78."""
    swarm.build(compose_file="docker-compose.yml", folder=NEWER)
    swarm.preload(_newer(swarm, "anchor"), _newer(swarm, "float"))
    repair_swarm(swarm)
    remove_stack(swarm)
    finished = swarm.deploy({"KEEPALIVED_ROUTER_ID": "78", "KEEPALIVED_IMAGE": _newer(swarm, "float")})
    assert finished.returncode == 0, finished.stderr
    assert_healthy(swarm, within=60)
    yield swarm
    remove_stack(swarm)


def test_anchors_of_a_later_release_and_floats_of_an_earlier_one_replace_the_others_with_two_moves_at_most(
    newer_floats: Lab,
) -> None:
    lab = newer_floats
    assert_healthy(lab, within=60)
    before, vip, second = _floats(lab), lab.vip, _second_vip(lab)
    newer = {"VERSION": "newer", "KEEPALIVED_IMAGE": f"{lab.registry}/{FLOAT}:lab"}

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        ended = roll_out(lab, **newer, KEEPALIVED_VIRTUAL_IPS=f"{vip} {second}", KEEPALIVED_ROUTER_ID="78")
        assert_healthy(lab)
        report = client.report()

    assert update_state(lab) == "completed"
    assert ended == []
    assert not set(_floats(lab).values()) & set(before.values())
    assert lab.holders(second) == lab.holders(vip)
    assert len([change for change in moved(lab, watch) if change.present]) <= 2
    assert longest_overlap(lab, watch) <= OVERLAP + SLACK
    assert report.max_gap <= OUTAGE, report.sentence()


def test_a_change_of_the_vrid_that_is_rolled_back_changes_nothing_not_even_for_a_float_that_died(
    newer_floats: Lab,
) -> None:
    lab = newer_floats
    holder, before, anchors = lab.wait_holder(), _floats(lab), _anchors(lab)

    with lab.watch_addresses() as watch:
        lab.ask_swarm("service", "update", "--detach", "--env-add", "KEEPALIVED_ROUTER_ID=79", ANCHOR_SERVICE)
        updated = wait_until(lambda: _updated(lab, anchors, besides=holder), PATIENCE, "another anchor to be updated")
        lab.kill_float(updated)
        wait_until(lambda: _runs_another_float(lab, updated, before[updated]), 20, f"another float on {updated}")
        wait_until(lambda: spoken(lab, updated) == ["78"], 10, f"{updated} to speak the old VRID again")
        lab.ask_swarm("service", "rollback", "--detach", ANCHOR_SERVICE)
        wait_until(lambda: update_state(lab) == "rollback_completed", PATIENCE, "the rollback", interval=0.2)
        assert_healthy(lab)

    assert moved(lab, watch) == []
    assert [spoken(lab, name) for name in lab.hosts] == [["78"]] * len(lab.hosts)
    assert {name for name, id in _floats(lab).items() if id != before[name]} == {updated}


def test_a_change_of_the_vrid_waits_for_the_last_anchor_and_is_one_short_outage(newer_floats: Lab) -> None:
    lab = newer_floats
    before = _floats(lab)

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        ended = roll_out(lab)
        completed = time.monotonic()
        wait_until(lambda: _all_speak(lab, "77"), 10, "all nodes to speak the new VRID", interval=0.2)
        assert_healthy(lab)
        report = client.report()

    assert ended == []
    assert _floats(lab) == before
    assert report.max_gap <= OUTAGE + SLACK, report.sentence()
    assert [change for change in moved(lab, watch) if change.when < completed - NOTICED] == []
    assert longest_overlap(lab, watch) <= OVERLAP + SLACK


def test_a_second_anchor_on_a_node_is_refused_by_the_links_lock(newer_floats: Lab) -> None:
    lab = newer_floats
    words = ["--env", "DOCKER_TASK_ID={{.Task.ID}}", "--env", f"KEEPALIVED_VIRTUAL_IPS={lab.vip}"]
    mounts = [
        "type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock",
        "type=tmpfs,target=/run",
        f"type=volume,source={STACK}_link,target=/run/keepalived-link",
        f"type=volume,source={STACK}_status,target=/run/keepalived-status",
    ]
    volumes = [word for mount in mounts for word in ("--mount", mount)]
    image = f"{lab.registry}/keepalived-anchor:lab"
    create = ["service", "create", "--detach", "--name", "second", "--restart-condition", "none", *words, *volumes]

    with lab.watch_addresses() as watch:
        lab.ask_swarm(*create, image)
        code = wait_until(lambda: _exit_code(lab, "second"), 40, "the second anchor to end", interval=0.2)
        lab.ask_swarm("service", "rm", "second")

    assert code == "6"
    assert moved(lab, watch) == []
    assert_healthy(lab)


def _newer(lab: Lab, part: str) -> str:
    return f"{lab.registry}/keepalived-{part}:newer"


def _second_vip(lab: Lab) -> str:
    return lab.vip.rpartition(".")[0] + ".101"


def _floats(lab: Lab) -> dict[str, str]:
    return {name: lab.float_container(name).id for name in lab.hosts}


def _anchors(lab: Lab) -> dict[str, str]:
    return {name: lab.anchor_container(name).id for name in lab.hosts}


def _updated(lab: Lab, before: dict[str, str], *, besides: str) -> str | None:
    """A host whose new anchor is healthy already, and has the new settings."""
    for name in lab.hosts:
        if name != besides and _runs_another_anchor(lab, name, before[name]):
            return name
    return None


def _runs_another_anchor(lab: Lab, name: str, before: str) -> bool:
    try:
        container = lab.anchor_container(name)
    except LabError:
        return False
    said = lab.host(name).docker("logs", container.id, check=False)
    return container.id != before and "The float would run the spec" in said.stdout + said.stderr


def _runs_another_float(lab: Lab, name: str, before: str) -> bool:
    try:
        return lab.float_container(name).id != before
    except LabError:
        return False


def _all_speak(lab: Lab, vrid: str) -> bool:
    return all(spoken(lab, name) == [vrid] for name in lab.hosts)


def _exit_code(lab: Lab, service: str) -> str | None:
    """Of the service's only container, once it has ended."""
    label = f"label=com.docker.swarm.service.name={service}"
    for host in lab.hosts.values():
        for id in host.docker("ps", "-aq", "--filter", label, "--filter", "status=exited").stdout.split():
            return host.docker("inspect", "--format", "{{.State.ExitCode}}", id).stdout.strip()
    return None
