"""The lab's names: what belongs to one lab belongs to no other."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from tests.lab.faults import choose_keepalived
from tests.lab.plan import Plan


def test_a_lab_does_not_own_the_namespaces_of_a_lab_whose_name_begins_alike() -> None:
    assert Plan().owns("keepalived-lab-h1")
    assert not Plan().owns("keepalived-lab-two-h1")


def test_two_labs_on_two_subnets_share_no_interface_and_no_folder() -> None:
    first, second = Plan(), Plan("lab2", IPv4Network("10.89.0.0/24"))
    assert first.uplink != second.uplink
    assert first.state != second.state
    assert first.data != second.data


def test_a_name_that_could_leave_its_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="lab name"):
        Plan("../etc")


def test_keepaliveds_child_is_the_one_whose_parent_is_keepalived_too() -> None:
    rows = ["10 1 python3", "20 10 keepalived", "21 20 keepalived"]
    assert choose_keepalived(rows, "parent") == ["20"]
    assert choose_keepalived(rows, "child") == ["21"]
    assert choose_keepalived(rows, "both") == ["20", "21"]
