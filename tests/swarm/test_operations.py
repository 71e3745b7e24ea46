"""What operators do to a Swarm on purpose: update, drain, restart the engine."""

from __future__ import annotations

import pytest

from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.shell import wait_until
from tests.swarm.audit import assert_healthy
from tests.swarm.moves import moved, taken_over
from tests.swarm.rollout import update, update_state

pytestmark = pytest.mark.swarm


def test_a_forced_update_of_the_anchors_moves_no_vip_costs_no_packet_and_reloads_no_keepalived(lab: Lab) -> None:
    floats = {name: lab.float_container(name).id for name in lab.hosts}
    reloads = {name: _reloads(lab, name) for name in lab.hosts}

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        ended = update(lab, "--force")
        assert_healthy(lab)
        report = client.report()

    assert update_state(lab) == "completed"
    assert ended == []
    assert moved(lab, watch) == []
    assert report.lost == 0, report.sentence()
    assert {name: lab.float_container(name).id for name in lab.hosts} == floats
    assert {name: _reloads(lab, name) for name in lab.hosts} == reloads


@pytest.mark.smoke
def test_a_drained_holder_hands_over_and_keeps_nothing_until_it_is_active_again(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        struck = lab.drain(holder)
        heir = taken_over(lab, watch, since=struck, besides=holder, within=20)
        wait_until(lambda: lab.floats(holder) == [], 30, f"the float on {holder} to be gone", interval=0.2)
        assert_healthy(lab, absent=(holder,))
        lab.activate(holder)
        assert_healthy(lab)
        report = client.report()

    assert report.max_gap < 0.2, report.sentence()
    assert lab.holders() == [heir]


@pytest.mark.smoke
def test_a_restarted_engine_of_the_holder_leaves_one_holder_and_one_float_a_node(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        struck = lab.restart_dockerd(holder)
        taken_over(lab, watch, since=struck, besides=holder, within=20)
        assert_healthy(lab, within=60)
        report = client.report()

    assert report.max_gap < 2.0, report.sentence()


def _reloads(lab: Lab, name: str) -> int:
    """How often the host's keepalived has read its configuration again, as it says itself."""
    logs = lab.host(name).docker("logs", FLOAT)
    return (logs.stdout + logs.stderr).count("Reloading")
