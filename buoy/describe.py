"""The node as last read, put into the JSON models. Pure."""

from __future__ import annotations

from buoy.api import (
    Anchor,
    ForeignClaim,
    ForeignRouter,
    HealthAnswer,
    HealthCheck,
    HistoryMark,
    Link,
    NodeAnswer,
    PeerNode,
    Priority,
    Reason,
    RoleAnswer,
    Router,
    VersionAnswer,
    Vip,
)
from buoy.health import not_known, problems
from buoy.node import NodeView
from buoy.texts import moment
from shared.models import Condition
from shared.status import AnchorStatus, FloatStatus, LinkStatus, RouterStatus, VipStatus


def node_answer(node: NodeView, *, version: str, history: HistoryMark, instance: str) -> NodeAnswer:
    """All that this node can say about itself."""
    against = problems(node)
    answer = NodeAnswer(
        hostname=node.name,
        known=not_known(node) is None,
        healthy=not against,
        problems=against,
        buoy_version=version,
        anchor=_anchor(node.anchor, fresh=node.anchor_fresh) if node.anchor else None,
        history=history,
        instance=instance,
    )
    return answer.model_copy(update=_of_the_float(node.floating)) if node.floating else answer


def _of_the_float(status: FloatStatus) -> dict[str, object]:
    return {
        "float_version": status.version,
        "keepalived_version": status.keepalived_version,
        "keepalived": status.keepalived,
        "keepalived_restarts": status.keepalived_restarts,
        "float_container_id": status.container_id,
        "float_started_at": moment(status.started_at),
        "written_at": moment(status.written_at),
        "spec_digest": status.spec_digest,
        "refused_reason": status.refused_reason,
        "flood": status.flood,
        "link": _link(status.link),
        "conditions": tuple(map(_condition, status.conditions)),
        "virtual_routers": tuple(_router(router, status.conditions) for router in status.virtual_routers),
    }


def health_answer(node: NodeView, *, version: str) -> HealthAnswer:
    """The node's health, each reason as a check of its own."""
    against = problems(node)
    checks = tuple(HealthCheck(status="fail", output=text) for text in against)
    return HealthAnswer(
        status="fail" if against else "pass",
        output="; ".join(against),
        service_id=node.name,
        description="whether this node holds its virtual IPs or could take them over",
        version="1",
        release_id=version,
        checks={"keepalived:state": checks or (HealthCheck(status="pass"),)},
    )


def role_answer(node: NodeView, router: RouterStatus | None) -> RoleAnswer:
    """The state of that virtual router, or the sentence why there is none to tell."""
    unknown = not_known(node)
    if router is None or unknown:
        return RoleAnswer(
            hostname=node.name, state=None, reason=unknown or "no virtual router of this node is asked about"
        )
    return RoleAnswer(
        hostname=node.name,
        state=router.state.name,
        name=router.name,
        vrid=router.vrid,
        since=moment(router.since),
        virtual_ips=tuple(map(_vip, router.virtual_ips)),
        reason=router.reason,
    )


def version_answer(node: NodeView, *, version: str) -> VersionAnswer:
    """What runs here."""
    return VersionAnswer(
        version=version,
        anchor=node.anchor.version if node.anchor else None,
        floating=node.floating.version if node.floating else None,
        keepalived=(node.floating.keepalived_version or None) if node.floating else None,
    )


def _link(link: LinkStatus) -> Link:
    return Link(up=link.up, since=moment(link.since), grace=link.grace, reason=link.reason)


def _condition(condition: Condition) -> Reason:
    return Reason(
        name=condition.name,
        ok=condition.ok,
        strength=condition.strength.value,
        reason=condition.reason,
        virtual_routers=condition.routers,
    )


def _vip(vip: VipStatus) -> Vip:
    return Vip(address=vip.address, interface=vip.interface, present=vip.present, excluded=vip.excluded)


def _router(router: RouterStatus, conditions: tuple[Condition, ...]) -> Router:
    return Router(
        name=router.name,
        vrid=router.vrid,
        state=router.state.name,
        since=moment(router.since),
        reason=router.reason,
        interface=router.interface,
        version=router.version,
        advert_interval=router.advert_interval,
        priority=Priority(base=router.priority_base, effective=router.priority_effective),
        demoted=router.demoted,
        allowed=router.allowed,
        expected=router.expected,
        master_address=router.master_address,
        master_priority=router.master_priority,
        virtual_ips=tuple(map(_vip, router.virtual_ips)),
        peers=tuple(PeerNode(address=p.address, hostname=p.hostname, priority=p.priority) for p in router.peers),
        foreign_routers=tuple(ForeignRouter(**foreign.model_dump()) for foreign in router.foreign_routers),
        foreign_claims=tuple(ForeignClaim(**claim.model_dump()) for claim in router.foreign_claims),
        counters=router.counters,
        conditions=tuple(_condition(c) for c in conditions if c.concerns(router.name)),
    )


def _anchor(anchor: AnchorStatus, *, fresh: bool) -> Anchor:
    return Anchor(
        version=anchor.version,
        written_at=moment(anchor.written_at),
        fresh=fresh,
        stack=anchor.stack,
        summary=anchor.summary,
        warnings=anchor.warnings,
        float_restarts=anchor.float_restarts,
    )
