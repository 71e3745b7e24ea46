"""Claims about a load balancer that asks the buoys who is MASTER."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.models import VrrpState
from tests.buoy.fleet import NODES, Fleet, Told, free_port

pytestmark = pytest.mark.lab

CONFIG = """
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s

frontend entry
    bind 127.0.0.1:{entry}
    default_backend holder

backend holder
    option httpchk OPTIONS /master
    default-server inter 100ms fall 1 rise 1
{servers}
"""
SLOWLY = 10.0


class LoadBalancer:
    """One HAProxy before three buoys."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self._port = port
        self._process = process

    def chosen(self) -> str:
        """The node that answers behind it; the status code where it has none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/version", timeout=1) as answer:
                return str(answer.headers["x-node"])
        except OSError as error:
            return str(getattr(error, "code", error))

    def seconds_until(self, chosen: str) -> float:
        """How long it took until that was the answer."""
        begun = time.monotonic()
        while (now := self.chosen()) != chosen:
            if time.monotonic() - begun > SLOWLY:
                raise TimeoutError(f"HAProxy goes to {now}, not to {chosen}")
            time.sleep(0.02)
        return time.monotonic() - begun


@pytest.fixture
def balancer(haproxy: str, nodes: Fleet, tmp_path: Path) -> Iterator[LoadBalancer]:
    port = free_port()
    servers = "\n".join(f"    server {node} {address}:{nodes.port} check" for node, address in NODES.items())
    config = tmp_path / "haproxy.cfg"
    config.write_text(CONFIG.format(entry=port, servers=servers) + "    http-response set-header x-node %s\n")
    process = subprocess.Popen([haproxy, "-db", "-q", "-f", str(config)])
    yield LoadBalancer(port, process)
    process.terminate()
    process.wait(10)


def test_httpchk_on_master_chooses_the_holder_through_a_failover(balancer: LoadBalancer, nodes: Fleet) -> None:
    balancer.seconds_until("swarm-1")

    nodes.move("swarm-2")
    there = balancer.seconds_until("swarm-2")
    nodes.move("swarm-3")
    on = balancer.seconds_until("swarm-3")

    assert max(there, on) < 1.0


def test_after_a_power_cut_httpchk_on_master_chooses_the_new_holder(balancer: LoadBalancer, nodes: Fleet) -> None:
    balancer.seconds_until("swarm-1")

    nodes.pause("swarm-1")
    nodes.tell("swarm-2", Told(VrrpState.MASTER))

    balancer.seconds_until("swarm-2")


def test_httpchk_on_master_finds_nobody_while_no_node_is_master(balancer: LoadBalancer, nodes: Fleet) -> None:
    balancer.seconds_until("swarm-1")

    nodes.tell("swarm-1", Told(VrrpState.FAULT))

    balancer.seconds_until("503")
