"""Settings and roster, turned into the virtual routers of this node and the spec for its float. Pure.

The stack's own virtual IPs are the first virtual router, those that services ask for by their labels follow. One that
is wrong is refused alone, with a sentence; the stack's own one being wrong means that the settings are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from anchor import roster as rosters
from anchor import service_vips, spread
from anchor.facts import LabelledService
from anchor.followed import Follow
from anchor.roster import Roster
from anchor.service_vips import Grant, Stack
from shared.models import FloatSpec, Peer, ServiceClaim, VirtualRouter
from shared.settings import AnchorSettings

OWN_NAME = "VI_1"
"""The stack's own virtual router, by the name that its ancestors used."""

SUFFIX = ".service"
"""Makes another name of that one."""


@dataclass(frozen=True)
class Outcome:
    """The spec for the float, and what is wrong with what it is made of."""

    spec: FloatSpec
    problems: tuple[str, ...] = ()
    """Why the stack's own virtual router cannot be: fatal at start, an error in the log later."""

    warnings: tuple[str, ...] = ()
    """What else an operator should know: services that are refused, labels of nodes that are ignored."""

    follows: tuple[Follow, ...] = ()
    """Which services must have a task on the node that holds which virtual router."""


@dataclass(frozen=True)
class Swarm:
    """What the Swarm says beside its nodes."""

    labelled: tuple[LabelledService, ...] = ()
    """Every service that asks for a virtual IP by its labels."""

    tracked: tuple[LabelledService, ...] = ()
    """Those of KEEPALIVED_TRACK_SERVICES that there are."""


def build(settings: AnchorSettings, roster: Roster, swarm: Swarm) -> Outcome:
    """The spec that this node's float is to run."""
    allotment = service_vips.allot(swarm.labelled, _stack(settings, roster))
    routers = (_own(settings, roster), *(_of_services(grant, settings, roster) for grant in allotment.grants))
    spec = FloatSpec(
        router_name=settings.router_name or settings.node_hostname,
        hostname=settings.node_hostname,
        node_address=roster.me.address,
        interface=roster.me.labels.interface or settings.interface,
        vrrp_version=settings.vrrp_version,
        transport=settings.transport,
        multicast_group=settings.multicast_group,
        password=settings.password,
        virtual_routers=_placed(routers, settings, roster),
        link_timeout=settings.link_timeout,
        update_grace=settings.update_grace,
        orphan_after=settings.orphan_after,
        advertise_all=settings.vrrp_version == 2,  # spoken beside plain keepalived, which counts the addresses
    )
    return Outcome(
        spec,
        tuple(_address_clashes(settings, roster)),
        (*roster.warnings, *allotment.refusals),
        _follows(settings, swarm, allotment.grants),
    )


def renumbered(before: FloatSpec, now: FloatSpec) -> tuple[str, ...]:
    """One sentence for each virtual router that goes on with another VRID: its clients notice that."""
    known = {router.name: router.vrid for router in before.virtual_routers}
    owners = {router.vrid: router.name for router in now.virtual_routers}
    return tuple(
        f"Virtual router {router.name} has VRID {router.vrid} now: "
        f"{owners.get(known[router.name], 'nobody')} has {known[router.name]}, which it had before."
        for router in now.virtual_routers
        if known.get(router.name, router.vrid) != router.vrid
    )


def _stack(settings: AnchorSettings, roster: Roster) -> Stack:
    own = {vip.address: "the stack itself" for vip in settings.virtual_ips + settings.virtual_ips_excluded}
    nodes = {address: f"node {name} itself" for address, name in roster.swarm_addresses.items()}
    return Stack(
        vrids={settings.router_id: "the stack itself"},
        addresses=nodes | own,
        allowed=settings.service_vips,
        vrrp_version=settings.vrrp_version,
        advert_interval=settings.advert_interval,
    )


def _own(settings: AnchorSettings, roster: Roster) -> VirtualRouter:
    return VirtualRouter(
        name=OWN_NAME,
        vrid=settings.router_id,
        priority=roster.me.priority,
        demoted_priority=roster.me.demoted_priority,
        virtual_ips=settings.virtual_ips,
        excluded=settings.virtual_ips_excluded,
        advert_interval=settings.advert_interval,
        preempt=settings.preempt,
        peers=_peers(settings, roster),
    )


def _of_services(grant: Grant, settings: AnchorSettings, roster: Roster) -> VirtualRouter:
    first = grant.first
    return VirtualRouter(
        name=router_name(first.service.name),
        vrid=grant.vrid,
        priority=roster.me.priority,
        demoted_priority=roster.me.demoted_priority,
        virtual_ips=tuple(vip for wish in grant.wishes for vip in wish.virtual_ips),
        advert_interval=first.advert_interval,
        preempt=settings.preempt if first.preempt is None else first.preempt,
        peers=_peers(settings, roster),
        claims=tuple(
            ServiceClaim(service=wish.service.name, label=wish.label, virtual_ips=wish.virtual_ips)
            for wish in grant.wishes
        ),
    )


def router_name(service: str) -> str:
    """The service's name, unless that is taken: the stack's own virtual router has OWN_NAME, and so on after it."""
    base = service
    while base.endswith(SUFFIX):
        base = base.removesuffix(SUFFIX)
    return f"{service}{SUFFIX}" if base == OWN_NAME else service


def _placed(routers: tuple[VirtualRouter, ...], settings: AnchorSettings, roster: Roster) -> tuple[VirtualRouter, ...]:
    """With KEEPALIVED_SPREAD, each with the priorities of its own, and the time after which it returns."""
    if not settings.spread:
        return routers
    delays = spread.return_delays(roster, (router.vrid for router in routers))
    return tuple(_spread(router, roster, delays[router.vrid]) for router in routers)


def _spread(router: VirtualRouter, roster: Roster, delay: float) -> VirtualRouter:
    given = spread.priorities(roster, router.vrid)
    by_address = {member.address: given[member.node.id] for member in roster.members}
    peers = tuple(
        peer.model_copy(update={"priority": by_address.get(peer.address, peer.priority)}) for peer in router.peers
    )
    return router.model_copy(
        update={"priority": given[roster.me.node.id], "peers": peers, "return_after": None if router.preempt else delay}
    )


def _follows(settings: AnchorSettings, swarm: Swarm, grants: tuple[Grant, ...]) -> tuple[Follow, ...]:
    routers = {name: [OWN_NAME] for name in settings.track_services}
    ids = {service.name: service.id for service in swarm.tracked}
    for grant in grants:
        if grant.first.follows:
            service = grant.first.service
            routers.setdefault(service.name, []).append(router_name(service.name))
            ids[service.name] = service.id
    return tuple(Follow(name, ids.get(name, ""), tuple(names)) for name, names in routers.items())


def _peers(settings: AnchorSettings, roster: Roster) -> tuple[Peer, ...]:
    if settings.peer_addresses is None:
        return roster.peers
    return rosters.listed_peers(roster, settings.peer_addresses)


def _address_clashes(settings: AnchorSettings, roster: Roster) -> Iterable[str]:
    for name, virtual_ips in (
        ("KEEPALIVED_VIRTUAL_IPS", settings.virtual_ips),
        ("KEEPALIVED_VIRTUAL_IPS_EXCLUDED", settings.virtual_ips_excluded),
    ):
        for virtual_ip in virtual_ips:
            if owner := roster.swarm_addresses.get(virtual_ip.address):
                yield (
                    f"{name}={virtual_ip}: is the address of node {owner} itself; "
                    "a virtual IP must be an address that no host has"
                )
