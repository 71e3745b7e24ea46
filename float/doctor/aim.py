"""PURE: what the float is, or would be, told to do here: from its settings, or from the status of the running one."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from float import alone
from float.host import HostView
from float.resolve import ResolvedSpec, UnresolvableError, resolve
from shared.models import FloatSpec, IpAddress, Peer, VirtualIp, VirtualRouter
from shared.settings import FloatSettings
from shared.status import FloatStatus, RouterStatus


@dataclass(frozen=True)
class Aim:
    """A spec, made ready for this host as far as that goes."""

    spec: FloatSpec
    running: bool = False
    """The float of this container runs it already: its own adverts and addresses are no findings."""

    service_binds: frozenset[IpAddress] = frozenset()
    """Addresses that the settings themselves say a service listens on."""

    def resolved(self, host: HostView) -> ResolvedSpec:
        """With every device named. Raises UnresolvableError."""
        ours = frozenset(vip.address for router in self.spec.virtual_routers for vip in router.addresses)
        return resolve(self.spec, host, ours if self.running else frozenset())

    def problems(self, host: HostView) -> tuple[str, ...]:
        """Why this host cannot carry it; empty when it can."""
        try:
            self.resolved(host)
        except UnresolvableError as error:
            return error.problems
        return ()


def of_running(status: FloatStatus) -> Aim:
    """What the float of that status runs."""
    first = status.virtual_routers[0]
    spec = FloatSpec(
        router_name="doctor",
        hostname=status.hostname,
        interface=first.interface,
        vrrp_version=3 if first.version == 3 else 2,
        transport=first.transport,
        virtual_routers=tuple(map(_router, status.virtual_routers)),
    )
    return Aim(spec, running=True)


def _router(status: RouterStatus) -> VirtualRouter:
    vips = [VirtualIp.parse(f"{vip.address}@{vip.interface}") for vip in status.virtual_ips]
    return VirtualRouter(
        name=status.name,
        vrid=status.vrid,
        priority=status.priority_base,
        demoted_priority=1,
        virtual_ips=tuple(vips),
        advert_interval=status.advert_interval,
        peers=tuple(
            Peer(address=ipaddress.ip_address(p.address), hostname=p.hostname, priority=p.priority or 100)
            for p in status.peers
        ),
    )


def of_settings(settings: FloatSettings, host: HostView) -> Aim:
    """What a float alone with those settings would run here. Raises UnresolvableError where it would not start."""
    return Aim(alone.build(settings, host), service_binds=frozenset(a for a in (settings.check_ip,) if a))
