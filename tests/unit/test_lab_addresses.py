"""The lab's address watch: what it reads from netlink, and when it calls two holders an overlap."""

from __future__ import annotations

import socket
import struct

from tests.lab.address_watch import Change, parse, spans


def _message(kind: int, address: str) -> bytes:
    packed = socket.inet_aton(address)
    body = struct.pack("=BBBBI", socket.AF_INET, 32, 0, 0, 2) + struct.pack("=HH", 8, 2) + packed
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_a_datagram_tells_every_address_that_came_and_went() -> None:
    datagram = _message(20, "10.88.0.100") + _message(21, "10.88.0.101")
    assert list(parse(datagram)) == [("10.88.0.100", True), ("10.88.0.101", False)]


def test_two_hosts_with_the_address_at_once_overlap_until_one_drops_it() -> None:
    handover = [
        Change(1.0, "h1", "10.88.0.100", present=True),
        Change(2.0, "h2", "10.88.0.100", present=True),
        Change(2.5, "h1", "10.88.0.100", present=False),
    ]
    assert list(spans(handover, lambda holders: holders > 1, until=9.0)) == [(2.0, 0.5)]


def test_an_absence_that_has_not_ended_lasts_until_now() -> None:
    departure = [Change(1.0, "h1", "10.88.0.100", present=True), Change(2.0, "h1", "10.88.0.100", present=False)]
    assert list(spans(departure, lambda holders: holders == 0, until=5.0)) == [(2.0, 3.0)]
