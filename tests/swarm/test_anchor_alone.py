"""The anchor's image by hand, where it cannot work: one sentence, and the documented exit code."""

from __future__ import annotations

import pytest

from tests.lab.cluster import Lab
from tests.swarm.images import anchor_alone

pytestmark = pytest.mark.swarm

WRONG = {
    "KEEPALIVED_VIRTUAL_IPS": "10.89.0.300",
    "KEEPALIVED_VIRTUAL_IPS_EXCLUDED": "elsewhere",
    "KEEPALIVED_INTERFACE": "eth 0",
    "KEEPALIVED_ROUTER_ID": "256",
    "KEEPALIVED_PRIORITY": "0",
    "KEEPALIVED_PREEMPT": "perhaps",
    "KEEPALIVED_ADVERT_INTERVAL": "41",
    "KEEPALIVED_UNICAST_PEERS": "neighbours",
    "KEEPALIVED_LINK_TIMEOUT": "soon",
    "KEEPALIVED_IMAGE": "not an image",
}


def test_without_a_docker_socket_the_anchor_ends_with_code_3_and_names_it(bare_swarm: Lab) -> None:
    ended = anchor_alone(bare_swarm, "h1")

    assert ended.code == 3
    assert "/var/run/docker.sock" in ended.said


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_ends_the_anchor_with_code_2_and_one_line(bare_swarm: Lab, name: str) -> None:
    ended = anchor_alone(bare_swarm, "h1", {name: WRONG[name]})

    assert ended.code == 2
    assert f"{name}={WRONG[name]!r}" in ended.said


def test_all_wrong_settings_are_told_at_once(bare_swarm: Lab) -> None:
    ended = anchor_alone(bare_swarm, "h1", WRONG)

    assert ended.code == 2
    assert [name for name in WRONG if f"{name}=" not in ended.said] == []


def test_without_virtual_ips_the_anchor_ends_with_code_2_and_asks_for_them(bare_swarm: Lab) -> None:
    ended = anchor_alone(bare_swarm, "h1", {"KEEPALIVED_VIRTUAL_IPS": ""})

    assert ended.code == 2
    assert "KEEPALIVED_VIRTUAL_IPS" in ended.said
