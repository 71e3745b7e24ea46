"""Frames that ask who has an address, and the claims in what comes back."""

from __future__ import annotations

import ipaddress

import pytest

from float.neighbour import Claim, announcement, claim_in, question
from shared.models import IpAddress

MAC = bytes.fromhex("0200000000aa")
VIP = ipaddress.ip_address("192.0.2.100")
VIP6 = ipaddress.ip_address("2001:db8::12:3456")
ALL_NODES = ipaddress.IPv6Address("ff02::1")


def test_an_arp_probe_names_no_sender_so_that_nobody_learns_from_it() -> None:
    frame = question(MAC, VIP)
    assert frame.hex() == (
        "ffffffffffff" + "0200000000aa" + "0806"
        "0001080006040001" + "0200000000aa" + "00000000" + "000000000000" + "c0000264"
    )  # fmt: skip


def test_a_neighbour_solicitation_goes_to_the_solicited_node_group_from_nobody() -> None:
    frame = question(MAC, VIP6)
    assert frame[:14].hex() == "3333ff123456" + "0200000000aa" + "86dd"
    assert frame[14:22].hex() == "6000000000183aff"
    assert ipaddress.IPv6Address(frame[22:38]).is_unspecified
    assert ipaddress.IPv6Address(frame[38:54]) == ipaddress.ip_address("ff02::1:ff12:3456")
    assert ipaddress.IPv6Address(frame[62:78]) == VIP6


def test_an_arp_announcement_names_the_address_as_sender_and_as_target() -> None:
    frame = announcement(MAC, VIP)
    assert frame.hex() == (
        "ffffffffffff" + "0200000000aa" + "0806"
        "0001080006040001" + "0200000000aa" + "c0000264" + "ffffffffffff" + "c0000264"
    )  # fmt: skip


@pytest.mark.parametrize(("router", "flags"), [(False, "20000000"), (True, "a0000000")])
def test_a_neighbour_announcement_overrides_what_all_nodes_believe(router: bool, flags: str) -> None:
    frame = announcement(MAC, VIP6, router=router)
    assert frame[:22].hex() == "333300000001" + "0200000000aa" + "86dd" + "6000000000203aff"
    assert (ipaddress.IPv6Address(frame[22:38]), ipaddress.IPv6Address(frame[38:54])) == (VIP6, ALL_NODES)
    assert frame[54:56].hex() == "8800"
    assert frame[58:62].hex() == flags
    assert ipaddress.IPv6Address(frame[62:78]) == VIP6
    assert frame[78:].hex() == "0201" + "0200000000aa"


@pytest.mark.parametrize("address", [VIP, VIP6])
def test_an_announcement_is_a_claim(address: IpAddress) -> None:
    assert claim_in(announcement(MAC, address)) == Claim(address, "02:00:00:00:00:aa")


def test_a_question_is_no_claim() -> None:
    assert claim_in(question(MAC, VIP)) is None
    assert claim_in(question(MAC, VIP6)) is None


@pytest.mark.parametrize("operation", ["0001", "0002"])
def test_who_speaks_arp_from_an_address_claims_it(operation: str) -> None:
    frame = bytes.fromhex(
        "ffffffffffff" + "0200000000bb" + "0806"
        "000108000604" + operation + "0200000000bb" + "c0000264" + "000000000000" + "c0000264"
    )  # fmt: skip
    assert claim_in(frame) == Claim(VIP, "02:00:00:00:00:bb")


def test_a_neighbour_advertisement_claims_its_target() -> None:
    assert claim_in(_advertisement()) == Claim(VIP6, "02:00:00:00:00:bb")


def test_an_advertisement_that_came_through_a_router_is_void() -> None:
    assert claim_in(_advertisement(hop_limit=254)) is None


@pytest.mark.parametrize("length", range(78))
def test_a_cut_frame_is_no_claim(length: int) -> None:
    assert claim_in(_advertisement()[:length]) is None


def _advertisement(hop_limit: int = 255) -> bytes:
    header = bytes.fromhex(f"6000000000183a{hop_limit:02x}") + bytes(32)
    return (
        bytes.fromhex("333300000001" + "0200000000bb" + "86dd")
        + header
        + bytes.fromhex("88000000a0000000")
        + (VIP6.packed)
    )
