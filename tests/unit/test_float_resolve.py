"""A spec meets a host: devices and source found, and a sentence for everything that this host cannot carry."""

from __future__ import annotations

import ipaddress

import pytest

from float.host import HostAddress
from float.resolve import ResolvedRouter, ResolvedSpec, UnresolvableError, resolve
from shared.models import FloatSpec, Peer, ServiceClaim, Transport, VirtualIp, VirtualRouter
from tests.unit.float_samples import BEST, OURS, ROUTER, SECOND, SPEC, WORST, address, host, ips

HOST6 = (address("2001:db8::3/64"), address("fe80::3/64"))
PEER6 = Peer(address=ipaddress.ip_address("2001:db8::1"), hostname="six", priority=250)


def spec(*vips: str, excluded: tuple[str, ...] = (), peers: tuple[Peer, ...] = (BEST, SECOND, WORST)) -> FloatSpec:
    """A spec with these virtual IPs."""
    router = ROUTER.model_copy(
        update={
            "virtual_ips": tuple(VirtualIp.parse(text) for text in vips),
            "excluded": tuple(VirtualIp.parse(text) for text in excluded),
            "peers": peers,
        }
    )
    return SPEC.model_copy(update={"virtual_routers": (router,)})


def on_host(wanted: FloatSpec, *extra: HostAddress) -> ResolvedRouter:
    """The first router on a host that has these addresses beside its own."""
    return resolve(wanted, host(*extra), frozenset()).routers[0]


def problems(wanted: FloatSpec, *extra: HostAddress, owned: str = "192.0.2.77", gateway: str = "192.0.2.254") -> str:
    """All that is wrong, one line each."""
    with pytest.raises(UnresolvableError) as refusal:
        resolve(wanted, host(*extra, gateway=gateway), ips(owned))
    return "\n".join(refusal.value.problems)


# What it finds by itself.


def test_a_vip_without_device_goes_where_its_subnet_is() -> None:
    router = on_host(spec("198.51.100.9"), address("198.51.100.1/24", "eth1"))
    assert str(router.advertised) == "198.51.100.9/32@eth1"


def test_the_narrowest_subnet_wins() -> None:
    router = on_host(spec("198.51.100.9"), address("198.51.100.1/24"), address("198.51.100.8/30", "eth1"))
    assert router.advertised.device == "eth1"


def test_a_device_that_the_user_named_is_kept() -> None:
    assert on_host(spec("203.0.113.9@eth1")).advertised.device == "eth1"


def test_the_nic_with_the_swarm_address_carries_the_adverts_from_that_address() -> None:
    router = on_host(spec("192.0.2.100"), address("192.0.2.5/24"))
    assert (router.interface, router.source, router.transport) == ("eth0", OURS, Transport.UNICAST)


LISTED = Peer(address=ipaddress.ip_address("198.51.100.2"))
"""One that the user listed."""


def test_an_interface_that_the_user_named_sends_from_its_own_address() -> None:
    named = spec("192.0.2.100", peers=(LISTED,)).model_copy(update={"interface": "eth1"})
    router = on_host(named, address("198.51.100.1/24", "eth1"))
    assert (router.interface, router.source) == ("eth1", ipaddress.ip_address("198.51.100.1"))


def test_an_interface_from_which_the_other_managers_would_take_no_advert_is_refused() -> None:
    named = spec("192.0.2.100").model_copy(update={"interface": "eth1"})
    said = problems(named, address("198.51.100.1/24", "eth1"))
    assert said.startswith("interface 'eth1' does not carry 192.0.2.3, by which the other managers know this node")
    assert "keepalived.address" in said


@pytest.mark.parametrize(
    "change",
    [{"node_address": ipaddress.ip_address("198.51.100.1")}, {"transport": Transport.MULTICAST}],
    ids=["labelled", "multicast"],
)
def test_another_interface_goes_with_a_label_or_with_multicast(change: dict[str, object]) -> None:
    named = spec("192.0.2.100").model_copy(update={"interface": "eth1", **change})
    assert on_host(named, address("198.51.100.1/24", "eth1")).interface == "eth1"


def test_a_vip_of_keepalived_itself_is_never_the_source_nor_a_subnet() -> None:
    named = spec("192.0.2.100", peers=(LISTED,)).model_copy(update={"interface": "eth1"})
    router = on_host(named, address("192.0.2.101/28", "eth1", marked=True), address("198.51.100.1/24", "eth1"))
    assert router.source == ipaddress.ip_address("198.51.100.1")
    assert router.advertised.device == "eth0"


