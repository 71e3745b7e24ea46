"""Evidence of a host with nothing wrong, for the doctor's tests to spoil one thing of."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from float.advert import Advert
from float.doctor import host_checks, wire_checks
from float.doctor.aim import Aim
from float.doctor.evidence import Evidence, HeardAdvert, HostEvidence, WireEvidence
from float.doctor.finding import Finding
from float.host import HostAddress, HostView
from shared.models import FloatSpec, IpAddress, Peer, Transport, VirtualIp, VirtualRouter

OURS, PEER, STRANGER = (ipaddress.ip_address(f"192.0.2.{n}") for n in (3, 1, 66))
VIP = VirtualIp.parse("192.0.2.100/32@eth0")
VIP6 = VirtualIp.parse("2001:db8::100/128@eth0")
PEER_MAC, STRANGER_MAC, OUR_MAC = "02:00:00:00:00:01", "02:00:00:00:00:66", "02:00:00:00:00:03"

NETWORK = HostView(
    interfaces=("lo", "eth0", "eth1"),
    addresses=(
        HostAddress("lo", 1, ipaddress.ip_address("127.0.0.1"), 8, protocol=1),
        HostAddress("eth0", 2, OURS, 24),
        HostAddress("eth0", 2, ipaddress.ip_address("2001:db8::3"), 64),
    ),
)
SYSCTLS = {
    "net/ipv4/ip_nonlocal_bind": "0",
    "net/ipv6/ip_nonlocal_bind": "0",
    **{f"net/ipv4/conf/{device}/arp_ignore": "0" for device in ("all", "eth0", "eth1")},
    **{f"net/ipv4/conf/{device}/rp_filter": "0" for device in ("all", "eth0", "eth1")},
    **{f"net/ipv6/conf/{device}/disable_ipv6": "0" for device in ("all", "eth0", "eth1")},
}
HOST = HostEvidence(
    capabilities=1 << 12 | 1 << 13 | 1 << 23,
    remapped=False,
    confinement="docker-default (enforce)",
    keepalived="Keepalived v2.3.3 (03/30,2025)\nConfig options:  NFTABLES LVS VRRP VRRP_AUTH JSON BFD\n",
    unix_sockets=frozenset({"/run/docker.sock"}),
    vrrp_sockets=0,
    sockets=(),
    dhcp_client=False,
    sysctls=SYSCTLS,
    macs=frozenset({OUR_MAC}),
)
WIRE = WireEvidence(seconds=3.5, adverts=(), claims={"eth0": ()})
EVIDENCE = Evidence(HOST, NETWORK, WIRE)
ROUTER = VirtualRouter(name="VI_1", vrid=77, priority=254, demoted_priority=1, virtual_ips=(VIP,))
SPEC = FloatSpec(router_name="doctor", hostname="doctor", interface="eth0", virtual_routers=(ROUTER,))
AIM = Aim(SPEC)


def aim(
    *vips: str,
    peers: tuple[IpAddress, ...] = (),
    transport: Transport = Transport.UNICAST,
    running: bool = False,
    service_binds: frozenset[IpAddress] = frozenset(),
) -> Aim:
    """What is to run, other than usual."""
    router = ROUTER.model_copy(
        update={
            "virtual_ips": tuple(map(VirtualIp.parse, vips)) or (VIP,),
            "peers": tuple(Peer(address=p, hostname=str(p), priority=200) for p in peers),
        }
    )
    spec = SPEC.model_copy(update={"virtual_routers": (router,), "transport": transport})
    return Aim(spec, running, service_binds)


def host(**spoiled: object) -> Evidence:
    """The host with something wrong."""
    return replace(EVIDENCE, host=replace(HOST, **spoiled))  # type: ignore[arg-type]  # the tests' own names


def network(**spoiled: object) -> Evidence:
    """Its network with something wrong."""
    return replace(EVIDENCE, network=replace(NETWORK, **spoiled))  # type: ignore[arg-type]  # the tests' own names


def wire(**spoiled: object) -> Evidence:
    """The segment with something wrong."""
    return replace(EVIDENCE, wire=replace(WIRE, **spoiled))  # type: ignore[arg-type]  # the tests' own names


def heard(
    source: IpAddress = STRANGER,
    *,
    vrid: int = 77,
    names: tuple[IpAddress, ...] = (),
    version: int = 3,
    outgoing: bool = False,
    passed: bool = True,
) -> HeardAdvert:
    """A router that advertised some thirty times."""
    mac = {PEER: PEER_MAC, OURS: OUR_MAC}.get(source, STRANGER_MAC)
    advert = Advert(source, version, vrid, 100, addresses=names)
    return HeardAdvert(advert, "eth0", mac, outgoing, packets=30, passed=passed)


def findings(evidence: Evidence, wanted: Aim = AIM) -> tuple[Finding, ...]:
    """All that the deciders say."""
    return (
        *host_checks.of_container(evidence.host),
        *host_checks.of_virtual_ips(evidence, wanted),
        *wire_checks.findings(evidence, wanted),
    )
