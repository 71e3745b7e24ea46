"""Adverts on the wire, byte by byte (RFC 9568, section 5.2; RFC 3768 for version 2)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from float.advert import Advert, parse_advert, parse_ipv4_packet

SENDER = ipaddress.ip_address("192.0.2.1")
VERSION_3 = bytes([0x31, 77, 250, 1, 0x00, 0x0A, 0xAB, 0xCD, 192, 0, 2, 100])
VERSION_2 = bytes([0x21, 77, 100, 1, 1, 1, 0xAB, 0xCD, 192, 0, 2, 100]) + b"password"
HEADER = bytes([0x45, 0xC0, 0, 32, 0, 0, 0, 0, 255, 112, 0, 0]) + SENDER.packed + bytes([192, 0, 2, 3])


@pytest.mark.parametrize(
    ("payload", "advert"), [(VERSION_3, Advert(SENDER, 3, 77, 250)), (VERSION_2, Advert(SENDER, 2, 77, 100))]
)
def test_an_advert_tells_version_vrid_and_priority(payload: bytes, advert: Advert) -> None:
    assert parse_advert(SENDER, payload) == advert


@pytest.mark.parametrize(("payload", "seconds"), [(VERSION_3, 0.1), (VERSION_2, 1.0)])
def test_an_advert_tells_its_interval(payload: bytes, seconds: float) -> None:
    heard = parse_advert(SENDER, payload)
    assert heard is not None
    assert heard.interval == seconds


def test_an_advert_over_ipv6_reads_the_same() -> None:
    sender = ipaddress.ip_address("fe80::1")
    assert parse_advert(sender, VERSION_3) == Advert(sender, 3, 77, 250)


def test_a_farewell_has_priority_0() -> None:
    assert parse_advert(SENDER, bytes([0x31, 77, 0, 1, 0, 10, 0, 0])) == Advert(SENDER, 3, 77, 0)


@pytest.mark.parametrize(
    "payload", [b"", VERSION_3[:7], b"\x11" + VERSION_3[1:], b"\x41" + VERSION_3[1:], b"\x32" + VERSION_3[1:]]
)
def test_what_is_no_advert_is_ignored(payload: bytes) -> None:
    assert parse_advert(SENDER, payload) is None


def test_a_raw_packet_names_its_sender() -> None:
    assert parse_ipv4_packet(HEADER + VERSION_3) == Advert(SENDER, 3, 77, 250)


def test_a_raw_packet_with_ip_options_reads_the_same() -> None:
    options = b"\x46" + HEADER[1:] + b"\x94\x04\x00\x00"
    assert parse_ipv4_packet(options + VERSION_3) == Advert(SENDER, 3, 77, 250)


@pytest.mark.parametrize("packet", [b"", HEADER[:19], HEADER, HEADER + VERSION_3[:7]])
def test_a_packet_that_is_cut_short_is_ignored(packet: bytes) -> None:
    assert parse_ipv4_packet(packet) is None


@given(st.binary(max_size=80))
def test_no_packet_of_the_network_can_stop_the_float(packet: bytes) -> None:
    advert = parse_ipv4_packet(packet)
    assert advert is None or advert.version in (2, 3)
