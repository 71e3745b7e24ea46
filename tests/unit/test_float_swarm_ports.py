"""Whether the kernel's lists of TCP sockets name a listener of the Swarm."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from float.swarm_ports import LISTS, PORTS, listening

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(port: int, state: str) -> str:
    """One socket as proc_net_tcp shows it; 0A listens, 01 is connected."""
    return f"   0: 00000000:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0\n"


@pytest.mark.parametrize("port", sorted(PORTS))
def test_a_listener_on_a_port_of_the_swarm_is_found(tmp_path: Path, port: int) -> None:
    (tmp_path / "tcp6").write_text(HEAD + row(8082, "0A") + row(port, "0A"))
    assert listening([tmp_path / "tcp", tmp_path / "tcp6"])


@pytest.mark.parametrize("rows", ["", HEAD, HEAD + row(8082, "0A"), HEAD + row(8082, "0A") + row(2377, "01")])
def test_another_listener_or_a_connection_is_none(tmp_path: Path, rows: str) -> None:
    (tmp_path / "tcp").write_text(rows)
    assert not listening([tmp_path / "tcp", tmp_path / "tcp6"])


def test_a_list_that_cannot_be_read_says_nothing_against_the_engine(tmp_path: Path) -> None:
    assert listening([tmp_path])


@pytest.mark.parametrize("table", [b"0: -1:0050 0:0 0A", b"0: 00000000:http 0:0 0A", b"\xff"])
def test_a_list_that_is_none_of_the_kernels_says_nothing_against_the_engine_either(
    tmp_path: Path, table: bytes
) -> None:
    (tmp_path / "tcp").write_bytes(table)
    assert listening([tmp_path / "tcp"])


def test_this_kernels_own_lists_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr("float.swarm_ports.PORTS", frozenset({server.getsockname()[1]}))
        assert listening(LISTS)
    assert not listening(LISTS)
