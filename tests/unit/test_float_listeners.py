"""Who takes connections to a port is read from the kernel's own tables."""

from __future__ import annotations

import ipaddress

import pytest

from float.listeners import Listener, read_rules, read_sockets

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
ANY = ipaddress.ip_address("0.0.0.0")


def socket(local: str, state: str = "0A") -> str:
    return f"   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100"


def takes(row: str, port: int, address: str | None) -> bool:
    asked = ipaddress.ip_address(address) if address else None
    return any(listener.takes(port, asked) for listener in read_sockets([HEAD, socket(row)]))


@pytest.mark.parametrize(
    ("row", "port", "address", "expected"),
    [
        ("00000000:0050", 80, None, True),
        ("00000000:0050", 8080, None, False),
        ("00000000:0050", 80, "192.0.2.100", True),
        ("00000000:0050", 80, "2001:db8::1", False),
        ("640200C0:0050", 80, "192.0.2.100", True),
        ("640200C0:0050", 80, "192.0.2.101", False),
        ("640200C0:0050", 80, None, True),
        ("0" * 32 + ":0050", 80, "192.0.2.100", True),
        ("0" * 32 + ":0050", 80, "2001:db8::1", True),
        ("0000000000000000FFFF0000640200C0:0050", 80, "192.0.2.100", True),
        ("B80D0120000000000000000001000000:0050", 80, "2001:db8::1", True),
        ("B80D0120000000000000000001000000:0050", 80, "2001:db8::2", False),
    ],
)
def test_a_socket_takes_what_comes_to_its_address(row: str, port: int, address: str | None, expected: bool) -> None:
    assert takes(row, port, address) is expected


def test_a_connection_is_no_listener_and_what_follows_it_is_not_read() -> None:
    rows = [HEAD, socket("00000000:0050", state="01"), socket("00000000:0051")]
    assert list(read_sockets(rows)) == []


def test_garbage_is_no_listener() -> None:
    assert list(read_sockets(["", "nonsense", "a b c d"])) == []


@pytest.mark.parametrize("local", ["-1:0050", "zzzzzzzz:0050", "0:0050", "0000000000:0050", "00000000:http"])
def test_a_listener_whose_place_cannot_be_read_is_not_passed_over(local: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(read_sockets([HEAD, socket(local)]))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
            [Listener(ANY, 8080, 8080)],
        ),
        (
            "-A DOCKER -d 192.0.2.7/32 ! -i br-1 -p tcp -m tcp --dport 443 -j DNAT --to-destination 172.18.0.2:443",
            [Listener(ipaddress.ip_address("192.0.2.7"), 443, 443)],
        ),
        (
            "-A CATTLE_PREROUTING -p tcp -m multiport --dports 80,8000:8010 -j DNAT --to-destination 10.42.0.2",
            [Listener(ANY, 80, 80), Listener(ANY, 8000, 8010)],
        ),
        ("-A OUTPUT -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080", [Listener(ANY, 80, 80)]),
        ("-A DOCKER ! -i docker0 -p udp -m udp --dport 53 -j DNAT --to-destination 172.17.0.2:53", []),
        ("-A POSTROUTING -s 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE", []),
        ("-A DOCKER -p tcp -m tcp ! --dport 80 -j DNAT --to-destination 172.17.0.2", []),
    ],
)
def test_a_rule_that_sends_a_port_on_counts_as_a_listener(rule: str, expected: list[Listener]) -> None:
    assert list(read_rules([":DOCKER - [0:0]", rule, "COMMIT"], ANY)) == expected
