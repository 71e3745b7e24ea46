"""A float alone: whose wire format it speaks, over which interface, to whom; and what this host lacks for that."""

from __future__ import annotations

import pytest

from float.alone import build, introduction
from float.host import HostAddress, HostView
from float.resolve import UnresolvableError, resolve
from shared.ancestors import Ancestor
from shared.models import FloatSpec, Transport
from tests.unit.alone_samples import told
from tests.unit.float_samples import address, host

RECIPE = {
    "KEEPALIVED_UNICAST_PEERS": "#PYTHON2BASH:['192.0.2.3', '192.0.2.2']",
    "KEEPALIVED_VIRTUAL_IPS": "192.0.2.100",
    "KEEPALIVED_PRIORITY": "200",
}
C_LINE = {
    "VIRTUAL_IP": "10.11.12.99",
    "CHECK_PORT": "443",
    "VIRTUAL_MASK": "24",
    "VRID": "99",
    "INTERFACE": "eth1",
}
ETH1 = address("198.51.100.3/24", "eth1")


def spec(words: str = "", *addresses: HostAddress, **variables: str) -> FloatSpec:
    """What a float so told runs on the sample host."""
    return build(told(words, **variables), host(*addresses))


def without_eth0(*addresses: HostAddress) -> HostView:
    """A host whose NICs have modern names."""
    return HostView(interfaces=("lo", "ens3", "ens4"), addresses=addresses)


def problems(host_view: HostView, words: str = "", **variables: str) -> tuple[str, ...]:
    """What the host lacks."""
    with pytest.raises(UnresolvableError) as refusal:
        build(told(words, **variables), host_view)
    return refusal.value.problems


# The wire format.


def test_our_variables_alone_speak_as_osixia_does() -> None:
    found = spec(KEEPALIVED_VIRTUAL_IPS="192.0.2.100")
    router = found.virtual_routers[0]
    assert (found.vrrp_version, router.vrid, router.priority, router.advert_interval) == (2, 51, 150, 1.0)
    assert (found.password, found.interface, router.preempt) == ("d0cker", "eth0", False)


def test_the_variables_of_rancher_users_speak_as_their_image_does() -> None:
    found = spec("", ETH1, **C_LINE)
    router = found.virtual_routers[0]
    assert (found.vrrp_version, router.vrid, router.priority, router.advert_interval) == (2, 99, 100, 1.0)
    assert (found.password, found.interface, found.transport) == ("blahblah", "eth1", Transport.MULTICAST)
    assert [str(vip) for vip in router.virtual_ips] == ["10.11.12.99/24@eth1"]


def test_arguments_speak_as_solnet_does() -> None:
    found = spec("--master eth0 100 203.0.113.0/24/eth0")
    router = found.virtual_routers[0]
    assert (found.vrrp_version, router.vrid, router.priority, router.advert_interval) == (2, 1, 100, 1.0)
    assert (found.password, router.preempt, found.transport) == ("12345678", True, Transport.MULTICAST)


