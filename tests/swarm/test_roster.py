"""Managers whose labels, addresses and roles change: peers and priorities follow, and no VIP moves."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from anchor.managers import LINGER
from float.link_state import ENGINE_GONE
from float.turn import TICK
from tests.campaign import parts
from tests.campaign.parts import Process
from tests.lab.address_watch import AddressWatch
from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.shell import LabError, run, wait_until
from tests.swarm.audit import SLACK, assert_healthy
from tests.swarm.moves import longest_overlap, moved, taken_over
from tests.swarm.rollout import roll_out

pytestmark = pytest.mark.swarm

LABELS = ("keepalived.priority", "keepalived.interface", "keepalived.address")
SOON = 20.0
ORPHAN_AFTER = 40.0


@pytest.fixture
def other(lab: Lab, holder: str) -> Iterator[str]:
    """A manager without the virtual IP, and without our labels in the end."""
    name = next(name for name in lab.hosts if name != holder)
    yield name
    for label in LABELS:
        with contextlib.suppress(LabError):
            lab.ask_swarm("node", "update", "--label-rm", label, name)
    run(["ip", "-n", lab.host(name).namespace, "addr", "del", f"{_moved_address(lab)}/24", "dev", "eth0"], check=False)
    lab.activate(name)


def test_labels_and_availability_of_a_manager_change_what_all_nodes_run_and_move_nothing(
    lab: Lab, holder: str, other: str
) -> None:
    third = next(name for name in lab.hosts if name not in {holder, other})
    run(["ip", "-n", lab.host(other).namespace, "addr", "add", f"{_moved_address(lab)}/24", "dev", "eth0"])

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        _label(lab, other, "keepalived.priority", _run_by(lab, third, "priority"))
        wait_until(lambda: "belongs to 2 managers" in _anchor_log(lab, holder), SOON, "the duplicate to be warned of")
        _label(lab, other, "keepalived.priority", "120")
        wait_until(lambda: _run_by(lab, other, "priority") == "120", SOON, "the labelled priority to be run")
        _label(lab, other, "keepalived.address", _moved_address(lab))
        wait_until(lambda: _moved_address(lab) in _conf(lab, third), SOON, "the peers to know the other address")
        wait_until(lambda: _run_by(lab, other, "unicast_src_ip") == _moved_address(lab), SOON, "it to be used")
        _label(lab, other, "keepalived.interface", "nosuch0")
        wait_until(lambda: "nosuch0" in _anchor_log(lab, other), SOON, "the bad interface to be refused")
        lab.ask_swarm("node", "update", "--label-rm", "keepalived.interface", "--availability", "pause", other)
        assert_healthy(lab)
        report = client.report()

    assert moved(lab, watch) == []
    assert report.lost == 0, report.sentence()


def test_a_label_with_an_address_that_the_node_does_not_have_makes_no_second_holder(
    lab: Lab, holder: str, other: str
) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        _label(lab, other, "keepalived.address", _moved_address(lab))
        wait_until(lambda: "Labels of this node are ignored" in _anchor_log(lab, other), SOON, "it to be refused")
        assert_healthy(lab)
        time.sleep(2)  # many times what a node that hears nobody waits
        report = client.report()

    assert moved(lab, watch) == []
    assert report.lost == 0, report.sentence()


def test_a_manager_that_is_demoted_and_promoted_again_loses_its_float_and_gets_another(
    lab: Lab, holder: str, other: str
) -> None:
    before = lab.float_container(other).id

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        lab.demote(other)
        wait_until(lambda: lab.floats(other) == [], 40, f"the float on {other} to be gone", interval=0.2)
        lab.promote(other)
        lab.wait_ready(timeout=90)
        assert_healthy(lab, within=60)
        report = client.report()

    assert lab.float_container(other).id != before
    assert moved(lab, watch) == []
    assert report.lost == 0, report.sentence()


def test_a_holder_that_leaves_by_force_while_its_anchor_is_replaced_gives_up_the_virtual_ip(
    lab: Lab, holder: str
) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        lab.host(holder).docker("stop", lab.anchor_container(holder).id)  # it says goodbye as for an update
        _left(lab, watch, holder)
        report = client.report()
        assert longest_overlap(lab, watch) <= 0.3
    assert report.max_gap < 0.3, report.sentence()
    lab.join(holder)
    lab.wait_ready(timeout=90)
    assert_healthy(lab, within=60)


def test_a_holder_that_leaves_by_force_and_is_removed_never_serves_beside_the_others(lab: Lab, holder: str) -> None:
    assert roll_out(lab, KEEPALIVED_ORPHAN_AFTER=f"{ORPHAN_AFTER:g}") == []
    holder = lab.wait_holder()
    with lab.watch_addresses() as watch:
        other = _left(lab, watch, holder)
        lab.forget(holder)
        wait_until(lambda: not _keepalived(lab, holder), ORPHAN_AFTER + 20, f"the float on {holder} to end")
        time.sleep(LINGER + 2)  # by now the others write to it no more
        assert lab.holders() == [other]
        assert longest_overlap(lab, watch) <= 0.3
    lab.join(holder)
    lab.wait_ready(timeout=90)
    assert_healthy(lab, within=60)


def _left(lab: Lab, watch: AddressWatch, holder: str) -> str:
    """Who took over from a holder that left by force; it may have done so before Docker had answered."""
    struck = lab.leave(holder)
    answered = time.monotonic() - struck
    return taken_over(lab, watch, since=struck, besides=holder, within=answered + ENGINE_GONE + TICK + SLACK)


def _keepalived(lab: Lab, name: str) -> list[Process]:
    return [process for process in parts.processes(lab.host(name)) if process.command == "keepalived"]


def _moved_address(lab: Lab) -> str:
    return lab.vip.rpartition(".")[0] + ".61"


def _label(lab: Lab, name: str, label: str, value: str) -> None:
    lab.ask_swarm("node", "update", "--label-add", f"{label}={value}", name)


def _conf(lab: Lab, name: str) -> str:
    return lab.host(name).docker("exec", FLOAT, "cat", "/run/keepalived/keepalived.conf", check=False).stdout


def _run_by(lab: Lab, name: str, directive: str) -> str:
    """The value of that directive in what the host's keepalived runs."""
    lines = [line.split() for line in _conf(lab, name).splitlines()]
    return next((words[1] for words in lines if words[:1] == [directive]), "")


def _anchor_log(lab: Lab, name: str) -> str:
    shown = lab.host(name).docker("logs", lab.anchor_container(name).id)
    return shown.stdout + shown.stderr
