"""All nodes' own words put together: who holds what. Pure.

A word counts only while it may be true: a node that does not answer, or whose float is silent, has no say. Where two
nodes claim a virtual router, the older claim must have been repeated after the newer one was first heard; else every
failover from a node that lost its power would look like a split brain until its buoy is given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from buoy.api import NodeAnswer, Router
from buoy.cluster_api import ClusterAnswer, ClusterNode, ClusterRouter, ClusterVip, Finding, Seat, Severity, Verdict
from buoy.texts import listed, sentence

MASTER = "MASTER"


@dataclass(frozen=True)
class NodeReport:
    """What was last heard of one node."""

    hostname: str
    answer: NodeAnswer | None = None
    error: str = ""
    """Why it does not answer now; empty while it does."""

    heard_at: float = 0.0
    """When its last answer came, by the clock of this node, seconds."""

    claims: Mapping[int, float] = field(default_factory=dict)
    """Since when it has said, without a break, that it is MASTER: that moment by VRID, by the same clock."""

    @classmethod
    def of(cls, answer: NodeAnswer, now: float, before: NodeReport | None) -> NodeReport:
        """What a node said just now, after what it had said before."""
        claimed = before.claims if before else {}
        masters = [router.vrid for router in answer.virtual_routers if router.state == MASTER]
        return cls(answer.hostname, answer, heard_at=now, claims={vrid: claimed.get(vrid, now) for vrid in masters})

    @property
    def reachable(self) -> bool:
        """Whether it answers now."""
        return self.answer is not None and not self.error

    @property
    def routers(self) -> Mapping[int, Router]:
        """Its virtual routers by VRID, while its word may be true."""
        told = self.answer if self.reachable and self.answer and self.answer.known else None
        return {router.vrid: router for router in told.virtual_routers} if told else {}


def with_peers(reports: Iterable[NodeReport]) -> tuple[NodeReport, ...]:
    """The reports by hostname, and one for every peer that the nodes know of but that was never heard."""
    found = {report.hostname: report for report in reports}
    for report in tuple(found.values()):
        for router in report.routers.values():
            for peer in router.peers:
                missing = NodeReport(peer.hostname, error="its buoy is not among the tasks of the service")
                found.setdefault(peer.hostname or peer.address, missing)
    return tuple(found[name] for name in sorted(found))


def routers_of(reports: Sequence[NodeReport]) -> tuple[ClusterRouter, ...]:
    """Every virtual router that any node runs."""
    vrids = dict.fromkeys(vrid for report in reports for vrid in report.routers)
    return tuple(_router(vrid, reports) for vrid in vrids)


def cluster_answer(told_by: str, reports: Sequence[NodeReport], findings: Iterable[Finding]) -> ClusterAnswer:
    """All in one; the findings come from whoever looked for them."""
    routers = routers_of(reports)
    every = [*map(_finding, (router for router in routers if router.verdict is not Verdict.HELD)), *findings]
    if not routers:
        every.insert(0, Finding(kind="unknown", severity=Severity.ERROR, text="No virtual router is known of"))
    order = list(Severity)
    return ClusterAnswer(
        ok=bool(routers) and all(router.verdict.good for router in routers),
        told_by=told_by,
        findings=tuple(sorted(every, key=lambda finding: order.index(finding.severity))),
        virtual_routers=routers,
        nodes=tuple(map(_node, reports)),
    )


def masters_by_vrid(answer: ClusterAnswer) -> dict[int, int]:
    """How many nodes are MASTER of each VRID; one whose adverts are heard is, though it says nothing."""
    return {r.vrid: len(r.masters) or int(r.verdict is Verdict.HEARD) for r in answer.virtual_routers}


def _router(vrid: int, reports: Sequence[NodeReport]) -> ClusterRouter:
    told = {report.hostname: report.routers[vrid] for report in reports if vrid in report.routers}
    name = next(iter(told.values())).name
    masters = _masters(vrid, reports)
    verdict, text = _verdict(f"{name} (VRID {vrid})", masters, told, reports)
    return ClusterRouter(
        name=name,
        vrid=vrid,
        verdict=verdict,
        text=text,
        holder=masters[0] if len(masters) == 1 else None,
        masters=masters,
        since=told[masters[0]].since if len(masters) == 1 else None,
        virtual_ips=tuple(_virtual_ips(told)),
        nodes=tuple(_seat(report, told.get(report.hostname)) for report in reports),
    )


def _masters(vrid: int, reports: Sequence[NodeReport]) -> tuple[str, ...]:
    claimants = [report for report in reports if vrid in report.routers and vrid in report.claims]
    newest = max((report.claims[vrid] for report in claimants), default=0.0)
    return tuple(report.hostname for report in claimants if report.heard_at >= newest)


def _verdict(
    who: str, masters: tuple[str, ...], told: Mapping[str, Router], reports: Sequence[NodeReport]
) -> tuple[Verdict, str]:
    if len(masters) > 1:
        return Verdict.SPLIT_BRAIN, f"Split brain: {listed(masters)} are MASTER of {who} at the same time"
    if masters:
        return Verdict.HELD, f"{masters[0]} holds {who}"
    heard = _heard(told, reports)
    if heard:
        return Verdict.HEARD, f"{heard} holds {who}, by its adverts; itself it says nothing"
    forbidden = [sentence(name, router.reason) for name, router in told.items() if not router.allowed]
    if len(forbidden) == len(reports):
        return Verdict.EXPECTED, f"Nobody may hold {who}: {', '.join(forbidden)}"
    return Verdict.NO_MASTER, sentence(f"No node is MASTER of {who}", ", ".join(forbidden))


def _heard(told: Mapping[str, Router], reports: Sequence[NodeReport]) -> str | None:
    """The silent node whose adverts another one hears; a float names their source only while they come."""
    silent = {report.hostname for report in reports if report.hostname not in told}
    heard = {router.master_address: router for router in told.values() if router.state != MASTER}
    for address, router in heard.items():
        for peer in router.peers:
            if peer.address == address and peer.hostname in silent:
                return peer.hostname
    return None


def _virtual_ips(told: Mapping[str, Router]) -> Iterator[ClusterVip]:
    addresses = {vip.address: vip.excluded for router in told.values() for vip in router.virtual_ips}
    for address, excluded in addresses.items():
        present = (
            name
            for name, router in told.items()
            if any(vip.address == address and vip.present for vip in router.virtual_ips)
        )
        yield ClusterVip(address=address, present_on=tuple(present), excluded=excluded)


def _seat(report: NodeReport, router: Router | None) -> Seat:
    if router is None:
        silent = report.error or ("" if report.answer and report.answer.known else "its float is silent")
        return Seat(hostname=report.hostname, state=None, reason=silent or "does not run it")
    return Seat(
        hostname=report.hostname,
        state=router.state,
        since=router.since,
        priority=router.priority.effective,
        priority_base=router.priority.base,
        demoted=router.demoted,
        allowed=router.allowed,
        reason=router.reason,
    )


def _node(report: NodeReport) -> ClusterNode:
    answer = report.answer
    if answer is None or report.error:
        return ClusterNode(hostname=report.hostname, reachable=False, healthy=False, problems=(report.error,))
    node = ClusterNode(
        hostname=report.hostname,
        reachable=True,
        healthy=answer.healthy,
        problems=answer.problems,
        buoy_version=answer.buoy_version,
    )
    return node.model_copy(update=_told(answer)) if answer.known else node


def _told(answer: NodeAnswer) -> dict[str, object]:
    return {
        "float_version": answer.float_version,
        "keepalived": answer.keepalived,
        "keepalived_version": answer.keepalived_version,
        "link": answer.link,
        "conditions": answer.conditions,
        "warnings": answer.anchor.warnings if answer.anchor else (),
        "float_started_at": answer.float_started_at,
    }


def _finding(router: ClusterRouter) -> Finding:
    severity = Severity.NOTICE if router.verdict.good else Severity.ERROR
    return Finding(kind=router.verdict.value, severity=severity, text=router.text, vrid=router.vrid)
