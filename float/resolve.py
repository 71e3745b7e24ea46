"""PURE: a spec and the host's network -> the same spec with every device and source address named, or all problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from float.host import HostView
from shared.models import FloatSpec, IpAddress, ServiceClaim, Transport, VirtualIp, VirtualRouter

ALL_VRRP6_ROUTERS = "ff02::12"
"""RFC 9568, section 5.1.2.2."""

DOCKERS_BRIDGE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")
"""What Docker calls the bridges of its networks, whose addresses it gives to containers."""


@dataclass(frozen=True)
class ResolvedRouter:
    """A virtual router as it can be written down for keepalived on this host."""

    router: VirtualRouter
    interface: str
    source: IpAddress | None
    """Where our adverts come from; None lets keepalived take the interface's own."""

    transport: Transport
    advertised: VirtualIp
    """The one address that the adverts name, so that a list that changes node by node splits nothing."""

    excluded: tuple[VirtualIp, ...]
    also_advertised: tuple[VirtualIp, ...] = ()
    """What the adverts name besides, where the peers are plain keepalived."""

    @property
    def addresses(self) -> tuple[VirtualIp, ...]:
        """All addresses that the holder carries, their devices named."""
        return (self.advertised, *self.also_advertised, *self.excluded)

    def group(self, spec: FloatSpec) -> str | None:
        """The multicast group to which the adverts go; None where each peer gets its own."""
        if self.transport is not Transport.MULTICAST:
            return None
        return ALL_VRRP6_ROUTERS if self.advertised.address.version == 6 else spec.multicast_group

    @property
    def peers(self) -> tuple[IpAddress, ...]:
        """Unicast peers of our own address family."""
        version = self.source.version if self.source else 6
        return tuple(p.address for p in self.router.peers if p.address.version == version)


@dataclass(frozen=True)
class ResolvedSpec:
    """A spec that this host can carry."""

    spec: FloatSpec
    routers: tuple[ResolvedRouter, ...]
    refusals: tuple[str, ...] = ()
    """Services whose virtual IPs are left out, one sentence each; all others are not concerned."""

    own_text: str | None = None
    """What the user's own template came to; None for the built-in one."""

    @property
    def addresses(self) -> frozenset[IpAddress]:
        """Every virtual IP, of all routers."""
        return frozenset(v.address for r in self.routers for v in r.addresses)

    @property
    def places(self) -> tuple[object, ...]:
        """Where on this host each router is: interface and source of its adverts, its addresses with their devices."""
        return tuple((router.interface, router.source, router.addresses) for router in self.routers)

    @property
    def devices(self) -> frozenset[str]:
        """Names of the interfaces of adverts and virtual IPs."""
        vips = (vip.device for router in self.routers for vip in router.addresses)
        return frozenset(router.interface for router in self.routers) | frozenset(device for device in vips if device)


class UnresolvableError(ValueError):
    """This host cannot carry the spec; `problems` has one sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def resolve(
    spec: FloatSpec, host: HostView, owned: frozenset[IpAddress], *, against: Mapping[str, str] = MappingProxyType({})
) -> ResolvedSpec:
    """Name every device; `owned` are the addresses that we recorded as ours.

    What is wrong with a service's claim takes that claim out and nothing else; `against` has, by service, what was
    found elsewhere against it. Raises UnresolvableError for everything that is wrong with the rest.
    """
    problems = tuple(dict.fromkeys(_problems(spec, host, owned)))
    if problems:
        raise UnresolvableError(problems)
    interface = _transport_interface(spec, host) or ""  # a missing one is among the problems
    refusals: list[str] = []
    settled = [
        _settled(router, _claim_problems(spec, host, owned, against), refusals) for router in spec.virtual_routers
    ]
    routers = tuple(_resolve_router(spec, router, interface, host) for router in settled if router)
    return ResolvedSpec(spec, routers, tuple(refusals))


def _claim_problems(
    spec: FloatSpec, host: HostView, owned: frozenset[IpAddress], against: Mapping[str, str]
) -> Callable[[ServiceClaim], str]:
    def problems(claim: ServiceClaim) -> str:
        found = [problem for vip in claim.virtual_ips for problem in vip_problems(vip, host, owned)]
        found += [problem for vip in claim.virtual_ips for problem in _not_for_services(vip, host)]
        if spec.vrrp_version == 2 and all(vip.address.version == 6 for vip in claim.virtual_ips):
            found.append("VRRPv2 cannot carry a virtual router that has only IPv6 addresses")
        return "; ".join([against[claim.service]] if claim.service in against else found)

    return problems


def _settled(
    router: VirtualRouter, problems: Callable[[ServiceClaim], str], refusals: list[str]
) -> VirtualRouter | None:
    """The router with the claims that stand, or None when none is left; the stack's own has no claims."""
    if not router.claims:
        return router
    refused = {claim.service: why for claim in router.claims if (why := problems(claim))}
    refusals += [claim.refusal(refused[claim.service]) for claim in router.claims if claim.service in refused]
    claims = tuple(claim for claim in router.claims if claim.service not in refused)
    virtual_ips = tuple(vip for claim in claims for vip in claim.virtual_ips)
    return router.model_copy(update={"claims": claims, "virtual_ips": virtual_ips}) if claims else None


