"""KEEPALIVED_SPREAD: every virtual router where it prefers to be, gone from a node that is lost, and back after it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from functools import partial

import pytest

from anchor import spread
from tests.lab.address_watch import Change
from tests.lab.cluster import Lab
from tests.lab.shell import run, wait_until
from tests.swarm import user_services
from tests.swarm.rollout import roll_out

pytestmark = pytest.mark.swarm

FIRST, COUNT = 150, 9
HOMECOMING = spread.RETURN_AFTER + COUNT * spread.RETURN_STEP + 20.0
"""Seconds in which all are where they prefer to be, on a machine that is busy with three hosts."""

FOUND_DOWN = 40.0
"""Seconds until the Swarm calls a node down that it does not hear: some fifteen, and an election before them."""

BOOT = 60.0
"""Seconds for a host to boot, and for its engine to find the Swarm's leader."""


def test_virtual_routers_spread_scatter_from_a_lost_node_and_return_one_by_one_without_a_lost_packet(lab: Lab) -> None:
    assert roll_out(lab, KEEPALIVED_SPREAD="true") == []
    vips = {user_services.vip(lab, number): number for number in range(FIRST, FIRST + COUNT)}
    labels = {f"s{vrid}": {"keepalived.vip": vip, "keepalived.vrid": str(vrid)} for vip, vrid in vips.items()}
    ids = {node["ID"]: name for name, node in lab.nodes().items()}
    wanted = {vip: [ids[node] for node in spread.order(ids, vrid)] for vip, vrid in vips.items()}
    home = {vip: order[0] for vip, order in wanted.items()}
    lost = max(set(home.values()), key=list(home.values()).count)
    moving = [vip for vip in home if home[vip] == lost]

    with user_services.idle_services(lab, "spread", labels), lab.watch_addresses() as watch:
        wait_until(partial(_stand, lab, home), HOMECOMING, f"every address where it prefers to be: {home}")

        lab.power_off(lost)
        scattered = {vip: order[1] if order[0] == lost else order[0] for vip, order in wanted.items()}
        wait_until(partial(_stand, lab, scattered), FOUND_DOWN + HOMECOMING, f"the lost node's to scatter: {scattered}")

        with lab.gap_client(moving[0]) as client:
            booted = lab.boot(lost, wait=False)
            wait_until(partial(_stand, lab, home), BOOT + HOMECOMING, f"all to return: {home}")
            report = client.report()
        returns = sorted(_arrivals(watch.changes(vip), lost, booted)[-1] for vip in moving)
        elsewhere = [change for vip in home if vip not in moving for change in watch.changes(vip)]

        assert report.lost == 0, report.sentence()
        assert returns[0] - booted > spread.RETURN_AFTER
        assert min(later - earlier for earlier, later in itertools.pairwise(returns)) > spread.RETURN_STEP / 2
        assert [change for change in elsewhere if change.when > booted] == []


def _arrivals(changes: Iterable[Change], host: str, since: float) -> list[float]:
    return [change.when for change in changes if change.present and change.host == host and change.when > since]


def _stand(lab: Lab, wanted: Mapping[str, str]) -> bool:
    """Whether each address is where it is wanted, and on no other host that the client can reach."""
    shown = {host.name: run(["ip", "-n", host.namespace, "-4", "-o", "addr"]).stdout for host in lab.reachable()}
    return all([name for name in shown if f" {vip}/" in shown[name]] == [host] for vip, host in wanted.items())
