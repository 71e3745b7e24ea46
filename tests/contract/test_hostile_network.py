"""Two whole floats on a segment with a stranger who may send anything: who holds the VIP, and what the buoy says."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator

import pytest

from buoy.api import HistoryMark
from buoy.cluster_view import NodeReport
from buoy.describe import node_answer
from buoy.findings import findings
from buoy.node import NodeView
from shared.status import FloatStatus
from tests.contract.float_world import eventually
from tests.contract.forged import VRRP_GROUP, Forged, frame, gratuitous_arp, ipv4, neighbour_advertisement
from tests.contract.forger_world import MACS, STRANGER, STRANGER_MAC, VIP, VIP6, A, B, Node, Pair, mac_of, pair

pytestmark = pytest.mark.lab

ROUTER = "VI_1 (VRID 77)"
STEADY = ["a"]
"""Who holds the VIP as long as nothing happens."""


@pytest.fixture(scope="module")
def unicast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("unicast"), "uni") as made:
        yield made


@pytest.fixture(scope="module")
def multicast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("multicast"), "multi", KEEPALIVED_UNICAST_PEERS="multicast") as made:
        yield made


@pytest.fixture
def nodes(unicast: Pair) -> Iterator[Pair]:
    """The pair with unicast peers; whatever a test does to it, neither float dies of it."""
    unicast.settle()
    yield unicast
    assert unicast.alive()


@pytest.fixture
def group(multicast: Pair) -> Iterator[Pair]:
    """The same with multicast."""
    multicast.settle()
    yield multicast
    assert multicast.alive()


def said_of(node: Node, kind: str) -> list[str]:
    """What the buoy of that node makes of it, findings of that kind alone."""
    status = FloatStatus.model_validate(node.status)
    view = NodeView(status.hostname, status, fresh=True)
    answer = node_answer(view, version="1", history=HistoryMark(), instance="one")
    return [found.text for found in findings([NodeReport.of(answer, 1.0, None)]) if found.kind == kind]


@contextlib.contextmanager
def few_lines(*nodes: Node, most: int = 150) -> Iterator[None]:
    """What happens inside makes each node's log no longer than that."""
    before = [len(node.log_lines()) for node in nodes]
    yield
    longer = [len(node.log_lines()) - length for node, length in zip(nodes, before, strict=True)]
    assert max(longer) <= most, longer


def moves(made: Pair) -> int:
    """How often a node became MASTER so far."""
    return sum("to MASTER" in line for node in (made.a, made.b) for line in node.log_lines())


# Unicast: whoever is no peer has no say.


@pytest.mark.parametrize(
    "advert",
    [
        pytest.param(Forged(STRANGER, priority=255), id="priority 255"),
        pytest.param(Forged(STRANGER, priority=0), id="priority 0"),
        pytest.param(Forged(STRANGER, priority=100, addresses=("192.0.2.200",)), id="other virtual IPs"),
        pytest.param(Forged(STRANGER, version=2, interval=1), id="VRRPv2"),
        pytest.param(Forged(B, right_checksum=False), id="a peer's, wrong checksum"),
        pytest.param(Forged(B, cut_to=9), id="a peer's, cut short"),
        pytest.param(Forged(B, ttl=64), id="a peer's, through a router"),
        pytest.param(Forged(B, version=2, interval=1), id="a peer's, VRRPv2"),
        pytest.param(Forged(B, version=7), id="a peer's, of no version"),
        pytest.param(Forged(B, kind=2), id="a peer's, of no type"),
        pytest.param(Forged(STRANGER, vrid=78), id="another VRID"),
    ],
)
def test_no_advert_that_is_void_or_a_strangers_moves_the_vip(nodes: Pair, advert: Forged) -> None:
    before = moves(nodes)
    with few_lines(nodes.a, nodes.b):
        seen = nodes.keep_sending(advert, to=(A, B) if advert.source != B else (A,), seconds=0.8)
    assert all(holders == STEADY for holders in seen), seen
    assert (nodes.a.state, nodes.b.state, moves(nodes)) == ("MASTER", "BACKUP", before)


