"""Updates that change what the wire cannot mix, and of which the Swarm's own word says too early that they are over."""

from __future__ import annotations

import time

import pytest

from tests.lab.cluster import Lab
from tests.lab.shell import wait_until
from tests.swarm.audit import SLACK, assert_healthy
from tests.swarm.moves import longest_overlap, moved
from tests.swarm.rollout import PATIENCE, roll_out, spoken, update_state

pytestmark = pytest.mark.swarm

APART = 2.0
"""Seconds between two looks of an anchor: without the Swarm's event nobody tells all at once."""

WHILE = 5.0
"""Seconds for which a test sees that nothing happens."""


def test_a_change_of_the_vrid_waits_for_a_paused_node_too(lab: Lab, holder: str) -> None:
    paused = next(name for name in lab.hosts if name != holder)
    lab.pause_node(paused)
    try:
        with lab.watch_addresses() as watch:
            roll_out(lab, KEEPALIVED_ROUTER_ID="79")
            assert update_state(lab) == "completed"
            time.sleep(WHILE)
            assert vrids(lab) == {"77"}
            assert moved(lab, watch) == []
            said = lab.host(holder).docker("logs", lab.anchor_container(holder).id)
            assert f"the anchor on {paused} is of another update" in said.stdout + said.stderr
            lab.activate(paused)
            wait_until(lambda: vrids(lab) == {"79"}, PATIENCE, "all nodes to speak the new VRID", interval=0.2)
            assert_healthy(lab)
    finally:
        lab.activate(paused)
    assert longest_overlap(lab, watch) <= APART + SLACK


def test_the_same_deployed_again_while_it_is_rolled_out_lets_nobody_begin_early(lab: Lab) -> None:
    before = {name: lab.anchor_container(name).id for name in lab.hosts}
    with lab.watch_addresses() as watch:
        for _ in range(2):
            finished = lab.deploy({"KEEPALIVED_ROUTER_ID": "79"})
            assert finished.returncode == 0, finished.stderr
            wait_until(lambda: len(old_anchors(lab, before)) < len(lab.hosts), PATIENCE, "the first new anchor")
        assert update_state(lab) == "", "Docker goes on to say that it updates, so that this test shows nothing"
        early, last = set[str](), PATIENCE + time.monotonic()
        while old_anchors(lab, before):
            assert time.monotonic() < last, "the roll-out does not end"
            seen = vrids(lab)
            early |= seen - {"77"} if old_anchors(lab, before) else set()
        wait_until(lambda: vrids(lab) == {"79"}, PATIENCE, "all nodes to speak the new VRID", interval=0.2)
        assert_healthy(lab)
    assert early == set()
    assert longest_overlap(lab, watch) <= APART + SLACK


def vrids(lab: Lab) -> set[str]:
    """What all floats together speak."""
    return {vrid for name in lab.hosts for vrid in spoken(lab, name)}


def old_anchors(lab: Lab, before: dict[str, str]) -> set[str]:
    """The hosts on which the anchor of before runs still."""
    return {
        host.name for host in lab.hosts.values() for c in host.containers() if c.id == before[host.name] and c.running
    }
