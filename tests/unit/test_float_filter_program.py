"""The programs as the kernel runs them, on a socket that takes whatever bytes are sent to it."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Sequence

import pytest

from float import packet_filter
from float.filter_program import Instruction, Members, adverts_of, all_but_adverts_of, arp_claims, neighbour_claims
from tests.contract.forged import Forged, gratuitous_arp, neighbour_advertisement

PEERS = frozenset(ipaddress.ip_address(f"192.0.2.{n}") for n in range(1, 200))
GROUP = Members(frozenset(range(70, 90)), PEERS, 3)
ADVERT = Forged("192.0.2.1", vrid=77)
MAC = bytes([2, 0, 0, 0, 0, 9])


def passes(program: Sequence[Instruction], packet: bytes) -> bool:
    """Whether the kernel lets it through."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        here.setblocking(False)
        packet_filter.attach(here, tuple(program))
        with contextlib.suppress(PermissionError):  # so a filter tells the sender of a Unix socket
            there.send(packet)
        with contextlib.suppress(BlockingIOError):
            return bool(here.recv(4096))
        return False


def told(members: Members, advert: Forged) -> tuple[bool, bool]:
    """Whether it is a member's, and whether it is anybody else's."""
    packet = advert.packet("192.0.2.3")
    return passes(adverts_of(members, 4), packet), passes(all_but_adverts_of(members, 4), packet)


@pytest.mark.parametrize("source", ["192.0.2.1", "192.0.2.100", "192.0.2.199"])
@pytest.mark.parametrize("vrid", [70, 77, 89])
def test_an_advert_of_a_peer_is_a_members(source: str, vrid: int) -> None:
    assert told(GROUP, ADVERT.but(source=source, vrid=vrid)) == (True, False)


@pytest.mark.parametrize(
    "advert",
    [
        ADVERT.but(source="192.0.2.200"),
        ADVERT.but(vrid=90),
        ADVERT.but(version=2),
        ADVERT.but(kind=2),
        ADVERT.but(ttl=254),
        ADVERT.but(cut_to=7),
        ADVERT.but(cut_to=0),
    ],
)
def test_everything_else_is_somebody_elses(advert: Forged) -> None:
    assert told(GROUP, advert) == (False, True)


def test_with_multicast_anybodys_advert_of_our_vrid_is_a_members() -> None:
    group = Members(frozenset({77}), None, 3)
    assert told(group, ADVERT.but(source="198.51.100.1")) == (True, False)
    assert told(group, ADVERT.but(vrid=78)) == (False, True)


def test_before_there_is_a_spec_nobody_is_a_member() -> None:
    assert told(Members(), ADVERT) == (False, True)


def test_beside_a_users_own_template_any_version_and_ttl_will_do() -> None:
    group = Members(frozenset({77}), PEERS, None, direct=False)
    assert told(group, ADVERT.but(version=2, ttl=60)) == (True, False)


def test_only_arp_from_a_vip_is_a_claim() -> None:
    program = arp_claims([ipaddress.ip_address(f"192.0.2.{n}") for n in range(100, 200)])
    assert passes(program, gratuitous_arp(MAC, "192.0.2.100", reply=True))
    assert passes(program, gratuitous_arp(MAC, "192.0.2.199", reply=False))
    assert not passes(program, gratuitous_arp(MAC, "192.0.2.200", reply=True))
    assert not passes(program, b"")


def test_only_an_advertisement_of_a_vip_is_a_claim() -> None:
    program = neighbour_claims([ipaddress.ip_address(f"2001:db8::{n}") for n in range(100, 200)])
    assert passes(program, neighbour_advertisement(MAC, "2001:db8::100"))
    assert passes(program, neighbour_advertisement(MAC, "2001:db8::199"))
    assert not passes(program, neighbour_advertisement(MAC, "2001:db8::200"))
    assert not passes(program, neighbour_advertisement(MAC, "2001:db8::100")[:60])


def test_claims_of_more_addresses_than_a_kernel_takes_instructions_are_all_heard() -> None:
    many = arp_claims([ipaddress.ip_address(f"10.0.{n // 250}.{n % 250}") for n in range(3000)])
    assert passes(many, gratuitous_arp(MAC, "192.0.2.200", reply=True))
    many6 = neighbour_claims([ipaddress.ip_address(f"2001:db8::{n:x}") for n in range(1, 1001)])
    assert passes(many6, neighbour_advertisement(MAC, "2001:db9::200"))
    assert not passes(many6, gratuitous_arp(MAC, "192.0.2.200", reply=True))


def test_a_very_large_group_is_not_told_by_its_sources() -> None:
    many = Members(frozenset({77}), frozenset(ipaddress.ip_address(f"10.0.{n // 250}.{n % 250}") for n in range(1000)))
    assert told(many, ADVERT) == (True, False)
