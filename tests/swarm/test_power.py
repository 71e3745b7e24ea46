"""The power of the holder is cut, and comes back."""

from __future__ import annotations

import pytest

from tests.lab.cluster import Lab
from tests.swarm.audit import assert_healthy
from tests.swarm.moves import moved, taken_over

pytestmark = pytest.mark.swarm


@pytest.mark.smoke
def test_a_power_cut_moves_the_vip_and_the_returning_node_does_not_take_it_back(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        struck = lab.power_off(holder)
        heir = taken_over(lab, watch, since=struck, besides=holder, within=2.0)
        assert_healthy(lab, absent=(holder,))
        report = client.report()
    assert report.gaps
    assert report.max_gap < 2.0, report.sentence()

    with lab.watch_addresses() as watch:
        lab.boot(holder)
        assert_healthy(lab, within=60)

    assert lab.holders() == [heir]
    assert moved(lab, watch) == []


def test_a_power_cut_of_a_node_without_the_vip_costs_no_packet(lab: Lab, holder: str) -> None:
    other = next(name for name in lab.hosts if name != holder)

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        lab.power_off(other)
        assert_healthy(lab, absent=(other,))
        lab.boot(other)
        assert_healthy(lab, within=60)
        report = client.report()

    assert report.lost == 0, report.sentence()
    assert moved(lab, watch) == []
