"""Other ways to speak VRRP than the default's: by multicast, over IPv6 alone, in version 2 with a password."""

from __future__ import annotations

import pytest

from tests.lab.cluster import Lab
from tests.lab.shell import wait_until
from tests.swarm.audit import SLACK, answers
from tests.swarm.repair import remove_stack

pytestmark = pytest.mark.swarm

VIP6 = "fd88::100"
VARIANTS = {
    "multicast": {"KEEPALIVED_UNICAST_PEERS": "multicast"},
    "ipv6 alone": {"KEEPALIVED_VIRTUAL_IPS": VIP6},
    "version 2 with a password": {"KEEPALIVED_PASSWORD": "s3cret", "KEEPALIVED_VRRP_VERSION": "2"},
}
LINK_TIMEOUT = 3.0
"""Seconds after which a silent anchor counts as hung."""

WITHIN = {"multicast": 2.0, "ipv6 alone": 2.0, "version 2 with a password": 5.0}
"""Seconds for a move; VRRPv2 advertises once a second, and a takeover takes an advert."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_serves_and_a_hung_anchor_moves_the_vip_to_one_other_node(bare_swarm: Lab, variant: str) -> None:
    lab, vip = bare_swarm, VARIANTS[variant].get("KEEPALIVED_VIRTUAL_IPS", bare_swarm.vip)
    remove_stack(lab)
    assert lab.deploy(VARIANTS[variant]).returncode == 0
    holder = lab.wait_holder(vip, timeout=60)
    wait_until(lambda: _all_ready(lab, holder), 30, "every node to be ready")

    with lab.watch_addresses() as watch:
        struck = lab.pause_anchor(holder)  # a killed one may be back before VRRPv2 has moved
        heir = wait_until(lambda: [host for host in lab.holders(vip) if host != holder], 20, "another holder")
        wait_until(lambda: lab.holders(vip) == heir, 5, f"{heir} to hold it alone")
        lab.resume_anchor(holder)
        wait_until(lambda: _all_ready(lab, heir[0]), 30, "every node to be ready again")
        arrived = min(c.when for c in watch.changes(vip) if c.present and c.host == heir[0])
        overlaps = watch.overlaps(vip)

    assert arrived - struck <= LINK_TIMEOUT + WITHIN[variant] + SLACK
    assert lab.holders(vip) == heir
    assert max((length for _, length in overlaps), default=0.0) <= WITHIN[variant]
    remove_stack(lab)


def _all_ready(lab: Lab, holder: str) -> bool:
    """Every buoy finds its node healthy, and the holder's alone calls it master."""
    masters = [host for host in lab.hosts if answers(lab, host, "/master")]
    return masters == [holder] and all(answers(lab, host, "/health") for host in lab.hosts)
