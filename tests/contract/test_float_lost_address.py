"""A node that loses the address that its adverts come from: NIC and carrier stay, and it is deaf."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.float_world import eventually
from tests.contract.forger_world import A, B, Node, Pair, pair


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path, "lost") as found:
        yield found


def change(node: Node, verb: str, address: str) -> None:
    words = ["ip", "-n", node.namespace, "address", verb, f"{address}/24", "dev", "eth0"]
    subprocess.run(words, check=True, capture_output=True)


def test_a_master_gives_the_virtual_ip_up_and_takes_part_again_when_the_address_is_back(both: Pair) -> None:
    change(both.a, "del", A)
    assert eventually(lambda: (both.a.state, both.b.state) == ("FAULT", "MASTER"), within=5)
    assert both.holders() == ["b"]
    assert "does not carry 192.0.2.1" in both.a.router["reason"]
    change(both.a, "add", A)
    assert eventually(lambda: both.a.state == "BACKUP", within=5)
    assert both.holders() == ["b"]


def test_a_backup_takes_nothing_though_it_hears_nobody(both: Pair) -> None:
    change(both.b, "del", B)
    assert not eventually(lambda: both.holders() != ["a"], within=2)
    assert (both.a.state, both.b.state) == ("MASTER", "FAULT")
    change(both.b, "add", B)
    assert eventually(lambda: both.b.state == "BACKUP", within=5)
    assert both.holders() == ["a"]