def test_a_foreign_router_is_named_with_its_version_and_priority(nodes: Pair) -> None:
    nodes.keep_sending(Forged(STRANGER, priority=253), seconds=1.5)
    text = f"hears adverts of a foreign router at {STRANGER} (VRRPv3, priority 253) for {ROUTER}"
    assert f"a {text}" in said_of(nodes.a, "foreign-router")
    assert f"b {text}" in said_of(nodes.b, "foreign-router")


def test_a_peer_that_speaks_another_version_is_named(nodes: Pair) -> None:
    nodes.keep_sending(Forged(B, version=2, interval=1), to=(A,), seconds=1.5)
    expected = f"a hears VRRPv2 from its peer {B}, and speaks VRRPv3 itself, for {ROUTER}"
    assert expected in said_of(nodes.a, "foreign-router")


def test_a_peers_advert_that_came_through_a_router_is_told_of(nodes: Pair) -> None:
    nodes.keep_sending(Forged(B, priority=10, ttl=64), to=(A,), seconds=1.5)
    text = f"a hears adverts that came through a router, or are forged, from its peer {B} for {ROUTER}"
    assert text in said_of(nodes.a, "foreign-router")
    assert nodes.a.router["master_address"] is None


def test_a_thousand_invented_routers_are_four_findings_and_one_line(nodes: Pair) -> None:
    invented = [Forged(f"198.51.100.{number}", priority=number) for number in range(1, 251)]
    with few_lines(nodes.a, nodes.b):
        nodes.keep_sending(*invented, seconds=2.0)
        time.sleep(1.2)
    assert 1 <= len(said_of(nodes.a, "foreign-router")) <= 4
    assert nodes.holders() == STEADY


def test_a_host_that_forges_a_peers_address_can_move_the_vip_and_not_keep_it(nodes: Pair) -> None:
    """VRRP's limit: it has no authentication worth the name. Once the forger is silent, one node serves."""
    forged = Forged(B, priority=255)
    with few_lines(nodes.a, nodes.b):
        seen = nodes.keep_sending(forged, to=(A,), seconds=2.0)
    assert seen[-1] != STEADY
    assert eventually(lambda: len(nodes.holders()) == 1)


# Claims of the virtual IP by somebody else.


@pytest.mark.parametrize("reply", [True, False])
def test_a_strangers_gratuitous_arp_is_told_by_holder_and_backup(nodes: Pair, reply: bool) -> None:
    mac = bytes([2, 0, 0, 0, 0xEE, int(reply)])
    nodes.stranger.send(gratuitous_arp(mac, VIP, reply=reply))
    text = f"{mac.hex(':')}, which is none of the nodes, claims {VIP} on eth0 of "
    assert eventually(lambda: f"{text}a" in said_of(nodes.a, "foreign-claim"), within=8)
    assert eventually(lambda: f"{text}b" in said_of(nodes.b, "foreign-claim"), within=8)
    assert (nodes.a.state, nodes.holders()) == ("MASTER", STEADY)


def test_a_strangers_neighbour_advertisement_is_told(nodes: Pair) -> None:
    mac = bytes([2, 0, 0, 0, 0xEE, 6])
    nodes.stranger.send(neighbour_advertisement(mac, VIP6))
    text = f"{mac.hex(':')}, which is none of the nodes, claims {VIP6} on eth0 of a"
    assert eventually(lambda: text in said_of(nodes.a, "foreign-claim"), within=8)
    assert nodes.holders() == STEADY


def test_the_gratuitous_arp_of_a_peer_is_no_finding(nodes: Pair) -> None:
    nodes.stranger.send(gratuitous_arp(mac_of(B), VIP, reply=True))
    time.sleep(3.5)
    assert not [text for text in said_of(nodes.a, "foreign-claim") if MACS[B] in text]


