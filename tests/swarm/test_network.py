"""Cables and switches."""

from __future__ import annotations

import pytest

from tests.lab.cluster import Lab
from tests.swarm.audit import SLACK, assert_healthy
from tests.swarm.moves import longest_overlap, taken_over

pytestmark = pytest.mark.swarm

SETTLED = 0.3
"""Seconds for which two nodes may both have the virtual IP once they hear each other again."""


def test_a_cable_out_moves_the_vip_and_in_again_makes_no_second_holder(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        struck = lab.unplug(holder)
        taken_over(lab, watch, since=struck, besides=holder, within=2.0)
        plugged = lab.plug(holder)
        assert_healthy(lab, within=60)
        report = client.report()

    assert longest_overlap(lab, watch, since=plugged) <= SETTLED + SLACK
    assert report.max_gap < 2.0, report.sentence()


def test_a_partition_leaves_the_clients_one_holder_and_heals_into_one(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        struck = lab.partition(holder)
        taken_over(lab, watch, since=struck, besides=holder, within=2.0)
        lab.wait_holder(reachable=True, timeout=5)
        healed = lab.heal()
        assert_healthy(lab, within=60)
        report = client.report()

    assert longest_overlap(lab, watch, since=healed) <= SETTLED + SLACK
    assert report.max_gap < 2.0, report.sentence()
