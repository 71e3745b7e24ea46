"""Every complaint of the doctor is made of the evidence that it is about, and of a healthy host none is."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from float.doctor import catalogue
from float.doctor.aim import Aim
from float.doctor.catalogue import COMPLAINTS
from float.doctor.evidence import Answer, BoundSocket, Evidence
from float.doctor.finding import Check, Complaint, Finding, Verdict
from float.doctor.host_checks import warnings
from float.host import HostAddress
from float.neighbour import Claim
from shared.models import Transport
from tests.unit import doctor_samples as world
from tests.unit.doctor_samples import (
    AIM,
    EVIDENCE,
    HOST,
    NETWORK,
    OUR_MAC,
    OURS,
    PEER,
    PEER_MAC,
    STRANGER,
    STRANGER_MAC,
    SYSCTLS,
    VIP,
    aim,
    findings,
    heard,
)

FOREIGN_VIP = ipaddress.ip_address("192.0.2.50")
CLAIMED = {"eth0": (Claim(VIP.address, STRANGER_MAC),)}
WITH_PEER = aim(str(VIP), peers=(PEER,))
MULTICAST = aim(str(VIP), transport=Transport.MULTICAST)

SPOILED: list[tuple[Complaint, Evidence, Aim, str]] = [
    (catalogue.CAPABILITY_MISSING, world.host(capabilities=1 << 13 | 1 << 23), AIM, "--cap-add=NET_ADMIN"),
    (catalogue.CAPABILITY_MISSING, world.host(capabilities=1 << 12 | 1 << 23), AIM, "--cap-add=NET_RAW"),
    (catalogue.PRIORITY_NOT_GRANTED, world.host(capabilities=1 << 12 | 1 << 13), AIM, "SYS_NICE"),
    (catalogue.KEEPALIVED_MISSING, world.host(keepalived=""), AIM, "no version"),
    (catalogue.KEEPALIVED_LACKS, world.host(keepalived=HOST.keepalived.replace("2.3.3", "2.2.7")), AIM, "2.2.7"),
    (catalogue.KEEPALIVED_LACKS, world.host(keepalived=HOST.keepalived.replace("JSON", "")), AIM, "without JSON"),
    (
        catalogue.IPV6_DISABLED,
        world.host(sysctls={**SYSCTLS, "net/ipv6/conf/eth0/disable_ipv6": "1"}),
        aim("192.0.2.100", "2001:db8::100@eth0"),
        "2001:db8::100 belongs on eth0",
    ),
    (
        catalogue.ARP_SILENCED,
        world.host(sysctls={**SYSCTLS, "net/ipv4/conf/all/arp_ignore": "8"}),
        AIM,
        "nobody would find 192.0.2.100",
    ),
    (
        catalogue.RP_FILTER_STRICT,
        world.host(sysctls={**SYSCTLS, "net/ipv4/conf/eth1/rp_filter": "1"}),
        aim("198.51.100.1@eth1"),
        "no subnet holds 198.51.100.1",
    ),
    (catalogue.USER_NAMESPACE, world.host(remapped=True), AIM, "not the host's root"),
    (catalogue.SELINUX, world.host(confinement="system_u:system_r:container_t:s0:c1,c2"), AIM, "container_t"),
    (catalogue.UNRESOLVABLE, EVIDENCE, aim("203.0.113.1"), "no subnet of this node holds it"),
    (catalogue.UNRESOLVABLE, EVIDENCE, aim("192.0.2.3"), "an address of this node itself"),
    (catalogue.UNRESOLVABLE, world.network(gateways=frozenset({VIP.address})), AIM, "default gateway"),
    (catalogue.INTERFACE_DOWN, world.network(down=frozenset({"eth0"})), AIM, "eth0 is off"),
    (catalogue.VIP_TAKEN, world.wire(claims=CLAIMED), AIM, f"192.0.2.100 is taken: {STRANGER_MAC}"),
    (
        catalogue.VIP_TAKEN,
        world.wire(claims=CLAIMED, adverts=(heard(PEER, names=(VIP.address,)),)),
        WITH_PEER,
        STRANGER_MAC,
    ),
    (
        catalogue.VRID_ON_THIS_HOST,
        world.wire(adverts=(heard(OURS, outgoing=True),)),
        AIM,
        "this host advertises VRID 77",
    ),
    (
        catalogue.VRID_TAKEN,
        world.wire(adverts=(heard(names=(FOREIGN_VIP,)),)),
        MULTICAST,
        f"192.0.2.66 ({STRANGER_MAC}) advertises VRID 77 for 192.0.2.50: VRRPv3, priority 100",
    ),
    (catalogue.VRID_SHARED, world.wire(adverts=(heard(names=(FOREIGN_VIP,)),)), AIM, "192.0.2.66"),
    (
        catalogue.VERSION_DIFFERS,
        world.wire(adverts=(heard(PEER, version=2),)),
        WITH_PEER,
        "192.0.2.1 speaks VRRPv2, this node VRRPv3",
    ),
    (
        catalogue.ADVERTS_DROPPED,
        world.wire(adverts=(heard(PEER, passed=False),)),
        WITH_PEER,
        "30 adverts of 192.0.2.1 reached eth0",
    ),
    (catalogue.SENDING_REFUSED, world.wire(answers={PEER: Answer.REFUSED_HERE}), WITH_PEER, "192.0.2.1"),
    (catalogue.PEER_REJECTS, world.wire(answers={PEER: Answer.REJECTED}), WITH_PEER, "192.0.2.1 rejects"),
    (catalogue.PEER_UNREACHABLE, world.wire(answers={PEER: Answer.UNREACHABLE}), WITH_PEER, "192.0.2.1"),
    (
        catalogue.NONLOCAL_BIND_OFF,
        world.host(sockets=(BoundSocket("tcp", VIP.address, 80),)),
        AIM,
        "a service binds 192.0.2.100",
    ),
    (
        catalogue.NONLOCAL_BIND_OFF,
        EVIDENCE,
        aim(str(VIP), service_binds=frozenset({VIP.address})),
        "a service binds 192.0.2.100",
    ),
    (
        catalogue.NETWORKD,
        world.host(unix_sockets=frozenset({"@ad30d1/bus/systemd-network/bus-api-network"})),
        AIM,
        "systemd-networkd runs",
    ),
    (
        catalogue.NETWORKD,
        world.host(unix_sockets=frozenset({"/run/systemd/netif/io.systemd.Network"})),
        AIM,
        "systemd-networkd runs",
    ),
    (catalogue.NETWORKD, world.host(networkd=True), AIM, "systemd-networkd runs"),
    (
        catalogue.NETWORK_MANAGER,
        world.host(unix_sockets=frozenset({"/run/NetworkManager/private-dhcp"})),
        AIM,
        "NetworkManager runs",
    ),
    (catalogue.DHCPCD, world.host(unix_sockets=frozenset({"/run/dhcpcd/sock"})), AIM, "dhcpcd runs"),
    (catalogue.DHCP_CLIENT, world.host(dhcp_client=True), AIM, "UDP port 68"),
    (catalogue.ANOTHER_VRRP, world.host(vrrp_sockets=2), AIM, "2 raw sockets"),
    (
        catalogue.SWARM_ON_VIP,
        world.host(sockets=(BoundSocket("tcp", VIP.address, 2377),)),
        AIM,
        "bound to 192.0.2.100",
    ),
    (
        catalogue.SWARM_ON_VIP,
        world.host(sockets=(BoundSocket("tcp", VIP.address, 41000, peer_port=2377),)),
        AIM,
        "bound to 192.0.2.100",
    ),
]
MADE_ELSEWHERE = {catalogue.SETTINGS_WRONG, catalogue.FLOAT_SILENT}
"""By the command, of settings and status; tests/contract/test_doctor.py."""


def matching(complaint: Complaint, made: tuple[Finding, ...]) -> list[Finding]:
    """The findings that are this complaint."""
    return [f for f in made if (f.check, f.verdict, f.remedy) == (complaint.check, complaint.verdict, complaint.remedy)]


@pytest.mark.parametrize(("complaint", "evidence", "wanted", "names"), SPOILED)
def test_what_is_wrong_is_complained_of(complaint: Complaint, evidence: Evidence, wanted: Aim, names: str) -> None:
    made = matching(complaint, findings(evidence, wanted))
    assert len(made) == 1
    assert names in made[0].text


def test_every_complaint_of_the_catalogue_has_its_case() -> None:
    assert {complaint for complaint, *_ in SPOILED} | MADE_ELSEWHERE == set(COMPLAINTS)


def test_a_host_with_nothing_wrong_is_fine_in_every_check() -> None:
    made = findings(EVIDENCE)
    assert {f.check for f in made} == set(Check) - {Check.SETTINGS}
    assert {f.verdict for f in made} <= {Verdict.OK, Verdict.NOTE}


@pytest.mark.parametrize(
    ("evidence", "check"),
    [
        (world.host(remapped=None), Check.CONFINEMENT),
        (world.host(unix_sockets=None), Check.NETWORK_MANAGER),
        (world.host(dhcp_client=None), Check.NETWORK_MANAGER),
        (world.host(sockets=None), Check.NONLOCAL_BIND),
        (world.host(sockets=None), Check.SWARM),
        (world.host(vrrp_sockets=None), Check.DUPLICATE),
        (world.wire(claims={"eth0": None}), Check.VIRTUAL_IP),
        (world.wire(claims={}), Check.VIRTUAL_IP),
        (world.wire(adverts=None), Check.VRID),
        (world.wire(adverts=None), Check.FIREWALL),
    ],
)
def test_what_cannot_be_looked_at_is_never_a_pass(evidence: Evidence, check: Check) -> None:
    verdicts = {f.verdict for f in findings(evidence) if f.check is check}
    assert Verdict.UNKNOWN in verdicts
    assert Verdict.OK not in verdicts


def test_a_peer_that_could_not_be_asked_is_never_a_pass() -> None:
    made = [f for f in findings(EVIDENCE, WITH_PEER) if f.check is Check.FIREWALL]
    assert [f.verdict for f in made] == [Verdict.UNKNOWN]


def test_with_an_unusable_interface_nothing_on_the_wire_is_a_pass() -> None:
    made = findings(EVIDENCE, aim("203.0.113.1"))
    checks = (Check.VIRTUAL_IP, Check.VRID, Check.FIREWALL)
    assert [f.verdict for f in made if f.check in checks] == [Verdict.UNKNOWN] * 3


def only(made: tuple[Finding, ...], check: Check) -> Finding:
    """The one finding of that check."""
    (found,) = (f for f in made if f.check is check)
    return found


def test_the_groups_own_master_is_no_stranger() -> None:
    evidence = world.wire(
        claims={"eth0": (Claim(VIP.address, PEER_MAC),)}, adverts=(heard(PEER, names=(VIP.address,)),)
    )
    made = findings(evidence, WITH_PEER)
    assert only(made, Check.VIRTUAL_IP).text == (f"192.0.2.100 is held by a node of this group, 192.0.2.1 ({PEER_MAC})")
    assert only(made, Check.VRID).verdict is Verdict.OK
    assert only(made, Check.FIREWALL).text == "adverts of 192.0.2.1 arrive here"


def test_a_router_that_advertises_our_own_virtual_ip_is_of_this_group_though_nobody_listed_it() -> None:
    evidence = world.wire(adverts=(heard(STRANGER, names=(VIP.address,)),))
    assert only(findings(evidence, MULTICAST), Check.VRID).verdict is Verdict.OK


def test_another_vrid_on_the_wire_is_told_and_harms_nobody() -> None:
    found = only(findings(world.wire(adverts=(heard(vrid=51),))), Check.VRID)
    assert found.verdict is Verdict.OK
    assert found.text.endswith("VRIDs heard: 51")


def test_the_running_floats_own_adverts_and_address_are_nobody_elses() -> None:
    evidence = replace(
        world.wire(adverts=(heard(OURS, outgoing=True),), claims={"eth0": (Claim(VIP.address, OUR_MAC),)}),
        network=replace(NETWORK, addresses=(*NETWORK.addresses, HostAddress("eth0", 2, VIP.address, 32, 18))),
    )
    made = findings(evidence, aim(str(VIP), running=True))
    assert only(made, Check.VIRTUAL_IP).text == "192.0.2.100: held by this node, and nobody else answers for it"
    assert only(made, Check.VRID).verdict is Verdict.OK


def test_two_lost_adverts_are_not_yet_a_firewall() -> None:
    few = replace(heard(PEER, passed=False), packets=2)
    assert only(findings(world.wire(adverts=(few,)), WITH_PEER), Check.FIREWALL).verdict is Verdict.OK


def test_a_peer_whose_kernel_answers_is_reached() -> None:
    evidence = world.wire(answers={PEER: Answer.ARRIVED})
    assert only(findings(evidence, WITH_PEER), Check.FIREWALL).verdict is Verdict.OK


def test_silence_of_a_peer_is_told_as_what_it_is() -> None:
    found = only(findings(world.wire(answers={PEER: Answer.SILENCE}), WITH_PEER), Check.FIREWALL)
    assert found.verdict is Verdict.NOTE
    assert "a firewall that drops it is as silent" in found.text


def test_a_service_may_bind_the_virtual_ip_where_the_kernel_allows_it() -> None:
    evidence = world.host(
        sockets=(BoundSocket("tcp", VIP.address, 80),), sysctls={**SYSCTLS, "net/ipv4/ip_nonlocal_bind": "1"}
    )
    assert only(findings(evidence), Check.NONLOCAL_BIND).verdict is Verdict.OK


def test_a_kernel_that_marks_no_addresses_is_told() -> None:
    bare = tuple(replace(a, protocol=None) for a in NETWORK.addresses)
    told = [f.text for f in findings(world.network(addresses=bare)) if f.verdict is Verdict.NOTE]
    assert any("older than 5.18" in text for text in told)


def test_the_buoy_hears_complaints_of_the_cheap_part_and_no_notes() -> None:
    spoiled = world.host(capabilities=1 << 12, remapped=True)
    told = warnings(spoiled.host)
    assert [text.partition(";")[0] for text in told] == [
        "doctor: capability NET_RAW is missing, so no adverts can be sent or heard: "
        "start the container with --cap-add=NET_RAW",
        "doctor: this container's root is not the host's root",
    ]
    assert warnings(HOST) == ()
