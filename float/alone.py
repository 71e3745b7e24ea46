"""PURE: the settings of a float without an anchor, and its host -> the spec that an anchor would have sent.

Such a float is plain keepalived: one priority, peers as listed or multicast, every virtual IP in the adverts, and the
wire format of the image whose place it takes, so that nodes can be moved one after the other.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from float.host import HostAddress, HostView
from float.resolve import UnresolvableError, subnet_device
from shared.ancestors import DIALECTS
from shared.models import FloatSpec, IpAddress, Peer, VirtualIp, VirtualRouter
from shared.settings import FloatSettings

INSTANCE = "VI_1"
"""The virtual router's name in logs and for notify scripts: the most common ancestor's."""

_USUAL = "eth0"


def build(settings: FloatSettings, host: HostView) -> FloatSpec:
    """The spec of a float alone. Raises UnresolvableError with all that this host lacks."""
    interface, source = _interface(settings, host), None
    problems = [] if interface else [_no_interface(settings, host)]
    if interface:
        source = _source(settings, interface, host)
        problems = [] if source or not _needs_source(settings) else [_no_source(settings, interface)]
    if problems or interface is None:
        raise UnresolvableError(tuple(problems))
    return FloatSpec(
        router_name=settings.router_name or settings.node_hostname,
        hostname=settings.node_hostname,
        node_address=source,
        interface=interface,
        vrrp_version=settings.vrrp_version,
        transport=settings.transport,
        multicast_group=settings.multicast_group,
        password=settings.password,
        virtual_routers=(_router(settings, interface, host),),
        advertise_all=True,
    )


def introduction(settings: FloatSettings, spec: FloatSpec) -> str:
    """One line: which wire format is spoken, and why."""
    router = spec.virtual_routers[0]
    told = (
        "unicast to " + ", ".join(str(peer.address) for peer in router.peers) if router.peers else "unicast to nobody"
    )
    way = told if spec.transport.value == "unicast" else f"multicast to {spec.multicast_group}"
    words = (
        f"VRRPv{spec.vrrp_version}, VRID {router.vrid}, priority {router.priority}, every {router.advert_interval:g} s"
    )
    secret = " with a password" if spec.password else ""
    return f"this float runs alone and speaks {words}, {way}{secret} on {spec.interface}: {_why(settings, spec)}"


def _why(settings: FloatSettings, spec: FloatSpec) -> str:
    if "vrrp_version" in settings.written:
        return f"{settings.written['vrrp_version']} says so"
    if settings.ancestor is None:
        return "it was told so"
    replaced = f"it takes the place of {settings.ancestor}, since {DIALECTS[settings.ancestor].because}"
    if spec.vrrp_version == 2:
        return f"{replaced}; KEEPALIVED_VRRP_VERSION=3 on every node makes it ten times as fast"
    return f"{replaced}, and VRRPv2 does not carry IPv6"


def _router(settings: FloatSettings, interface: str, host: HostView) -> VirtualRouter:
    own = {a.address for a in host.addresses}
    peers = tuple(Peer(address=a) for a in settings.peer_addresses or () if a not in own)
    return VirtualRouter(
        name=INSTANCE,
        vrid=settings.router_id,
        priority=settings.priority,
        demoted_priority=settings.priority,
        virtual_ips=tuple(_placed(v, interface, host) for v in settings.virtual_ips),
        excluded=tuple(_placed(v, interface, host) for v in settings.virtual_ips_excluded),
        advert_interval=settings.advert_interval,
        preempt=settings.preempt,
        peers=peers,
    )


def _placed(vip: VirtualIp, interface: str, host: HostView) -> VirtualIp:
    """An address that no subnet holds goes where keepalived puts it: on the interface of the adverts."""
    return vip if vip.device else vip.model_copy(update={"device": subnet_device(vip, host) or interface})


def _interface(settings: FloatSettings, host: HostView) -> str | None:
    if settings.interface:
        return settings.interface if settings.interface in host.interfaces else None
    if _USUAL in host.interfaces:
        return _USUAL
    return next(_guesses(settings, host), None)


def _guesses(settings: FloatSettings, host: HostView) -> Iterator[str]:
    """Where there is no eth0: the NIC of the own address among the peers, or that of the first virtual IP."""
    listed = settings.peer_addresses or ()
    yield from (a.interface for a in host.addresses if a.address in listed)
    for vip in settings.virtual_ips[:1]:
        found = vip.device or subnet_device(vip, host)
        if found and found in host.interfaces:
            yield found


def _source(settings: FloatSettings, interface: str, host: HostView) -> IpAddress | None:
    """Where adverts come from: the own address among the peers, else one of the first peer's subnet or family."""
    vips = {v.address for v in (*settings.virtual_ips, *settings.virtual_ips_excluded)}
    ours = [a for a in host.addresses if a.interface == interface and not a.marked and a.address not in vips]
    listed = settings.peer_addresses or ()
    version = listed[0].version if listed else 4
    fitting = [a for a in ours if a.address.version == version]
    fitting.sort(key=lambda a: (a.address not in listed, not any(_neighbours(a, p) for p in listed), _local(a)))
    return fitting[0].address if fitting else None


def _neighbours(own: HostAddress, peer: IpAddress) -> bool:
    return peer in ipaddress.ip_network((own.address, own.prefix), strict=False)


def _local(own: HostAddress) -> bool:
    return own.address.is_link_local


def _needs_source(settings: FloatSettings) -> bool:
    return bool(settings.peer_addresses) or any(v.address.version == 4 for v in settings.virtual_ips)


def _no_source(settings: FloatSettings, interface: str) -> str:
    version = settings.peer_addresses[0].version if settings.peer_addresses else 4
    return f"interface '{interface}' has no IPv{version} address of its own from which adverts could go"


def _no_interface(settings: FloatSettings, host: HostView) -> str:
    names = ", ".join(name for name in host.interfaces if name != "lo") or "none but lo"
    if settings.interface:
        shown = _shown(settings.written, "interface", settings.interface)
        return f"{shown}: is not an interface of this host; it has {names}"
    return f"this host has no {_USUAL} and no subnet for the virtual IPs; set KEEPALIVED_INTERFACE to one of {names}"


def _shown(written: Mapping[str, str], field: str, value: str) -> str:
    return f"{written.get(field, field)}={value!r}"
