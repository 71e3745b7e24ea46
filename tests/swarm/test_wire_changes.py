"""Roll-outs of what the wire cannot mix, beside the VRID's (test_rolling): all wait for the last, and change then."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.lab.address_watch import AddressWatch, spans
from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.shell import wait_until
from tests.swarm.audit import SLACK, assert_healthy
from tests.swarm.repair import remove_stack, repair
from tests.swarm.rollout import roll_out, update_state

pytestmark = pytest.mark.swarm

VIP6 = "fd88::100"
NOTICED = 3.0
"""Seconds until a test knows that the Swarm has completed an update; the anchors know within some 10 ms."""

OUTAGE, OVERLAP = 0.5, 0.3
"""Seconds for which a change of the wire format may leave the virtual IP without a holder, and with two."""

SLOW_OUTAGE = 5.0
"""The same with VRRPv2, whose adverts come once a second."""

CHANGES = {
    "to IPv6 adverts": {"KEEPALIVED_VIRTUAL_IPS": VIP6},
    "to version 2, a password and multicast": {
        "KEEPALIVED_VRRP_VERSION": "2",
        "KEEPALIVED_PASSWORD": "s3cret",
        "KEEPALIVED_UNICAST_PEERS": "multicast",
    },
}


@pytest.fixture(scope="module")
def both_families(swarm: Lab) -> Iterator[Lab]:
    """The stack with a virtual IP of each family, so that the IPv6 one is there before and after each change."""
    repair(swarm)
    assert roll_out(swarm, **_both(swarm)) == []
    yield swarm
    remove_stack(swarm)


@pytest.mark.parametrize("change", CHANGES)
def test_all_nodes_change_at_once_there_and_back_when_the_last_anchor_is_new(both_families: Lab, change: str) -> None:
    slow = "KEEPALIVED_VRRP_VERSION" in CHANGES[change]
    _all_change_at_once(both_families, {**_both(both_families), **CHANGES[change]}, SLOW_OUTAGE if slow else OUTAGE)
    _all_change_at_once(both_families, _both(both_families), SLOW_OUTAGE if slow else OUTAGE)
    assert_healthy(both_families)


def _all_change_at_once(lab: Lab, settings: dict[str, str], outage: float) -> None:
    wait_until(lambda: len(lab.holders(VIP6)) == 1, 10, f"{VIP6} to be served")
    floats, confs = _floats(lab), _confs(lab)

    with lab.watch_addresses() as watch:
        ended = roll_out(lab, **settings)
        completed = time.monotonic()
        wait_until(lambda: _all_differ(confs, _confs(lab)), 10, "all nodes to speak otherwise", interval=0.2)
        wait_until(lambda: len(lab.holders(VIP6)) == 1, 10, f"{VIP6} to be served")
        time.sleep(1)
        nobody, two, early = _seen(watch, completed)

    assert (ended, update_state(lab)) == ([], "completed")
    assert _floats(lab) == floats
    assert early == []
    assert nobody <= outage + SLACK
    assert two <= OVERLAP + SLACK


def _both(lab: Lab) -> dict[str, str]:
    return {"KEEPALIVED_VIRTUAL_IPS": f"{lab.vip} {VIP6}"}


def _seen(watch: AddressWatch, completed: float) -> tuple[float, float, list[str]]:
    """The longest time without a holder, that with two, and who had news of the VIP before the update was completed."""
    changes, now = watch.changes(VIP6), time.monotonic()
    nobody = max((length for _, length in spans(changes, lambda n: n == 0, until=now)), default=0.0)
    two = max((length for _, length in spans(changes, lambda n: n > 1, until=now)), default=0.0)
    return nobody, two, [change.host for change in changes[1:] if change.when < completed - NOTICED]


def _floats(lab: Lab) -> dict[str, str]:
    return {name: lab.float_container(name).id for name in lab.hosts}


def _confs(lab: Lab) -> dict[str, str]:
    """What each host's keepalived runs with."""
    words = ("exec", FLOAT, "cat", "/run/keepalived/keepalived.conf")
    return {name: host.docker(*words, check=False).stdout for name, host in lab.hosts.items()}


def _all_differ(before: dict[str, str], now: dict[str, str]) -> bool:
    return all(now[name] and now[name] != before[name] for name in before)