def test_a_flood_of_claims_costs_the_supervisor_little(nodes: Pair) -> None:
    claims = [gratuitous_arp(bytes([2, 0, 0, 1, n // 256, n % 256]), VIP, reply=True) for n in range(1000)]
    before = nodes.a.cpu_seconds()
    with few_lines(nodes.a, nodes.b):
        nodes.flood(claims, per_second=5000, seconds=3)
    assert (nodes.a.cpu_seconds() - before) / 3 < 0.15
    assert len(said_of(nodes.a, "foreign-claim")) <= 4
    assert nodes.holders() == STEADY


# Floods of protocol 112.


def garbage() -> list[bytes]:
    """Packets of protocol 112 that mean nothing."""
    chance = random.Random(112)
    return [
        frame(STRANGER_MAC, mac_of(to), ipv4(STRANGER, to, chance.randbytes(chance.randrange(60))))
        for _ in range(500)
        for to in (A, B)
    ]


def strangers() -> list[bytes]:
    """Whole adverts of our VRID from sources that nobody knows."""
    return [
        frame(STRANGER_MAC, mac_of(to), Forged(f"198.51.{n // 250}.{n % 250 + 1}", priority=n % 256).packet(to))
        for n in range(1000)
        for to in (A, B)
    ]


def demoted_peer() -> list[bytes]:
    """Adverts with a peer's address, and each with another priority: a forger who knows what we act on."""
    return [frame(STRANGER_MAC, mac_of(A), Forged(B, priority=n % 49 + 1).packet(A)) for n in range(100)]


@pytest.mark.parametrize(("frames", "seconds"), [(garbage, 5.0), (strangers, 3.0), (demoted_peer, 3.0)])
def test_ten_thousand_packets_a_second_change_nothing(
    nodes: Pair, frames: Callable[[], list[bytes]], seconds: float
) -> None:
    """A master whose adverts failed for 0.31 s would have made the other one MASTER."""
    made = frames()
    before = moves(nodes)
    cpu, memory = nodes.a.cpu_seconds(), nodes.a.memory()
    with few_lines(nodes.a, nodes.b):
        nodes.flood(made, per_second=10_000, seconds=seconds)
        flood = said_of(nodes.a, "flood")
    assert (nodes.holders(), nodes.a.state, nodes.b.state, moves(nodes)) == (STEADY, "MASTER", "BACKUP", before)
    assert (nodes.a.cpu_seconds() - cpu) / seconds < 0.15
    assert nodes.a.memory() - memory < 2048
    assert flood
    assert flood[0].startswith("a: more packets of protocol 112 come than are looked at, from ")


# Multicast: whoever speaks for the group belongs to it, as VRRP has it.


def test_with_multicast_a_stranger_with_priority_255_is_believed_until_it_is_silent(group: Pair) -> None:
    seen = group.keep_sending(Forged(STRANGER, priority=255), to=(VRRP_GROUP,), seconds=2.0)
    assert seen[-1] == []
    group.settle()


@pytest.mark.parametrize(
    "advert",
    [
        pytest.param(Forged(STRANGER, version=2, interval=1), id="VRRPv2"),
        pytest.param(Forged(STRANGER, ttl=64), id="wrong TTL"),
        pytest.param(Forged(STRANGER, right_checksum=False), id="wrong checksum"),
        pytest.param(Forged(STRANGER, cut_to=11), id="cut short"),
        pytest.param(Forged(STRANGER, addresses=("192.0.2.200",)), id="other virtual IPs"),
    ],
)
def test_with_multicast_too_a_void_advert_moves_nothing(group: Pair, advert: Forged) -> None:
    before = moves(group)
    with few_lines(group.a, group.b):
        seen = group.keep_sending(advert, to=(VRRP_GROUP,), seconds=0.8)
    assert all(holders == STEADY for holders in seen), seen
    assert moves(group) == before


def test_with_multicast_another_group_on_our_vrid_is_named(group: Pair) -> None:
    group.keep_sending(Forged(STRANGER, priority=90, addresses=("192.0.2.200",)), to=(VRRP_GROUP,), seconds=1.5)
    text = f"hears adverts of a foreign router at {STRANGER} (VRRPv3, priority 90) for {ROUTER}"
    assert f"a {text}" in said_of(group.a, "foreign-router")
