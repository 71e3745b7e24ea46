"""The tables of /proc, and VRRP packets as a packet socket sees them."""

from __future__ import annotations

import ipaddress

import pytest

from float.advert import parse_advert
from float.doctor import proc_tables
from float.doctor.evidence import BoundSocket
from float.doctor.frames import QUESTION, advert_in, sender

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0\n"
TCP = HEADER + f"   0: 640200C0:0050 00000000:0000 0A {REST}   1: 00000000:0016 00000000:0000 0A {REST}"
TCP6 = HEADER + (
    f"   0: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A {REST}"
    f"   1: 0000000000000000FFFF0000640200C0:A028 0000000000000000FFFF0000010200C0:0949 01 {REST}"
)
RAW = HEADER + f"   0: 00000000:0070 00000000:0000 07 {REST}   1: 00000000:0001 00000000:0000 07 {REST}"
UNIX = (
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "00000000c06ffcd3: 00000003 00000000 00000000 0001 03  1672\n"
    "00000000c06ffcd4: 00000002 00000000 00010000 0001 01  1673 @ad/bus/systemd-network/bus-api-network\n"
    "00000000c06ffcd5: 00000002 00000000 00010000 0001 01  1674 /run/a name\n"
)

NETLINK = (
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
    "0000000073d3257a 0   6182       800405dd 0        0        0     2        0        2279399 \n"
    "00000000473968c6 0   0          00000000 0        0        0     2        0        2280384 \n"
    "0000000046382f6a 15  6182       00000002 0        0        0     2        0        2279404 \n"
)
"""Of systemd-networkd 252."""


def test_systemd_networkd_is_known_by_what_it_listens_to() -> None:
    assert proc_tables.has_networkd(NETLINK)


@pytest.mark.parametrize(
    ("what", "instead"), [("800405dd", "00000555"), ("15  6182", "15  6183"), (" 00000002 ", " 00000001 ")]
)
def test_a_program_that_listens_to_less_is_another(what: str, instead: str) -> None:
    assert not proc_tables.has_networkd(NETLINK.replace(what, instead))


def test_sockets_that_are_bound_to_one_address_are_seen_and_the_others_not() -> None:
    assert proc_tables.sockets("tcp", TCP) == (BoundSocket("tcp", ipaddress.ip_address("192.0.2.100"), 80),)


def test_ipv4_in_ipv6_sockets_counts_as_ipv4() -> None:
    found = proc_tables.sockets("tcp", TCP6)
    assert found[0] == BoundSocket("tcp", ipaddress.ip_address("2001:db8::1"), 443)
    assert found[1] == BoundSocket("tcp", ipaddress.ip_address("192.0.2.100"), 41000, peer_port=2377)


def test_raw_sockets_of_protocol_112_are_told_from_others() -> None:
    assert proc_tables.vrrp_inodes(RAW) == {"4711"}
    assert proc_tables.vrrp_inodes(RAW.replace(":0070", ":0006")) == frozenset()


def test_unix_sockets_are_known_by_their_names() -> None:
    assert proc_tables.unix_names(UNIX) == {"@ad/bus/systemd-network/bus-api-network", "/run/a name"}


def test_bound_ports_are_seen_whatever_their_address() -> None:
    assert proc_tables.bound_ports(TCP) == {80, 22}


def test_any_map_of_users_but_the_first_ones_is_remapped() -> None:
    assert not proc_tables.is_remapped("         0          0 4294967295\n")
    assert proc_tables.is_remapped("         0     165536      65536\n")


IPV4 = bytes.fromhex("45c0002800000000ff700000c0000242e0000012")
VRRP = bytes.fromhex("314d6401000a0000c0000232")
ETHERNET = bytes.fromhex("01005e0000120200000000660800")


def test_an_advert_in_a_frame_names_router_addresses_and_sender() -> None:
    advert = advert_in(ETHERNET + IPV4 + VRRP)
    assert advert is not None
    assert (str(advert.source), advert.version, advert.vrid, advert.priority) == ("192.0.2.66", 3, 77, 100)
    assert advert.addresses == (ipaddress.ip_address("192.0.2.50"),)
    assert sender(ETHERNET) == "02:00:00:00:00:66"


def test_an_ipv6_advert_in_a_frame_is_read_as_well() -> None:
    source = ipaddress.IPv6Address("fe80::66")
    header = bytes.fromhex("6000000000187" + "0ff") + source.packed + ipaddress.IPv6Address("ff02::12").packed
    body = bytes.fromhex("314d6401000a0000") + ipaddress.IPv6Address("2001:db8::50").packed
    advert = advert_in(ETHERNET[:12] + b"\x86\xdd" + header + body)
    assert advert is not None
    assert (advert.source, advert.addresses) == (source, (ipaddress.ip_address("2001:db8::50"),))


def test_what_ends_early_is_no_advert_or_names_fewer_addresses() -> None:
    whole = ETHERNET + IPV4 + VRRP
    for length in range(len(whole)):
        advert = advert_in(whole[:length])
        assert advert is None or advert.addresses == ()


def test_our_question_is_an_advert_to_nobody() -> None:
    assert parse_advert(ipaddress.ip_address("192.0.2.3"), QUESTION) is None