def test_only_the_first_vip_is_named_in_adverts() -> None:
    router = on_host(spec("192.0.2.100", "192.0.2.101", excluded=("192.0.2.102",)))
    assert str(router.advertised.address) == "192.0.2.100"
    assert [str(v) for v in router.excluded] == ["192.0.2.101/32@eth0", "192.0.2.102/32@eth0"]


def test_the_advertised_vip_is_of_the_family_of_the_adverts() -> None:
    router = on_host(spec("2001:db8::100", "192.0.2.100"), *HOST6)
    assert str(router.advertised.address) == "192.0.2.100"
    assert [str(v.address) for v in router.excluded] == ["2001:db8::100"]


def test_only_ipv6_vips_beside_an_ipv4_swarm_travel_by_multicast() -> None:
    router = on_host(spec("2001:db8::100"), *HOST6)
    assert (router.transport, router.source, router.interface) == (Transport.MULTICAST, None, "eth0")


def test_an_interface_without_ipv4_sends_by_multicast_from_its_own_address() -> None:
    named = spec("2001:db8:1::100@eth1").model_copy(update={"interface": "eth1"})
    router = on_host(named, address("fe80::1/64", "eth1"))
    assert (router.transport, router.source) == (Transport.MULTICAST, None)


def test_an_ipv6_swarm_advertises_from_its_ipv6_address_to_ipv6_peers() -> None:
    six = spec("2001:db8::100", peers=(PEER6, BEST)).model_copy(
        update={"node_address": ipaddress.ip_address("2001:db8::3")}
    )
    router = on_host(six, *HOST6)
    assert (router.transport, router.source) == (Transport.UNICAST, ipaddress.ip_address("2001:db8::3"))
    assert router.peers == (PEER6.address,)


def test_peers_of_the_other_family_are_left_out() -> None:
    assert on_host(spec("192.0.2.100", peers=(PEER6, BEST))).peers == (BEST.address,)


def test_all_addresses_of_a_spec_are_known() -> None:
    wanted = resolve(spec("192.0.2.100", excluded=("192.0.2.102",)), host(), frozenset())
    assert wanted.addresses == ips("192.0.2.100", "192.0.2.102")


def test_a_vip_that_this_node_carries_already_is_still_resolved() -> None:
    carried = address("192.0.2.100/32")
    assert resolve(spec("192.0.2.100"), host(carried), ips("192.0.2.100")).routers[0].advertised.device == "eth0"


def test_a_vip_with_keepalived_mark_is_ours_without_a_record() -> None:
    assert on_host(spec("192.0.2.100"), address("192.0.2.100/32", marked=True)).advertised.device == "eth0"


# What it refuses.


def test_an_interface_that_is_not_there_is_named_with_those_that_are() -> None:
    named = spec("192.0.2.100").model_copy(update={"interface": "bond0"})
    assert problems(named) == "interface 'bond0' (KEEPALIVED_INTERFACE) is not on this node; it has eth0, eth1"


def test_a_swarm_address_that_is_not_there_says_what_to_set() -> None:
    elsewhere = spec("192.0.2.100").model_copy(update={"node_address": ipaddress.ip_address("203.0.113.1")})
    assert problems(elsewhere) == (
        "no interface of this node carries its Swarm address 203.0.113.1; set KEEPALIVED_INTERFACE "
        "or the node label keepalived.interface to one of eth0, eth1"
    )


def test_a_vip_on_a_device_that_is_not_there_is_refused() -> None:
    assert problems(spec("192.0.2.100@bond0")) == (
        "virtual IP 192.0.2.100/32@bond0: interface 'bond0' is not on this node; it has eth0, eth1"
    )


def test_a_vip_of_no_subnet_is_refused_with_the_subnets_that_are_there() -> None:
    assert problems(spec("203.0.113.9")) == (
        "virtual IP 203.0.113.9/32: no subnet of this node holds it; take an address of one of 192.0.2.0/24, "
        "or name its interface as 203.0.113.9/32@DEV"
    )


@pytest.mark.parametrize("held", [address("203.0.113.9/32", marked=True), address("203.0.113.9/32")])
def test_a_vip_of_no_subnet_is_refused_by_its_holder_too(held: HostAddress) -> None:
    assert "no subnet of this node holds it" in problems(spec("203.0.113.9"), held, owned="203.0.113.9")


