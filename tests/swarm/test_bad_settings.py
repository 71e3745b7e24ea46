"""Settings that are wrong, rolled out over a stack that serves: it goes on serving."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.images import references
from tests.lab.shell import run, wait_until
from tests.swarm.audit import assert_healthy
from tests.swarm.moves import moved
from tests.swarm.rollout import Ended, ended_anchors, roll_out, update, update_state

pytestmark = pytest.mark.swarm

NOBODY_LISTENS = "9"
"""A port that is closed on every host."""

BACK_WITHIN = 60.0
"""Seconds for the patience of an anchor that finds nobody serving, and for Swarm's way back to the first good node."""


def test_a_router_id_out_of_range_ends_the_anchor_with_code_2_and_is_rolled_back(lab: Lab) -> None:
    ended = _rolled_back(lab, lambda: roll_out(lab, KEEPALIVED_ROUTER_ID="999"))

    assert {one.code for one in ended} == {2}
    assert "KEEPALIVED_ROUTER_ID='999'" in ended[0].said


def test_an_unknown_setting_ends_the_anchor_with_code_2_and_the_nearest_name(lab: Lab) -> None:
    ended = _rolled_back(lab, lambda: update(lab, "--env-add", "KEEPALIVED_VIRTUAL_IP=10.89.0.7"))

    assert {one.code for one in ended} == {2}
    assert "KEEPALIVED_VIRTUAL_IPS" in ended[0].said


def test_an_image_that_cannot_be_pulled_is_named_and_rolled_back_while_the_float_goes_on(lab: Lab) -> None:
    image = f"{lab.registry}/keepalived-nonexistent:lab"

    ended = _rolled_back(lab, lambda: roll_out(lab, KEEPALIVED_IMAGE=image))

    assert {one.code for one in ended} == {2}
    assert image in ended[0].said


def test_a_vip_outside_every_local_subnet_is_refused_with_code_5_and_rolled_back(lab: Lab) -> None:
    ended = _rolled_back(lab, lambda: roll_out(lab, KEEPALIVED_VIRTUAL_IPS="203.0.113.7"))

    assert {one.code for one in ended} == {5}
    assert "203.0.113.7" in ended[0].said


def test_a_vip_that_is_a_nodes_address_is_refused_with_code_2_and_rolled_back(lab: Lab) -> None:
    address = lab.host("h2").address

    ended = _rolled_back(lab, lambda: roll_out(lab, KEEPALIVED_VIRTUAL_IPS=address))

    assert {one.code for one in ended} == {2}
    assert address in ended[0].said


def test_a_service_to_follow_that_there_is_not_is_refused_with_code_2_and_rolled_back(lab: Lab) -> None:
    ended = _rolled_back(lab, lambda: roll_out(lab, KEEPALIVED_TRACK_SERVICES="nosuch"))

    assert {one.code for one in ended} == {2}
    assert "KEEPALIVED_TRACK_SERVICES=nosuch" in ended[0].said


def test_a_check_that_fails_on_every_node_is_rolled_back_when_nobody_serves_any_more(lab: Lab) -> None:
    with lab.gap_client() as client:
        ended = roll_out(lab, KEEPALIVED_CHECK_PORT=NOBODY_LISTENS)
        assert_healthy(lab)
        report = client.report()

    assert update_state(lab) == "rollback_completed"
    assert {one.code for one in ended} == {2}
    assert "no manager may hold the virtual IPs, and one did: check:port" in ended[0].said
    assert report.max_gap < BACK_WITHIN, report.sentence()


@pytest.fixture
def odd_one_out(lab: Lab) -> Iterator[str]:
    """A host that lacks the interface `lan7`, which the two others have."""
    odd, *others = reversed(lab.hosts.values())
    for host in others:
        run(["ip", "-n", host.namespace, "link", "add", "lan7", "type", "veth", "peer", "name", "lan7peer"])
    yield odd.name
    for host in others:
        run(["ip", "-n", host.namespace, "link", "del", "lan7"], check=False)


def test_an_interface_that_one_node_lacks_is_refused_there_with_code_5_and_rolled_back(
    lab: Lab, odd_one_out: str
) -> None:
    ended = _rolled_back(lab, lambda: roll_out(lab, KEEPALIVED_INTERFACE="lan7"))

    assert {(one.host, one.code) for one in ended} == {(odd_one_out, 5)}
    assert "lan7" in ended[0].said


@pytest.fixture
def stranger(lab: Lab, holder: str) -> Iterator[tuple[str, str]]:
    """Somebody's own container has the float's name on a node: (host, container id)."""
    host = next(host for host in lab.hosts.values() if host.name != holder)
    lab.drain(host.name)
    wait_until(lambda: lab.floats(host.name) == [], 30, f"the float on {host.name} to be gone")
    sleeper = ["--entrypoint", "sleep", references(lab.image_names())[1], "600"]
    made = host.docker("run", "--detach", "--name", FLOAT, "--network", "none", *sleeper)
    lab.activate(host.name)
    yield host.name, made.stdout.strip()
    host.docker("rm", "--force", made.stdout.strip())


def test_a_foreign_container_with_the_floats_name_is_left_alone_and_ends_the_anchor_with_code_6(
    lab: Lab, stranger: tuple[str, str]
) -> None:
    name, container = stranger

    refused = wait_until(lambda: _with_code(lab, name, 6), 30, f"an anchor on {name} that ends with code 6")

    assert FLOAT in refused[0].said
    assert lab.float_container(name).id == container
    lab.host(name).docker("rm", "--force", container)
    assert_healthy(lab)


def _with_code(lab: Lab, host: str, code: int) -> list[Ended]:
    return [one for one in ended_anchors(lab) if (one.host, one.code) == (host, code)]


def _rolled_back(lab: Lab, act: Callable[[], list[Ended]]) -> list[Ended]:
    """What `act` rolled out was rolled back, and the floats never noticed; the anchors that ended of it."""
    floats = {name: lab.float_container(name).id for name in lab.hosts}
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        ended = act()
        assert_healthy(lab)
        report = client.report()
    assert update_state(lab) == "rollback_completed"
    assert ended
    assert moved(lab, watch) == []
    assert report.lost == 0, report.sentence()
    assert {name: lab.float_container(name).id for name in lab.hosts} == floats
    return ended
