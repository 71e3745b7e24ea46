"""Whether the kernel's lists of TCP sockets name a listener of the Swarm."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from float.swarm_ports import LISTS, PORTS, in_list, listening

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(port: int, state: str) -> str:
    """One socket as proc_net_tcp shows it; 0A listens, 01 is connected."""
    return f"   0: 00000000:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0\n"


@pytest.mark.parametrize("port", sorted(PORTS))
def test_a_listener_on_a_port_of_the_swarm_is_found(port: int) -> None:
    assert in_list([HEAD, row(8082, "0A"), row(port, "0A")])


@pytest.mark.parametrize("rows", [[], [row(8082, "0A")], [row(8082, "0A"), row(2377, "01")], ["nonsense\n"]])
def test_another_listener_or_a_connection_is_none(rows: list[str]) -> None:
    assert not in_list([HEAD, *rows])


def test_an_empty_or_missing_list_names_nobody(tmp_path: Path) -> None:
    (tmp_path / "tcp").touch()
    assert not listening([tmp_path / "tcp", tmp_path / "tcp6"])


def test_this_kernels_own_lists_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr("float.swarm_ports.PORTS", frozenset({server.getsockname()[1]}))
        assert listening(LISTS)
    assert not listening(LISTS)
