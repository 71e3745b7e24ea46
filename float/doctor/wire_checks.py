"""PURE: what the evidence from the segment says: interface, virtual IPs, VRIDs, and protocol 112 between the peers."""

from __future__ import annotations

from collections.abc import Iterator

from float.doctor import catalogue
from float.doctor.aim import Aim
from float.doctor.evidence import Answer, Evidence, HeardAdvert
from float.doctor.finding import Check, Finding, fine, note, unknown
from float.resolve import ResolvedRouter
from shared.models import IpAddress, Transport, VirtualIp

_ENOUGH = 3
"""Adverts after which it is no coincidence that the kernel gave none of them on."""


def findings(evidence: Evidence, aim: Aim) -> Iterator[Finding]:
    """All of them; where the interface is wrong, the rest cannot be looked at."""
    problems = aim.problems(evidence.network)
    if problems:
        yield from (catalogue.UNRESOLVABLE.found(problem) for problem in problems)
        for check in (Check.VIRTUAL_IP, Check.VRID, Check.FIREWALL):
            yield unknown(check, "the interface or address has to be right first")
        return
    routers = aim.resolved(evidence.network).routers
    yield from _interfaces(evidence, routers)
    for router in routers:
        yield from (_virtual_ip(evidence, aim, router, vip) for vip in router.addresses)
        yield from _vrid(evidence, aim, router)
        yield from _firewall(evidence, router)


def _interfaces(evidence: Evidence, routers: tuple[ResolvedRouter, ...]) -> Iterator[Finding]:
    names = {router.interface for router in routers} | {v.device or "" for r in routers for v in r.addresses}
    for name in sorted(names & evidence.network.down):
        yield catalogue.INTERFACE_DOWN.found(f"{name} is off or has no carrier")
    if not names & evidence.network.down:
        sources = ", ".join(sorted({f"{r.interface} ({r.source or 'link-local'})" for r in routers}))
        yield fine(Check.INTERFACE, f"adverts leave from {sources}; the virtual IPs go on {', '.join(sorted(names))}")


def _virtual_ip(evidence: Evidence, aim: Aim, router: ResolvedRouter, vip: VirtualIp) -> Finding:
    device = vip.device or router.interface
    claims = evidence.wire.claims.get(device)
    if claims is None:
        why = next((t for t in evidence.wire.trouble if device in t), "nobody could be asked")
        return unknown(Check.VIRTUAL_IP, f"{vip.address} on {device}: {why}")
    macs = {c.mac for c in claims if c.address == vip.address} - evidence.host.macs
    holders = {a.mac: a.advert.source for a in _of_group(evidence, router)}
    strangers = sorted(macs - holders.keys())
    if strangers:
        return catalogue.VIP_TAKEN.found(f"{vip.address} is taken: {', '.join(strangers)} answers for it on {device}")
    if macs:
        held = ", ".join(f"{holders[mac]} ({mac})" for mac in sorted(macs))
        return fine(Check.VIRTUAL_IP, f"{vip.address} is held by a node of this group, {held}")
    here = aim.running and bool(evidence.network.having(vip.address))
    return fine(
        Check.VIRTUAL_IP, f"{vip.address}: {'held by this node, and ' if here else ''}nobody else answers for it"
    )


def _of_group(evidence: Evidence, router: ResolvedRouter) -> Iterator[HeardAdvert]:
    """Adverts of our VRID from the peers, or from whoever advertises one of our own virtual IPs with it."""
    ours = frozenset(vip.address for vip in router.addresses)
    for heard in _heard(evidence, router):
        if not heard.outgoing and (heard.advert.source in router.peers or ours & frozenset(heard.advert.addresses)):
            yield heard


def _heard(evidence: Evidence, router: ResolvedRouter) -> Iterator[HeardAdvert]:
    adverts = evidence.wire.adverts or ()
    return (a for a in adverts if a.advert.vrid == router.router.vrid and a.interface == router.interface)


