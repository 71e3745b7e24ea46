"""Nodes, virtual routers and clocks as the buoy's tests like them."""

from __future__ import annotations

from collections.abc import Sequence

from buoy.api import HistoryMark, NodeAnswer
from buoy.cluster_view import NodeReport
from buoy.describe import node_answer
from buoy.node import NodeView
from shared.models import Condition, VrrpState
from shared.status import AnchorStatus, FloatStatus, LinkStatus, PeerStatus, RouterStatus, VipStatus

MASTER, BACKUP, FAULT, INIT = VrrpState.MASTER, VrrpState.BACKUP, VrrpState.FAULT, VrrpState.INIT
UP = LinkStatus(up=True, since=0)
ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
PRIORITIES = {"a": 254, "b": 229, "c": 204}


class HandClock:
    """Moves when told."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


def peers(*names: str) -> tuple[PeerStatus, ...]:
    """Other nodes by name."""
    return tuple(PeerStatus(address=ADDRESSES[n], hostname=n, priority=PRIORITIES[n]) for n in names)


def router(state: VrrpState, *present: bool, **more: object) -> RouterStatus:
    """A virtual router with the VIPs 10.0.0.100, 10.0.0.101, … as far as their presence is given."""
    held = present or (state is MASTER,)
    values: dict[str, object] = {
        "name": "keepalived",
        "vrid": 77,
        "state": state,
        "since": 60,
        "interface": "eth0",
        "priority_base": 254,
        "priority_effective": 254,
        "advert_interval": 0.1,
        "virtual_ips": tuple(
            VipStatus(address=f"10.0.0.{100 + i}/32", interface="eth0", present=here) for i, here in enumerate(held)
        ),
    }
    return RouterStatus.model_validate(values | more)


def told(hostname: str, *routers: RouterStatus, **more: object) -> FloatStatus:
    """What a float says."""
    values: dict[str, object] = {
        "version": "1.2.3",
        "hostname": hostname,
        "container_id": "c",
        "boot_id": "boot",
        "monotonic": 0,
        "written_at": 0,
        "started_at": 5,
        "keepalived": "RUNNING",
        "keepalived_version": "2.3.3",
        "link": UP,
        "virtual_routers": routers,
    }
    return FloatStatus.model_validate(values | more)


def anchor(**more: object) -> AnchorStatus:
    """What an anchor says."""
    values: dict[str, object] = {
        "version": "1.2.3",
        "hostname": "a",
        "container_id": "d",
        "boot_id": "boot",
        "monotonic": 0,
        "written_at": 0,
        "started_at": 0,
    }
    return AnchorStatus.model_validate(values | more)


def node(*routers: RouterStatus, hostname: str = "a", fresh: bool = True, **more: object) -> NodeView:
    """A node as the buoy on it sees it."""
    return NodeView(hostname, told(hostname, *routers, **more), fresh=fresh)


def answer(hostname: str, *routers: RouterStatus, fresh: bool = True, **more: object) -> NodeAnswer:
    """A node as its buoy tells the others."""
    view = node(*routers, hostname=hostname, fresh=fresh, **more)
    return node_answer(view, version="9", history=HistoryMark(), instance=f"buoy of {hostname}")


def report(hostname: str, *routers: RouterStatus, heard_at: float = 10, **more: object) -> NodeReport:
    """What was heard of a node at that time."""
    return NodeReport.of(answer(hostname, *routers, **more), heard_at, None)  # type: ignore[arg-type]  # as given


def silent(hostname: str, error: str = "no connection to its buoy") -> NodeReport:
    """A node that does not answer."""
    return NodeReport(hostname, error=error)


def trio(a: VrrpState, b: VrrpState, c: VrrpState) -> Sequence[NodeReport]:
    """Three nodes that know of each other, in these states."""
    states = {"a": a, "b": b, "c": c}
    return [
        report(
            name,
            router(
                state,
                priority_base=PRIORITIES[name],
                priority_effective=PRIORITIES[name],
                peers=peers(*(other for other in states if other != name)),
            ),
        )
        for name, state in states.items()
    ]


def condition(name: str, **more: object) -> Condition:
    """A condition that fails, unless said otherwise."""
    return Condition.model_validate({"name": name, "ok": False} | more)
