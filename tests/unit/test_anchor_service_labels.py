from __future__ import annotations

import pytest

from anchor import service_labels
from anchor.service_labels import Wish
from tests.unit.anchor_fakes import user_service


def wish(**labels: str) -> Wish:
    reading = service_labels.read(user_service("web", 1, **labels), vrrp_version=3, advert_interval=0.1)
    assert reading.wish is not None, reading.problems
    return reading.wish


def problems(vrrp_version: int = 3, **labels: str) -> tuple[str, ...]:
    reading = service_labels.read(user_service("web", 1, **labels), vrrp_version=vrrp_version, advert_interval=1.0)
    assert reading.wish is None
    return reading.problems


def test_one_label_is_enough() -> None:
    asked = wish(vip="192.0.2.50")
    assert [vip.cidr for vip in asked.virtual_ips] == ["192.0.2.50/32"]
    assert (asked.vrid, asked.follows, asked.preempt, asked.advert_interval) == (None, False, None, 0.1)


def test_every_label_is_heard() -> None:
    asked = wish(vip="192.0.2.50, fd00::50/64@eth1", vrid="9", track="LOCAL", preempt="true", advert_interval="0.5")
    assert [str(vip) for vip in asked.virtual_ips] == ["192.0.2.50/32", "fd00::50/64@eth1"]
    assert (asked.vrid, asked.follows, asked.preempt, asked.advert_interval) == (9, True, True, 0.5)


def test_a_port_published_in_host_mode_makes_the_virtual_ip_follow_the_tasks() -> None:
    assert wish(vip="192.0.2.50", on_host="yes").follows
    assert not wish(vip="192.0.2.50", on_host="yes", track="none").follows


@pytest.mark.parametrize(
    ("label", "value", "rule"),
    [
        ("vip", "192.0.2.300", "does not start with an IPv4 or IPv6 address"),
        ("vip", "", "must name one or more free addresses"),
        ("vip", "192.0.2.5\u0661", "must be printable ASCII"),
        ("vip", "192.0.2.5 192.0.2.5/24", "names 192.0.2.5 twice"),
        ("vip", "224.0.0.1", "no host can have"),
        ("vrid", "256", "must be a whole number from 1 to 255"),
        ("track", "remote", "must be one of local, none"),
        ("preempt", "perhaps", "must be true or false"),
        ("advert_interval", "0.001", "must be seconds, from 0.01"),
        ("vpi", "192.0.2.5", "there is no such label"),
    ],
)
def test_a_bad_label_is_refused_by_service_label_and_value(label: str, value: str, rule: str) -> None:
    (problem,) = problems(3, **{"vip": "192.0.2.50", label: value})
    assert problem.startswith(f"Service web: label keepalived.{label.replace('_', '-')}={value} is refused: ")
    assert rule in problem


def test_all_bad_labels_of_a_service_are_told_at_once() -> None:
    assert len(problems(vip="here", vrid="0", track="x")) == 3


def test_an_interval_that_the_stacks_vrrp_version_cannot_say_is_refused() -> None:
    assert "the stack speaks VRRPv2" in problems(2, vip="192.0.2.50", advert_interval="0.5")[0]
