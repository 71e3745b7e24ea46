"""What the float knows -> the status that buoy and anchor see; composing is pure, writing is one rename."""

from __future__ import annotations

from collections.abc import Iterable

from float.host import HostView, leasable
from float.routers import RouterEntry
from float.stranger import NOBODY, Seen
from shared.models import VrrpState
from shared.status import PeerStatus, RouterStatus, VipStatus


def router_status(
    entry: RouterEntry, host: HostView, *, version: int, now: float, strangers: Seen = NOBODY
) -> RouterStatus:
    """One virtual router as the status file tells it; `now` is monotonic seconds."""
    router, resolved, heard = entry.router, entry.resolved, entry.hears(now)
    return RouterStatus(
        name=router.name,
        vrid=router.vrid,
        state=entry.state,
        since=entry.since,
        reason=_reason(entry, host),
        interface=resolved.interface,
        priority_base=router.priority,
        priority_effective=router.demoted_priority if entry.decision.demoted else router.priority,
        advert_interval=router.advert_interval,
        version=version,
        transport=resolved.transport,
        demoted=entry.decision.demoted,
        allowed=entry.decision.allowed,
        expected=_expected(entry, host, now),
        virtual_ips=tuple(_vips(entry, host)),
        peers=tuple(PeerStatus(address=str(p.address), hostname=p.hostname, priority=p.priority) for p in router.peers),
        master_address=str(heard.source) if heard else None,
        master_priority=heard.priority if heard else None,
        foreign_routers=strangers.routers,
        foreign_claims=strangers.claims,
        counters=entry.counters,
    )


def _reason(entry: RouterEntry, host: HostView) -> str:
    if entry.state is VrrpState.FAULT and entry.resolved.interface in host.down:
        return f"{entry.resolved.interface} is down"
    return entry.reason


def _expected(entry: RouterEntry, host: HostView, now: float) -> bool:
    """MASTER and BACKUP always; FAULT where a condition forbids or the cable is out; INIT while it starts."""
    if entry.state is VrrpState.FAULT:
        return not entry.decision.allowed or entry.resolved.interface in host.down
    return entry.state is not VrrpState.INIT or now - entry.state_at < 5.0


def _vips(entry: RouterEntry, host: HostView) -> Iterable[VipStatus]:
    excluded = set(entry.router.excluded)
    for vip in entry.resolved.addresses:
        yield VipStatus(
            address=vip.cidr,
            interface=vip.device or entry.resolved.interface,
            present=any(a.interface == vip.device for a in host.having(vip.address)),
            excluded=any(vip.address == e.address for e in excluded),
            leased=leasable(vip.address, vip.prefix),
        )