@pytest.mark.parametrize(
    ("words", "variables"),
    [("", {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.100"}), ("", {**C_LINE, "INTERFACE": "eth0"}), ("eth0 9 192.0.2.9", {})],
)
def test_vrrp_version_3_turns_the_fast_adverts_on_and_the_password_off(words: str, variables: dict[str, str]) -> None:
    found = spec(words, KEEPALIVED_VRRP_VERSION="3", **variables)
    assert (found.vrrp_version, found.password, found.virtual_routers[0].advert_interval) == (3, None, 0.1)


def test_what_is_said_wins_over_what_the_replaced_image_would_have_said() -> None:
    found = spec("", KEEPALIVED_PASSWORD="mine", KEEPALIVED_VRID="7", KEEPALIVED_ADVERT_INTERVAL="2", **RECIPE)
    router = found.virtual_routers[0]
    assert (found.password, router.vrid, router.priority, router.advert_interval) == ("mine", 7, 200, 2.0)


def test_ipv6_alone_goes_by_version_3_once_a_second_and_without_a_password() -> None:
    found = spec(KEEPALIVED_VIRTUAL_IPS="2001:db8::100")
    assert (found.vrrp_version, found.password, found.virtual_routers[0].advert_interval) == (3, None, 1.0)


@pytest.mark.parametrize("priority", ["1", "49", "50", "254"])
def test_the_priority_is_exactly_the_one_given_and_nobody_preempts_by_it(priority: str) -> None:
    router = spec(KEEPALIVED_VIRTUAL_IPS="192.0.2.100", KEEPALIVED_PRIORITY=priority).virtual_routers[0]
    assert (router.priority, router.demotable) == (int(priority), False)


@pytest.mark.parametrize(
    ("words", "variables", "ancestor"),
    [
        ("", {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1"}, Ancestor.OSIXIA),
        ("", {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "CHECK_PORT": "80", "VRID": "5"}, Ancestor.OSIXIA),
        ("", {"VIRTUAL_IP": "192.0.2.1"}, Ancestor.NEOASSIST),
        ("", {"VIRTUAL_IP": "192.0.2.1", "KEEPALIVED_PRIORITY": "9"}, Ancestor.NEOASSIST),
        ("eth0 9 192.0.2.1", {"KEEPALIVED_CHECK_PORT": "80"}, Ancestor.SOLNET),
    ],
)
def test_whose_place_is_taken_shows_in_how_the_virtual_ips_are_named(
    words: str, variables: dict[str, str], ancestor: Ancestor
) -> None:
    assert told(words, **variables).ancestor is ancestor


# The host.


def test_the_own_address_among_the_peers_is_where_adverts_come_from_and_no_peer() -> None:
    found = spec("", address("192.0.2.9/24"), **RECIPE)
    assert str(found.node_address) == "192.0.2.3"
    assert [str(peer.address) for peer in found.virtual_routers[0].peers] == ["192.0.2.2"]


def test_an_own_address_beside_the_peers_is_taken_before_any_other() -> None:
    found = build(
        told(KEEPALIVED_VIRTUAL_IPS="192.0.2.100", KEEPALIVED_UNICAST_PEERS="198.51.100.7"),
        host(address("198.51.100.3/24")),
    )
    assert str(found.node_address) == "198.51.100.3"


def test_peers_over_ipv6_are_talked_to_from_an_ipv6_address() -> None:
    found = spec(
        "",
        address("fe80::3/64"),
        address("2001:db8::3/64"),
        KEEPALIVED_VIRTUAL_IPS="2001:db8::100",
        KEEPALIVED_UNICAST_PEERS="2001:db8::2,2001:db8::3",
    )
    assert str(found.node_address) == "2001:db8::3"


def test_a_vip_goes_to_the_nic_of_its_subnet_and_else_to_the_adverts_own() -> None:
    vips = spec("", ETH1, KEEPALIVED_VIRTUAL_IPS="198.51.100.9 203.0.113.9").virtual_routers[0].virtual_ips
    assert [vip.device for vip in vips] == ["eth1", "eth0"]


def test_a_device_that_is_named_is_obeyed_without_a_subnet() -> None:
    vips = spec("eth0 9 203.0.113.9/24/eth1").virtual_routers[0].virtual_ips
    assert [vip.device for vip in vips] == ["eth1"]


def test_without_eth0_the_nic_of_the_own_address_among_the_peers_is_taken() -> None:
    found = build(told(**RECIPE), without_eth0(address("192.0.2.9/24", "ens3"), address("192.0.2.3/24", "ens4")))
    assert found.interface == "ens4"


def test_without_eth0_and_peers_the_nic_of_the_virtual_ips_subnet_is_taken() -> None:
    found = build(told(KEEPALIVED_VIRTUAL_IPS="192.0.2.100"), without_eth0(address("192.0.2.3/24", "ens4")))
    assert found.interface == "ens4"


def test_a_host_that_gives_no_hint_is_told_which_interfaces_it_has() -> None:
    assert problems(without_eth0(), KEEPALIVED_VIRTUAL_IPS="192.0.2.100") == (
        "this host has no eth0 and no subnet for the virtual IPs; set KEEPALIVED_INTERFACE to one of ens3, ens4",
    )


@pytest.mark.parametrize(
    ("words", "variables", "name"),
    [
        ("", {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "KEEPALIVED_INTERFACE": "eht0"}, "KEEPALIVED_INTERFACE"),
        ("", {**C_LINE, "INTERFACE": "eht0"}, "INTERFACE"),
        ("eht0 9 192.0.2.1", {}, "track_iface"),
    ],
)
def test_an_interface_that_is_not_there_is_named_as_the_user_did(
    words: str, variables: dict[str, str], name: str
) -> None:
    assert problems(host(), words, **variables) == (
        f"{name}='eht0': is not an interface of this host; it has eth0, eth1",
    )


def test_an_interface_without_an_address_cannot_send_adverts() -> None:
    assert problems(host(), KEEPALIVED_VIRTUAL_IPS="192.0.2.1", KEEPALIVED_INTERFACE="eth1") == (
        "interface 'eth1' has no IPv4 address of its own from which adverts could go",
    )


# What keepalived is to advertise.


def test_the_adverts_name_every_virtual_ip_as_plain_peers_demand() -> None:
    found = spec(
        "",
        KEEPALIVED_VIRTUAL_IPS="192.0.2.100 192.0.2.101 2001:db8::1@eth0",
        KEEPALIVED_VIRTUAL_IPS_EXCLUDED="192.0.2.102",
    )
    router = resolve(found, host(), frozenset()).routers[0]
    named = (router.advertised, *router.also_advertised)
    assert [str(vip.address) for vip in named] == ["192.0.2.100", "192.0.2.101"]
    assert [str(vip.address) for vip in router.excluded] == ["2001:db8::1", "192.0.2.102"]


# What it says of itself.


def line(words: str = "", **variables: str) -> str:
    """What it says at start."""
    settings = told(words, **variables)
    return introduction(settings, build(settings, host(ETH1)))


def test_one_line_says_which_wire_format_is_spoken_and_why() -> None:
    assert line(**RECIPE) == (
        "this float runs alone and speaks VRRPv2, VRID 51, priority 200, every 1 s, unicast to 192.0.2.2 with a "
        "password on eth0: it takes the place of osixia/keepalived, since neither VIRTUAL_IP nor arguments are given; "
        "KEEPALIVED_VRRP_VERSION=3 on every node makes it ten times as fast"
    )
    assert line(**C_LINE).endswith(
        "multicast to 224.0.0.18 with a password on eth1: it takes the place of NeoAssist/docker-keepalived, since "
        "VIRTUAL_IP is set; KEEPALIVED_VRRP_VERSION=3 on every node makes it ten times as fast"
    )
    assert line(KEEPALIVED_VIRTUAL_IPS="192.0.2.1", KEEPALIVED_VRRP_VERSION="3") == (
        "this float runs alone and speaks VRRPv3, VRID 51, priority 150, every 0.1 s, multicast to 224.0.0.18 "
        "on eth0: KEEPALIVED_VRRP_VERSION says so"
    )


@pytest.mark.parametrize("ancestors_password", ["d0cker", "blahblah", "12345678"])
def test_no_password_is_ever_said(ancestors_password: str) -> None:
    said = [line(**RECIPE), line(**C_LINE), line("eth0 9 192.0.2.9"), repr(told(**RECIPE)), repr(told(**C_LINE))]
    assert [text for text in said if ancestors_password in text] == []
