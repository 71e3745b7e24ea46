"""What supervisor and lease keeper say to each other over their pipe."""

from __future__ import annotations

import ipaddress

import pytest

from float.lease import parse_holding

VIP = ("eth0", ipaddress.ip_address("192.0.2.100"))
VIP6 = ("eth1", ipaddress.ip_address("2001:db8::100"))


def test_each_vip_is_held_on_its_device() -> None:
    assert parse_holding(b'[["eth0", "192.0.2.100"], ["eth1", "2001:db8::100"]]') == {VIP, VIP6}


def test_a_node_that_holds_nothing_says_so() -> None:
    assert parse_holding(b"[]") == frozenset()


@pytest.mark.parametrize("line", [b"", b"[", b'[["eth0"]]', b'[["eth0", "x"]]'])
def test_a_line_that_is_no_list_of_vips_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_holding(line)
