"""A real float and a real keepalived whose volumes are full: the node serves on, decides, reports and says so."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.link_protocol import SpecMessage
from shared.models import FloatSpec, VirtualIp, VrrpState
from tests.contract.volume_world import ALONE, Node

pytestmark = pytest.mark.lab


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "log")
    yield node
    node.end()


def other(spec: FloatSpec, vip: str) -> FloatSpec:
    """The same with one more virtual IP."""
    router = spec.virtual_routers[0].model_copy(update={"excluded": (VirtualIp.parse(vip),)})
    return spec.model_copy(update={"virtual_routers": (router,)})


def test_a_node_whose_volumes_fill_up_serves_decides_and_reports_as_before_and_says_so_once(node: Node) -> None:
    node.serve()
    node.fill()
    began = time.monotonic()

    node.say(SpecMessage(spec=other(ALONE, "192.0.2.101"), digest="two"))
    node.until(lambda: "192.0.2.101" in node.addresses(), "a new virtual IP is served")
    node.obey()
    node.listen(5)

    assert all(0 < node.addresses()[vip] <= 3 for vip in ("192.0.2.100", "192.0.2.101"))
    assert node.longest_silence(began) < 3.0
    assert node.wants_room()
    for what in ("record of our addresses cannot be written", "status cannot be written"):
        assert node.log.count(what) == 1, node.log

    node.make_room()
    node.until(lambda: "192.0.2.101" in (node.run / "keepalived-link/owned.json").read_text(), "the record catches up")
    node.until(lambda: not node.wants_room(), "there is nothing to say any more")


def test_a_keepalived_that_dies_while_the_volumes_are_full_is_started_again(node: Node) -> None:
    node.serve()
    node.fill()
    restarts = node.reports[-1][1].status.keepalived_restarts
    os.kill(int((node.run / "keepalived/keepalived.pid").read_text()), signal.SIGKILL)
    node.until(lambda: node.reports[-1][1].status.keepalived_restarts > restarts, "it is noticed")
    node.until(lambda: node.is_(VrrpState.MASTER), "it serves again")
    assert 0 < node.addresses()["192.0.2.100"] <= 3


def test_a_node_that_begins_with_full_volumes_serves(node: Node) -> None:
    node.fill()
    node.serve()
    assert node.answers[-1].accepted
    assert 0 < node.addresses()["192.0.2.100"] <= 3
