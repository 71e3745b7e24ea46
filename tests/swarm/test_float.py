"""Floats that die, keepalived processes that die inside them, and an address that somebody deletes."""

from __future__ import annotations

import contextlib
import time

import pytest

from float.defence import WAIT
from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT, Which
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import SLACK, assert_healthy
from tests.swarm.moves import longest_overlap, moved

pytestmark = pytest.mark.swarm

NEW_FLOAT = 1.5
"""Seconds after which a killed float's successor runs, and has given up what others serve."""


def test_a_killed_float_of_the_holder_is_replaced_and_leaves_no_second_holder(lab: Lab, holder: str) -> None:
    before = lab.float_container(holder).id

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        lab.kill_float(holder)
        wait_until(lambda: _runs_another_float(lab, holder, before), 20, f"another float on {holder}")
        assert_healthy(lab)
        report = client.report()

    assert longest_overlap(lab, watch) <= NEW_FLOAT + SLACK
    assert report.max_gap < 2.0, report.sentence()


def test_a_killed_float_beside_the_holder_is_replaced_and_moves_nothing(lab: Lab, holder: str) -> None:
    other = next(name for name in lab.hosts if name != holder)
    before = lab.float_container(other).id

    with lab.watch_addresses() as watch:
        lab.kill_float(other)
        wait_until(lambda: _runs_another_float(lab, other, before), 20, f"another float on {other}")
        assert_healthy(lab)

    assert moved(lab, watch) == []


@pytest.mark.parametrize("which", ["parent", "child", "both"])
def test_a_killed_keepalived_runs_again_in_the_same_float(lab: Lab, holder: str, which: Which) -> None:
    before, container = _keepalived(lab, holder), lab.float_container(holder).id

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        lab.kill_keepalived(holder, which)
        wait_until(lambda: _is_renewed(lab, holder, before), 20, f"two new keepalived processes on {holder}")
        assert_healthy(lab)
        report = client.report()

    assert lab.float_container(holder).id == container
    assert longest_overlap(lab, watch) <= SLACK
    assert report.max_gap < 2.0, report.sentence()


def test_a_vip_deleted_by_hand_is_back_within_three_seconds(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch:
        struck = lab.delete_vip(holder)
        lab.wait_holder(timeout=10)
        back = time.monotonic() - struck
        assert_healthy(lab)

    assert back <= 3.0 + SLACK
    assert longest_overlap(lab, watch) <= SLACK


def _runs_another_float(lab: Lab, name: str, before: str) -> bool:
    with contextlib.suppress(LabError):
        return lab.float_container(name).id != before
    return False


def _is_renewed(lab: Lab, name: str, before: set[str]) -> bool:
    now = _keepalived(lab, name)
    return len(now) == 2 and not now & before


def _keepalived(lab: Lab, name: str) -> set[str]:
    """PIDs of the keepalived processes in the host's float."""
    shown = lab.host(name).docker("top", FLOAT, "-eo", "pid,comm", check=False).stdout.splitlines()[1:]
    return {pid for pid, command in (line.split(None, 1) for line in shown) if command == "keepalived"}


def test_a_frozen_float_that_thaws_without_its_virtual_ip_keeps_no_client(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        lab.host(holder).docker("pause", FLOAT)
        wait_until(lambda: lab.holders() not in ([], [holder]), 15, "another holder alone", interval=0.02)
        wait_until(lambda: len(lab.holders()) == 1, 10, "the frozen node's lease to lapse", interval=0.02)
        (heir,) = lab.holders()
        lab.host(holder).docker("unpause", FLOAT)  # its keepalived announces the address once more, and steps back
        time.sleep(3)
        report = client.report()
    assert len([change for change in moved(lab, watch) if change.present]) == 1
    assert lab.holders() == [heir]
    assert report.max_gap < WAIT + 0.75, report.sentence()
    assert_healthy(lab)
