"""keepalived that hangs instead of dying, in a whole float beside another: its own word fails, and that is noticed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.contract.float_world import eventually
from tests.contract.forger_world import Node, Pair, pair

pytestmark = pytest.mark.lab

SETTLED = 15.0
"""Seconds in which a hang is noticed and mended, with slack: the float needs some 3 s for a master's VRRP child."""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("hang"), "hang") as made:
        yield made


def number(node: Node, part: str) -> str:
    """Of that process; empty while there is none."""
    try:
        return node.file(f"keepalived/{part}.pid").read_text().strip()
    except OSError:
        return ""


def hang(node: Node, part: str) -> str:
    """Stop the process without ending it; returns its number."""
    os.kill(int(number(node, part)), signal.SIGSTOP)
    return number(node, part)


def settled(nodes: Pair) -> bool:
    """One of them holds the virtual IP, the other one follows."""
    return sorted((nodes.a.state, nodes.b.state)) == ["BACKUP", "MASTER"] and len(nodes.holders()) == 1


def test_a_masters_vrrp_child_that_hangs_costs_it_the_virtual_ip_and_is_replaced(nodes: Pair) -> None:
    nodes.settle()
    hung = hang(nodes.a, "vrrp")
    assert eventually(lambda: nodes.holders() == ["b"], within=SETTLED)
    assert eventually(lambda: settled(nodes), within=SETTLED)
    assert number(nodes.a, "vrrp") not in ("", hung)
    assert any("keepalived does not answer: it hangs, and is killed" in line for line in nodes.a.log_lines())


@pytest.mark.parametrize("part", ["vrrp", "keepalived"])
def test_what_hangs_on_a_backup_is_replaced_and_moves_nothing(nodes: Pair, part: str) -> None:
    assert eventually(lambda: settled(nodes), within=SETTLED)
    holders = nodes.holders()
    backup = nodes.b if holders == ["a"] else nodes.a
    hung = hang(backup, part)
    assert eventually(lambda: number(backup, part) not in ("", hung), within=2 * SETTLED)
    assert eventually(lambda: settled(nodes), within=SETTLED)
    assert nodes.holders() == holders
