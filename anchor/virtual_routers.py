"""Settings and roster, turned into the virtual routers of this node and the spec for its float. Pure.

The stack's own virtual IPs are the first virtual router. A virtual router that is wrong is refused alone, with a
sentence; the stack's own one being wrong means that the settings are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from anchor import roster as rosters
from anchor.roster import Roster
from shared.models import FloatSpec, Peer, VirtualRouter
from shared.settings import AnchorSettings

OWN_NAME = "VI_1"
"""The stack's own virtual router, by the name that its ancestors used."""


@dataclass(frozen=True)
class Outcome:
    """The spec for the float, and what is wrong with what it is made of."""

    spec: FloatSpec
    problems: tuple[str, ...] = ()
    """Why the stack's own virtual router cannot be: fatal at start, an error in the log later."""

    warnings: tuple[str, ...] = ()


def build(settings: AnchorSettings, roster: Roster) -> Outcome:
    """The spec that this node's float is to run."""
    peers = _peers(settings, roster)
    spec = FloatSpec(
        router_name=settings.router_name or settings.node_hostname,
        hostname=settings.node_hostname,
        node_address=roster.me.address,
        interface=roster.me.labels.interface or settings.interface,
        vrrp_version=settings.vrrp_version,
        transport=settings.transport,
        multicast_group=settings.multicast_group,
        password=settings.password,
        virtual_routers=(_own(settings, roster, peers),),
        link_timeout=settings.link_timeout,
        update_grace=settings.update_grace,
        orphan_after=settings.orphan_after,
    )
    return Outcome(spec, tuple(_address_clashes(settings, roster)), roster.warnings)


def _own(settings: AnchorSettings, roster: Roster, peers: tuple[Peer, ...]) -> VirtualRouter:
    return VirtualRouter(
        name=OWN_NAME,
        vrid=settings.router_id,
        priority=roster.me.priority,
        demoted_priority=roster.me.demoted_priority,
        virtual_ips=settings.virtual_ips,
        excluded=settings.virtual_ips_excluded,
        advert_interval=settings.advert_interval,
        preempt=settings.preempt,
        peers=peers,
    )


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
