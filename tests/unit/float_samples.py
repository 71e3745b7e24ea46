"""Values that the float's tests have in common: one virtual router on a host of three, and shorthands around it."""

from __future__ import annotations

import ipaddress

from float.demotion import UNDECIDED, Decision, Heard
from float.host import HostAddress, HostView
from float.resolve import ResolvedRouter, ResolvedSpec
from float.routers import RouterEntry
from shared.models import (
    Condition,
    FloatSpec,
    IpAddress,
    Peer,
    Strength,
    Transport,
    VirtualIp,
    VirtualRouter,
    VrrpState,
)

OURS = ipaddress.ip_address("192.0.2.3")
BEST = Peer(address=ipaddress.ip_address("192.0.2.1"), hostname="best", priority=250)
SECOND = Peer(address=ipaddress.ip_address("192.0.2.2"), hostname="second", priority=200)
WORST = Peer(address=ipaddress.ip_address("192.0.2.4"), hostname="worst", priority=100)
STRANGER = ipaddress.ip_address("192.0.2.66")
VIP = VirtualIp.parse("192.0.2.100/32@eth0")
VIP6 = VirtualIp.parse("2001:db8::100/128@eth0")

ROUTER = VirtualRouter(
    name="vip",
    vrid=77,
    priority=150,
    demoted_priority=47,
    virtual_ips=(VIP,),
    advert_interval=0.25,
    peers=(BEST, SECOND, WORST),
)
"""Third of four; its adverts come every quarter of a second, so that the sums in the tests are exact."""

MASTER_DOWN = ROUTER.master_down_interval

RESOLVED = ResolvedRouter(ROUTER, "eth0", OURS, Transport.UNICAST, VIP, ())
SPEC = FloatSpec(router_name="third", hostname="third", node_address=OURS, virtual_routers=(ROUTER,))
RESOLVED_SPEC = ResolvedSpec(SPEC, (RESOLVED,))

ALLOWED = Decision(allowed=True, demoted=False, preempt=False, reason="")
FORBIDDEN = Decision(allowed=False, demoted=False, preempt=False, reason="check:port: nothing listens on 443")

LINK_LOST = Condition(name="link", ok=False, reason="the anchor is gone")
SERVICE_DOWN = Condition(name="service:web", ok=False, strength=Strength.REQUIRE, reason="no task of web runs here")


def heard(peer: Peer, priority: int, at: float) -> Heard:
    """An advert of that peer."""
    return Heard(peer.address, priority, at)


def router_called(name: str, vrid: int, *, vip: VirtualIp = VIP) -> VirtualRouter:
    """Another virtual router."""
    return ROUTER.model_copy(update={"name": name, "vrid": vrid, "virtual_ips": (vip,)})


def resolved(router: VirtualRouter) -> ResolvedRouter:
    """The router as this host carries it."""
    return ResolvedRouter(
        router, "eth0", OURS, Transport.UNICAST, router.virtual_ips[0], (*router.virtual_ips[1:], *router.excluded)
    )


def resolved_spec(*routers: VirtualRouter) -> ResolvedSpec:
    """A spec of these routers as this host carries it."""
    return ResolvedSpec(
        SPEC.model_copy(update={"virtual_routers": routers}), tuple(resolved(router) for router in routers)
    )


def entry(
    state: VrrpState = VrrpState.BACKUP,
    *,
    router: VirtualRouter = ROUTER,
    heard: Heard | None = None,
    decision: Decision = UNDECIDED,
    state_at: float = 0.0,
) -> RouterEntry:
    """What the float knows of the router."""
    return RouterEntry(resolved(router), state=state, heard=heard, decision=decision, state_at=state_at)


def address(text: str, interface: str = "eth0", *, marked: bool = False) -> HostAddress:
    """One address of the host, `ADDR/PREFIX`."""
    parsed = ipaddress.ip_interface(text)
    return HostAddress(interface, 2, parsed.ip, parsed.network.prefixlen, 18 if marked else None)


def host(*addresses: HostAddress, gateway: str = "192.0.2.254", down: frozenset[str] = frozenset()) -> HostView:
    """A host with lo, eth0 and eth1, its own address on eth0."""
    return HostView(
        interfaces=("lo", "eth0", "eth1"),
        addresses=(address("127.0.0.1/8", "lo"), address("192.0.2.3/24"), *addresses),
        down=down,
        gateways=frozenset({ipaddress.ip_address(gateway)}),
    )


def ips(*texts: str) -> frozenset[IpAddress]:
    """Addresses from text."""
    return frozenset(ipaddress.ip_address(text) for text in texts)