def _problems(spec: FloatSpec, host: HostView, owned: frozenset[IpAddress]) -> Iterator[str]:
    interface = _transport_interface(spec, host)
    if not interface and spec.interface:
        yield f"interface '{spec.interface}' (KEEPALIVED_INTERFACE) is not on this node; it has {_names(host)}"
    elif not interface:
        yield (
            f"no interface of this node carries its Swarm address {spec.node_address}; set KEEPALIVED_INTERFACE "
            f"or the node label keepalived.interface to one of {_names(host)}"
        )
    elif _is_known_by_another_address(spec, interface, host):
        yield (
            f"interface '{interface}' does not carry {spec.node_address}, by which the other managers know this node "
            "as a peer; label every node with its address there (keepalived.address), or set "
            "KEEPALIVED_UNICAST_PEERS=multicast"
        )
    for router in spec.virtual_routers:
        if router.claims:
            continue
        for vip in router.addresses:
            yield from vip_problems(vip, host, owned)
        if spec.vrrp_version == 2 and all(v.address.version == 6 for v in router.virtual_ips):
            yield f"virtual router {router.name} has only IPv6 addresses, which VRRPv2 cannot carry"


def vip_problems(vip: VirtualIp, host: HostView, owned: frozenset[IpAddress]) -> Iterator[str]:
    """What stands against that address on this host, one sentence each; `owned` are those recorded as ours."""
    of_the_node = vip.address not in owned and any(not a.marked for a in host.having(vip.address))
    if vip.device and vip.device not in host.interfaces:
        yield f"virtual IP {vip}: interface '{vip.device}' is not on this node; it has {_names(host)}"
    elif not vip.device and not of_the_node and not subnet_device(vip, host):
        yield (
            f"virtual IP {vip.cidr}: no subnet of this node holds it; take an address of one of {_subnets(host)}, "
            f"or name its interface as {vip.cidr}@DEV"
        )
    if vip.address in host.gateways:
        yield f"virtual IP {vip.cidr} is this node's default gateway"
    if of_the_node:
        yield f"virtual IP {vip.cidr} is an address of this node itself; take one that nobody uses"


def _not_for_services(vip: VirtualIp, host: HostView) -> Iterator[str]:
    """What an operator may do, and a label may not: it would take something from other hosts or containers."""
    device = vip.device or subnet_device(vip, host)
    if device and DOCKERS_BRIDGE.fullmatch(device):
        yield f"virtual IP {vip.cidr} is of a network of Docker's own containers on this node ({device})"
    nets = {net for _, net in host.subnets if net.version == 4 and net.num_addresses > 2}
    for net in sorted(net for net in nets if vip.address in (net.network_address, net.broadcast_address)):
        yield f"virtual IP {vip.cidr} is the first or the last address of {net}, which no host can have"


def _transport_interface(spec: FloatSpec, host: HostView) -> str | None:
    if spec.interface:
        return spec.interface if spec.interface in host.interfaces else None
    return next((a.interface for a in host.addresses if a.address == spec.node_address), None)


def subnet_device(vip: VirtualIp, host: HostView) -> str | None:
    """The NIC with the narrowest subnet that holds the address, or None."""
    holders = [
        a
        for a, subnet in host.subnets
        if subnet.version == vip.address.version
        and not a.address.is_loopback
        and a.address != vip.address
        and vip.address in subnet
    ]
    return max(holders, key=lambda a: a.prefix).interface if holders else None


def _resolve_router(spec: FloatSpec, router: VirtualRouter, interface: str, host: HostView) -> ResolvedRouter:
    vips = [v if v.device else v.model_copy(update={"device": subnet_device(v, host)}) for v in router.virtual_ips]
    excluded = [v if v.device else v.model_copy(update={"device": subnet_device(v, host)}) for v in router.excluded]
    source = _source(spec, interface, host)
    family = source.version if source else 6
    advertised = next((v for v in vips if v.address.version == family), None)
    transport = spec.transport
    if advertised is None:  # only IPv6 VIPs beside IPv4 peers: their adverts go by IPv6 multicast, from the link-local
        advertised, source, transport = vips[0], None, Transport.MULTICAST
    if source is None:  # unicast has to name where it comes from
        transport = Transport.MULTICAST
    rest = [v for v in vips if v is not advertised]
    along = [v for v in rest if spec.advertise_all and v.address.version == advertised.address.version]
    hidden = [v for v in rest if v not in along] + excluded
    return ResolvedRouter(router, interface, source, transport, advertised, tuple(hidden), tuple(along))


def _source(spec: FloatSpec, interface: str, host: HostView) -> IpAddress | None:
    ours = [a for a in host.addresses if a.interface == interface and not a.marked]
    if any(a.address == spec.node_address for a in ours):
        return spec.node_address
    return next((a.address for a in ours if a.address.version == 4), None)


def _is_known_by_another_address(spec: FloatSpec, interface: str, host: HostView) -> bool:
    """Whether peers of the Swarm's (their priority is known) would take our adverts for a stranger's."""
    if spec.transport is not Transport.UNICAST or spec.node_address is None:
        return False
    source = _source(spec, interface, host)
    swarms = any(peer.priority is not None for router in spec.virtual_routers for peer in router.peers)
    return swarms and source is not None and source != spec.node_address


def _names(host: HostView) -> str:
    return ", ".join(name for name in host.interfaces if name != "lo") or "none but lo"


def _subnets(host: HostView) -> str:
    nets = {str(net) for a, net in host.subnets if not a.address.is_loopback and not a.address.is_link_local}
    return ", ".join(sorted(nets)) or "none"
