"""Could this node serve, or does it serve? Pure: the node as last read in, sentences against it out."""

from __future__ import annotations

from collections.abc import Iterator

from buoy.node import NodeView
from buoy.texts import sentence, stamp
from shared.models import VrrpState
from shared.status import FloatStatus, RouterStatus

RUNNING = "RUNNING"


def reason_against(node: NodeView) -> str | None:
    """Why this node can neither serve nor take over, in one line; None when it can."""
    return "; ".join(problems(node)) or None


def not_known(node: NodeView) -> str | None:
    """Why nothing true can be said about this node's virtual routers, or None."""
    if node.floating is None:
        return "no status of the float has been read yet: is the float container running on this node?"
    if not node.fresh:
        return f"the float's last word is of {stamp(node.floating.written_at)}, more than 3 s ago: it ended or hangs"
    return None


def not_ready(node: NodeView) -> str | None:
    """Why the buoy has nothing to tell yet, or None once any status has been read."""
    return not_known(node) if node.floating is None else None


def problems(node: NodeView) -> tuple[str, ...]:
    """All reasons against this node; none means MASTER or BACKUP everywhere, and the kernel agrees."""
    unknown = not_known(node)
    if unknown or node.floating is None:
        return (unknown or "",)
    return (*_of_the_float(node.floating), *(text for router in node.routers for text in _of_a_router(router)))


def _of_the_float(status: FloatStatus) -> Iterator[str]:
    if status.keepalived != RUNNING:
        yield f"keepalived is {status.keepalived}, not {RUNNING}"
    if not (status.link.up or status.link.grace):
        yield sentence("the link to the anchor is down", status.link.reason)
    if not status.virtual_routers:
        yield sentence("the float runs no virtual router yet", status.refused_reason)


def _of_a_router(router: RouterStatus) -> Iterator[str]:
    who = f"{router.name} (VRID {router.vrid}) is {router.state.name}"
    if router.state not in {VrrpState.MASTER, VrrpState.BACKUP}:
        yield sentence(who, router.reason)
        return
    master = router.state is VrrpState.MASTER
    wrong = [f"{vip.address} on {vip.interface}" for vip in router.virtual_ips if vip.present is not master]
    if wrong:
        yield f"{who}, but the kernel {'lacks' if master else 'still has'} {', '.join(wrong)}"
