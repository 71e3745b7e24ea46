"""The socket proxy's configuration, its stack file and the security guide say the same."""

from __future__ import annotations

import re

import pytest

from tests.docs.socket_proxy import CFG, STACK_FILE, Call, allowed, documented

CONFIGURATION = CFG.read_text()
STACK = STACK_FILE.read_text()


def test_what_the_proxy_lets_through_is_what_the_guide_lists() -> None:
    assert sorted(allowed()) == sorted(documented())


def test_every_line_that_lets_something_through_is_one_of_these() -> None:
    assert len(re.findall(r"\ballow\b", CONFIGURATION)) == len(allowed())


def test_what_is_not_listed_is_denied_at_the_end() -> None:
    rules = [line.strip() for line in CONFIGURATION.splitlines() if line.strip().startswith("http-request")]
    assert rules[-1] == "http-request deny"


@pytest.mark.parametrize("call", allowed(), ids=lambda call: f"{call.method} {call.path}")
def test_every_call_is_let_through_by_one_line_alone(call: Call) -> None:
    example = (
        call.path.replace("{image}", "registry:5000/float:1").replace("{container}", "float").replace("{id}", "x1")
    )
    same = [c for c in allowed() if c.method == call.method and c.pattern.fullmatch(example)]
    assert same == [call]


def test_the_anchor_is_told_where_the_proxy_listens() -> None:
    listens = re.search(r"bind unix@(\S+)", CONFIGURATION)
    told = re.search(r"DOCKER_HOST: unix://(\S+)", STACK)
    assert listens is not None
    assert told is not None
    assert listens[1] == told[1]


def test_the_anchor_has_no_socket_of_docker() -> None:
    anchor = STACK.partition("  keepalived-anchor:\n")[2].partition("\n  keepalived-socket-proxy:")[0]
    mounts = re.findall(r"source: (\S+)\n +target: (\S+)", anchor)
    assert dict(mounts)["/dev/null"] == "/var/run/docker.sock"
    assert "/var/run/docker.sock" not in dict(mounts)
