"""Anchors that die or hang."""

from __future__ import annotations

import contextlib
import time
from functools import partial

import pytest

from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.parallel import in_parallel
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import SLACK, answers, assert_healthy
from tests.swarm.moves import moved, taken_over

pytestmark = pytest.mark.swarm

PROMISE = 2.0
LINK_TIMEOUT = 3.0
FEW = 0.05 + 0.1
"""Seconds of silence that a client may see: the promise, and slack for two busy cores."""


@pytest.mark.smoke
def test_a_killed_anchor_hands_the_vip_to_another_node_and_its_own_reports_backup(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        struck = lab.kill_anchor(holder)
        heir = taken_over(lab, watch, since=struck, besides=holder, within=PROMISE)
        wait_until(lambda: answers(lab, holder, "/backup"), 5, f"{holder} to report BACKUP", interval=0.02)
        reported = time.monotonic() - struck
        assert_healthy(lab)
        report = client.report()

    assert reported <= PROMISE + SLACK
    assert report.max_gap <= FEW, report.sentence()
    assert lab.holders() == [heir]


def test_an_anchor_killed_beside_the_holder_moves_nothing(lab: Lab, holder: str) -> None:
    other = next(name for name in lab.hosts if name != holder)

    with lab.watch_addresses() as watch:
        before = lab.anchor_container(other).id
        lab.kill_anchor(other)
        wait_until(lambda: _runs_another_anchor(lab, other, before), 20, f"another anchor on {other}")
        assert_healthy(lab)

    assert moved(lab, watch) == []


def test_an_anchor_that_hangs_loses_the_vip_after_the_link_timeout(lab: Lab, holder: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        struck = lab.pause_anchor(holder)
        taken_over(lab, watch, since=struck, besides=holder, within=LINK_TIMEOUT + PROMISE + SLACK)
        arrived = watch.changes(lab.vip)[1].when
        with contextlib.suppress(LabError):  # the Swarm may have replaced it by now
            lab.resume_anchor(holder)
        assert_healthy(lab)
        report = client.report()

    assert arrived - struck >= LINK_TIMEOUT - 1.5  # a beat a second, and the look at the clock
    assert report.max_gap <= FEW, report.sentence()


def test_all_anchors_killed_at_once_cost_no_packet(lab: Lab) -> None:
    anchors = [(host, _first_process(lab, host)) for host in lab.hosts.values()]

    with lab.watch_addresses() as watch, lab.gap_client() as client:
        in_parallel([partial(host.exec, "kill", "-9", pid) for host, pid in anchors])
        assert_healthy(lab)
        report = client.report()

    assert watch.absences(lab.vip) == []
    assert report.lost == 0, report.sentence()


def _runs_another_anchor(lab: Lab, name: str, before: str) -> bool:
    with contextlib.suppress(LabError):
        return lab.anchor_container(name).id != before
    return False


def _first_process(lab: Lab, host: Host) -> str:
    container = lab.anchor_container(host.name)
    return host.docker("inspect", "--format", "{{.State.Pid}}", container.id).stdout.strip()