def _vrid(evidence: Evidence, aim: Aim, router: ResolvedRouter) -> Iterator[Finding]:
    if evidence.wire.adverts is None:
        yield unknown(Check.VRID, _because(evidence, "adverts cannot be heard"))
        return
    vrid, heard = router.router.vrid, tuple(_heard(evidence, router))
    members = tuple(_of_group(evidence, router))
    found = [
        *(_on_this_host(h) for h in heard if h.outgoing and not aim.running),
        *(_stranger(h, router) for h in heard if not h.outgoing and h not in members),
        *(_other_version(h, aim) for h in members if h.advert.version != aim.spec.vrrp_version),
    ]
    yield from found
    if not found and members:
        names = ", ".join(sorted({str(h.advert.source) for h in members}))
        yield fine(Check.VRID, f"VRID {vrid} is advertised by {names}, of this group, and by nobody else")
    elif not found:
        others = sorted({a.advert.vrid for a in evidence.wire.adverts} - {vrid})
        heard_others = f"; VRIDs heard: {', '.join(map(str, others))}" if others else ""
        yield fine(
            Check.VRID,
            f"nobody else advertised VRID {vrid} on {router.interface} in {evidence.wire.seconds:g} s{heard_others}",
        )


def _on_this_host(heard: HeardAdvert) -> Finding:
    advert = heard.advert
    return catalogue.VRID_ON_THIS_HOST.found(
        f"this host advertises VRID {advert.vrid} already, from {advert.source} with priority {advert.priority}"
    )


def _stranger(heard: HeardAdvert, router: ResolvedRouter) -> Finding:
    advert = heard.advert
    serves = ", ".join(map(str, advert.addresses)) or "no address"
    text = (
        f"{advert.source} ({heard.mac}) advertises VRID {advert.vrid} for {serves}: VRRPv{advert.version}, "
        f"priority {advert.priority}"
    )
    multicast = router.transport is Transport.MULTICAST
    return (catalogue.VRID_TAKEN if multicast else catalogue.VRID_SHARED).found(text)


def _other_version(heard: HeardAdvert, aim: Aim) -> Finding:
    return catalogue.VERSION_DIFFERS.found(
        f"{heard.advert.source} speaks VRRPv{heard.advert.version}, this node VRRPv{aim.spec.vrrp_version}"
    )


def _firewall(evidence: Evidence, router: ResolvedRouter) -> Iterator[Finding]:
    if evidence.wire.adverts is None:
        yield unknown(Check.FIREWALL, _because(evidence, "adverts cannot be heard"))
        return
    members = {h.advert.source: h for h in _of_group(evidence, router)}
    peers = frozenset(p for p in router.peers if not p.is_loopback)
    for source in sorted({*members, *peers}, key=str):
        yield _between(evidence, source, members.get(source))
    if not members and not peers:
        yield note(
            Check.FIREWALL,
            "no peer is known from here and none advertises, so whether protocol 112 passes is not known; "
            "run the doctor again once another node serves",
        )


def _between(evidence: Evidence, peer: IpAddress, heard: HeardAdvert | None) -> Finding:
    if heard and not heard.passed and heard.packets >= _ENOUGH:
        return catalogue.ADVERTS_DROPPED.found(
            f"{heard.packets} adverts of {peer} reached {heard.interface}, and the kernel gave none of them on"
        )
    if heard:
        return fine(Check.FIREWALL, f"adverts of {peer} arrive here")
    answer = evidence.wire.answers.get(peer)
    return _ANSWERS[answer](peer) if answer else unknown(Check.FIREWALL, _because(evidence, f"{peer} was not asked"))


def _because(evidence: Evidence, fallback: str) -> str:
    return "; ".join(evidence.wire.trouble) or fallback


_ANSWERS = {
    Answer.ARRIVED: lambda peer: fine(Check.FIREWALL, f"protocol 112 reaches {peer}, where nothing speaks VRRP yet"),
    Answer.REJECTED: lambda peer: catalogue.PEER_REJECTS.found(f"{peer} rejects protocol 112"),
    Answer.REFUSED_HERE: lambda peer: catalogue.SENDING_REFUSED.found(f"nothing of protocol 112 may be sent to {peer}"),
    Answer.UNREACHABLE: lambda peer: catalogue.PEER_UNREACHABLE.found(f"{peer} cannot be reached"),
    Answer.SILENCE: lambda peer: note(
        Check.FIREWALL,
        f"{peer} is silent: a VRRP router that is BACKUP takes our packet without a word, and a firewall that drops it "
        "is as silent; run the doctor there as well",
    ),
}
