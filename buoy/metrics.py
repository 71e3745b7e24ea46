"""The node's status as Prometheus families, under the names of mehdy/keepalived-exporter and a few of our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from buoy.health import RUNNING
from buoy.node import NodeView
from shared.status import FloatStatus, RouterStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COUNTERS = {
    "keepalived_advertisements_received": ("advert_rcvd", "Advertisements received"),
    "keepalived_advertisements_sent": ("advert_sent", "Advertisements sent"),
    "keepalived_become_master": ("become_master", "Times this node became MASTER"),
    "keepalived_release_master": ("release_master", "Times this node stopped being MASTER"),
    "keepalived_packet_length_errors": ("packet_len_err", "Adverts with a wrong length"),
    "keepalived_advertisements_interval_errors": ("advert_interval_err", "Adverts with another interval"),
    "keepalived_ip_ttl_errors": ("ip_ttl_err", "Adverts with a wrong TTL or hop limit"),
    "keepalived_invalid_type_received": ("invalid_type_rcvd", "Packets of an unknown VRRP type"),
    "keepalived_address_list_errors": ("addr_list_err", "Adverts with another list of addresses"),
    "keepalived_authentication_invalid": ("invalid_authtype", "Adverts with an unknown authentication type"),
    "keepalived_authentication_mismatch": ("authtype_mismatch", "Adverts with another authentication type"),
    "keepalived_authentication_failure": ("auth_failure", "Adverts with a wrong password"),
    "keepalived_priority_zero_received": ("pri_zero_rcvd", "Adverts with which a MASTER resigned"),
    "keepalived_priority_zero_sent": ("pri_zero_sent", "Adverts with which this node resigned"),
    "keepalived_gratuitous_arp_delay": ("garp_delay", "Gratuitous ARP delay"),
}
"""Family without `_total`, keepalived's name of it, help."""

ROUTER = ("iname", "intf", "vrid")
VIP = (*ROUTER, "ip_address")


def render(node: NodeView, *, masters: Mapping[int, int], version: str) -> bytes:
    """The text that Prometheus scrapes; `masters` counts the cluster's MASTERs by VRID."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families([*_families(node), _masters(masters), _build(version)]))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(node: NodeView) -> Iterator[Metric]:
    up = node.fresh and node.floating is not None and node.floating.keepalived == RUNNING
    yield GaugeMetricFamily("keepalived_up", "Whether keepalived runs and its status is fresh", value=up)
    if node.anchor is not None:
        restarts = CounterMetricFamily("keepalived_float_restarts", "Floats made anew because the old one died")
        restarts.add_metric([], node.anchor.float_restarts)
        yield restarts
    if node.fresh and node.floating is not None:
        yield from _of_the_float(node.floating)


def _of_the_float(status: FloatStatus) -> Iterator[Metric]:
    yield GaugeMetricFamily("keepalived_anchor_link_up", "Whether the float hears its anchor", value=status.link.up)
    yield GaugeMetricFamily(
        "keepalived_float_start_time_seconds", "When the float started, Unix time", value=status.started_at
    )
    condition = GaugeMetricFamily("keepalived_condition", "Whether the named condition holds", labels=["name"])
    for name in dict.fromkeys(c.name for c in status.conditions):
        condition.add_metric([name], all(c.ok for c in status.conditions if c.name == name))
    yield condition
    yield GaugeMetricFamily(
        "keepalived_advert_flood", "Whether more VRRP packets come than are looked at", value=bool(status.flood)
    )
    yield from _of_the_routers(status.virtual_routers)


def _of_the_routers(routers: tuple[RouterStatus, ...]) -> Iterator[Metric]:
    yield _vip_states(routers, "keepalived_vrrp_state", excluded=False)
    yield _vip_states(routers, "keepalived_vrrp_excluded_state", excluded=True)
    for family, (key, text) in COUNTERS.items():
        counter = CounterMetricFamily(family, text, labels=ROUTER)
        for router in routers:
            counter.add_metric(_labels(router), router.counters.get(key, 0))
        yield counter
    priority = GaugeMetricFamily("keepalived_vrrp_priority", "VRRP priority", labels=[*ROUTER, "kind"])
    since = GaugeMetricFamily(
        "keepalived_vrrp_last_transition_timestamp_seconds", "When the state changed last, Unix time", labels=ROUTER
    )
    for router in routers:
        priority.add_metric([*_labels(router), "base"], router.priority_base)
        priority.add_metric([*_labels(router), "effective"], router.priority_effective)
        since.add_metric(_labels(router), router.since)
    yield from (priority, since, _presence(routers), *_foreign(routers))


def _labels(router: RouterStatus, interface: str = "") -> list[str]:
    return [router.name, interface or router.interface, str(router.vrid)]


def _vip_states(routers: tuple[RouterStatus, ...], name: str, *, excluded: bool) -> Metric:
    text = "State of vrrp: 0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT" + (", by excluded address" if excluded else "")
    family = GaugeMetricFamily(name, text, labels=VIP)
    for router in routers:
        for vip in router.virtual_ips:
            if vip.excluded is excluded:
                family.add_metric([*_labels(router, vip.interface), vip.address], router.state)
    return family


def _presence(routers: tuple[RouterStatus, ...]) -> Metric:
    family = GaugeMetricFamily(
        "keepalived_vip_present", "Whether this node's kernel has the virtual IP", labels=["ip_address", "intf"]
    )
    found = {(vip.address, vip.interface): vip.present for router in routers for vip in router.virtual_ips}
    for (address, interface), present in found.items():
        family.add_metric([address, interface], present)
    return family


def _foreign(routers: tuple[RouterStatus, ...]) -> Iterator[Metric]:
    """Numbers alone: a stranger who invents addresses makes no series of his own."""
    heard = GaugeMetricFamily(
        "keepalived_foreign_routers", "Routers with our VRID to which keepalived does not listen", labels=ROUTER
    )
    claims = GaugeMetricFamily(
        "keepalived_foreign_claims", "MACs of no node that claim a virtual IP of the router", labels=ROUTER
    )
    for router in routers:
        heard.add_metric(_labels(router), len(router.foreign_routers))
        claims.add_metric(_labels(router), len(router.foreign_claims))
    yield from (heard, claims)


def _masters(masters: Mapping[int, int]) -> Metric:
    family = GaugeMetricFamily("keepalived_cluster_masters", "Nodes that are MASTER of the VRID", labels=["vrid"])
    for vrid, count in sorted(masters.items()):
        family.add_metric([str(vrid)], count)
    return family


def _build(version: str) -> Metric:
    family = GaugeMetricFamily("keepalived_buoy_build_info", "Release of the buoy", labels=["version"])
    family.add_metric([version], 1)
    return family