def test_the_default_gateway_is_refused_as_a_vip() -> None:
    assert problems(spec("192.0.2.254")) == "virtual IP 192.0.2.254/32 is this node's default gateway"


def test_an_address_of_the_node_itself_is_refused_as_a_vip() -> None:
    assert problems(spec("192.0.2.3@eth0")) == (
        "virtual IP 192.0.2.3/32 is an address of this node itself; take one that nobody uses"
    )


def test_excluded_addresses_are_checked_as_well() -> None:
    assert "192.0.2.254/32" in problems(spec("192.0.2.100", excluded=("192.0.2.254",)))


def test_vrrpv2_cannot_carry_only_ipv6() -> None:
    two = spec("2001:db8::100").model_copy(update={"vrrp_version": 2})
    assert problems(two, *HOST6) == "virtual router vip has only IPv6 addresses, which VRRPv2 cannot carry"


def test_all_problems_are_told_at_once_and_each_once() -> None:
    wrong = spec("192.0.2.254", "192.0.2.3@eth0", "203.0.113.9", excluded=("203.0.113.9",))
    assert len(problems(wrong).splitlines()) == 3


# Services' claims: one that this host cannot carry goes alone.


def claiming(name: str, *vips: str) -> VirtualRouter:
    """A router of services, each with one virtual IP."""
    claims = tuple(
        ServiceClaim(service=f"{name}{number}", label=text, virtual_ips=(VirtualIp.parse(text),))
        for number, text in enumerate(vips)
    )
    virtual_ips = tuple(vip for claim in claims for vip in claim.virtual_ips)
    return ROUTER.model_copy(update={"name": name, "vrid": 50, "virtual_ips": virtual_ips, "claims": claims})


def carried(*routers: VirtualRouter, against: dict[str, str] | None = None) -> ResolvedSpec:
    """What this host makes of them beside the stack's own."""
    wanted = SPEC.model_copy(update={"virtual_routers": (ROUTER, *routers)})
    return resolve(wanted, host(), frozenset(), against=against or {})


@pytest.mark.parametrize(
    ("vip", "why"),
    [
        ("203.0.113.9", "no subnet of this node holds it"),
        ("192.0.2.254", "is this node's default gateway"),
        ("192.0.2.3", "is an address of this node itself"),
        ("192.0.2.9@eth9", "interface 'eth9' is not on this node"),
        ("192.0.2.0", "is the first or the last address of 192.0.2.0/24, which no host can have"),
        ("192.0.2.255/24", "is the first or the last address of 192.0.2.0/24, which no host can have"),
    ],
)
def test_a_claim_that_this_host_cannot_carry_is_left_out_and_nothing_else(vip: str, why: str) -> None:
    found = carried(claiming("web", vip))
    assert [router.router.name for router in found.routers] == ["vip"]
    (refusal,) = found.refusals
    assert refusal.startswith(f"Service web0: label keepalived.vip={vip} is refused: ")
    assert why in refusal


@pytest.mark.parametrize("bridge", ["docker0", "docker_gwbridge", "br-0123456789ab"])
def test_no_service_gets_an_address_of_dockers_own_containers(bridge: str) -> None:
    wanted = SPEC.model_copy(update={"virtual_routers": (ROUTER, claiming("web", "172.17.0.9"))})
    found = resolve(wanted, host(address("172.17.0.1/16", bridge)), frozenset())
    assert f"is of a network of Docker's own containers on this node ({bridge})" in found.refusals[0]


def test_a_bridge_of_the_operators_own_may_carry_services() -> None:
    wanted = SPEC.model_copy(update={"virtual_routers": (ROUTER, claiming("web", "198.51.100.9"))})
    assert resolve(wanted, host(address("198.51.100.1/24", "br-lan")), frozenset()).refusals == ()


def test_services_that_share_a_router_are_refused_one_by_one() -> None:
    found = carried(claiming("web", "203.0.113.9", "192.0.2.60", "192.0.2.61"))
    assert [vip.cidr for vip in found.routers[1].addresses] == ["192.0.2.60/32", "192.0.2.61/32"]
    assert len(found.refusals) == 1


def test_what_was_found_against_a_claim_elsewhere_leaves_it_out_too() -> None:
    found = carried(claiming("web", "192.0.2.60", "192.0.2.61"), against={"web1": "somebody has it"})
    assert [claim.service for claim in found.routers[1].router.claims] == ["web0"]
    assert found.refusals == ("Service web1: label keepalived.vip=192.0.2.61 is refused: somebody has it",)
