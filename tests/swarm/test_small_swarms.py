"""A Swarm of two managers, and one of a single one. The hosts that leave are not brought back: see `repair`."""

from __future__ import annotations

import contextlib
import json
import time

import pytest

from float.newcomer import LIMIT
from tests.lab.cluster import Lab
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import SLACK, assert_healthy
from tests.swarm.images import anchor_alone
from tests.swarm.moves import longest_overlap, taken_over
from tests.swarm.repair import remove_stack, repair_swarm

pytestmark = pytest.mark.swarm


@pytest.fixture(scope="module")
def two_managers(swarm: Lab) -> Lab:
    """h3 is no part of the Swarm, and nothing is deployed."""
    repair_swarm(swarm)
    remove_stack(swarm)
    _leave(swarm, "h3")
    return swarm


@pytest.fixture(scope="module")
def one_manager(two_managers: Lab) -> Lab:
    """h1 is the whole Swarm, and nothing is deployed."""
    remove_stack(two_managers)
    _leave(two_managers, "h2")
    return two_managers


def test_an_anchor_on_an_engine_without_a_swarm_ends_with_code_4(two_managers: Lab) -> None:
    ended = anchor_alone(two_managers, "h3", socket=True)

    assert ended.code == 4
    assert "manager" in ended.said


def test_two_managers_serve_and_a_power_cut_moves_the_vip(two_managers: Lab) -> None:
    lab = two_managers
    lab.deploy()
    assert_healthy(lab, absent=("h3",))
    holder = lab.wait_holder()

    with lab.watch_addresses() as watch:
        struck = lab.power_off(holder)
        heir = taken_over(lab, watch, since=struck, besides=holder, within=2.0)
        lab.boot(holder)
        assert_healthy(lab, within=60, absent=("h3",))

    assert lab.holders() == [heir]


def test_a_node_that_joins_while_every_other_anchor_hangs_makes_no_second_holder(two_managers: Lab) -> None:
    lab = two_managers
    lab.deploy()
    assert_healthy(lab, within=60, absent=("h3",))
    holder = lab.wait_holder()

    hang = sorted(("h1", "h2"), key=lambda name: name == holder)  # the other first, so that it does not take over

    with lab.watch_addresses() as watch:
        for name in hang:
            lab.pause_anchor(name)
        _join(lab, "h3")
        wait_until(lambda: f"{holder} (" in _newcomers_reason(lab, "h3"), 60, "h3 to say why it keeps back")
        time.sleep(LIMIT + SLACK)
        assert lab.holders() == [holder]
        assert watch.overlaps(lab.vip) == []
        for name in hang:
            lab.resume_anchor(name)
        assert_healthy(lab, within=60)

    assert longest_overlap(lab, watch) <= SLACK
    lab.drain("h3")
    wait_until(lambda: not lab.host("h3").containers("name=keepalived-float"), 60, "h3's float to be gone")
    _leave(lab, "h3")


def test_a_single_manager_serves(one_manager: Lab) -> None:
    one_manager.deploy()

    assert_healthy(one_manager, absent=("h2", "h3"))
    assert one_manager.holders() == ["h1"]


def _newcomers_reason(lab: Lab, name: str) -> str:
    """What stands against a virtual router that has just begun there, as the float's own status says."""
    with contextlib.suppress(LabError):
        told = lab.host(name).docker("exec", lab.float_container(name).id, "status", "--json", check=False).stdout
        found = [c for c in json.loads(told or "{}").get("conditions", ()) if c["name"] == "newcomer"]
        return found[0]["reason"] if found else ""
    return ""


def _join(lab: Lab, name: str) -> None:
    """It is a manager again, with the images that it had."""
    first, host = lab.host("h1"), lab.host(name)
    token = first.docker("swarm", "join-token", "-q", "manager").stdout.strip()
    host.docker("swarm", "join", "--token", token, "--advertise-addr", host.address, f"{first.address}:2377")


def _leave(lab: Lab, name: str) -> None:
    lab.demote(name)
    wait_until(lambda: not _manages(lab, name), 30, f"{name} to be a worker", interval=0.2)
    lab.host(name).docker("swarm", "leave")
    lab.ask_swarm("node", "rm", "--force", name)


def _manages(lab: Lab, name: str) -> bool:
    shown = lab.host(name).docker("info", "--format", "{{.Swarm.ControlAvailable}}", check=False)
    return shown.stdout.strip() != "false"
