"""What kernels, engines and the wire say about the product; never what the product says about itself."""

from __future__ import annotations

import ipaddress
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.lab import namespaces
from tests.lab.address_watch import AddressWatch
from tests.lab.base import LabBase
from tests.lab.gaps import GapClient
from tests.lab.host import Host
from tests.lab.processes import marked_environment
from tests.lab.segment import BRIDGE
from tests.lab.shell import LabError, run, wait_until

BUOY_PORT = 8082


@dataclass(frozen=True)
class Reply:
    """An HTTP answer; header names in lower case."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


class Observe(LabBase):
    """Reads the hosts from outside and the LAN from its client."""

    def holders(self, vip: str | None = None, *, reachable: bool = False) -> list[str]:
        """The hosts that are on whose kernel has the address; with `reachable` only those that the client can reach."""
        hosts = self.reachable() if reachable else self.hosts_on()
        return [host.name for host in hosts if has_address(host, vip or self.vip)]

    def wait_holder(self, vip: str | None = None, *, timeout: float = 30.0, reachable: bool = False) -> str:
        """The one host that has the address; LabError when it is not exactly one in time."""
        wanted = vip or self.vip
        found: list[str] = []

        def look() -> bool:
            found[:] = self.holders(wanted, reachable=reachable)
            return len(found) == 1

        wait_until(look, timeout, f"exactly one holder of {wanted}", interval=0.02)
        return found[0]

    def watch_addresses(self) -> AddressWatch:
        """For a `with`: records when any address came to, or left, the kernel of any host."""
        return AddressWatch({host.name: host.namespace for host in self.hosts.values()})

    def gap_client(self, vip: str | None = None, *, interval: float = 0.002, late: float = 0.02) -> GapClient:
        """For a `with`: a client in the LAN that probes the VIP; an answer after `late` seconds is part of a gap."""
        return GapClient(self.plan.lan_namespace, vip or self.vip, interval=interval, late=late)

    def http(self, host: str, path: str, *, port: int = BUOY_PORT, timeout: float = 5.0) -> tuple[int, str]:
        """(status, body) of a GET by the LAN's client from a host's name or an address; OSError as a client gets it."""
        reply = self.request("GET", host, path, port=port, timeout=timeout)
        return reply.status, reply.body

    def request(
        self,
        method: str,
        host: str,
        path: str,
        *,
        port: int = BUOY_PORT,
        headers: dict[str, str] | None = None,
        timeout: float = 5.0,
    ) -> Reply:
        """Any HTTP request by the LAN's client; ConnectionError also when the answer is no HTTP."""
        address = self.plan.address(host) if host in self.hosts else host
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        link = namespaces.inside(self.plan.lan_namespace, lambda: socket.socket(family, socket.SOCK_STREAM))
        connection = HTTPConnection(address, port, timeout=timeout)
        connection.sock = link
        try:
            link.settimeout(timeout)
            link.connect((address, port))
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            body = answer.read().decode(errors="replace")
            return Reply(answer.status, body, {name.lower(): value for name, value in answer.getheaders()})
        except HTTPException as error:
            raise ConnectionError(f"{address}:{port} did not answer with HTTP: {error!r}") from error
        finally:
            connection.close()
            link.close()

    @contextmanager
    def capture(self, packet_filter: str, pcap: Path) -> Iterator[Path]:
        """Writes what passes the LAN's bridge (pcap-filter(7)) to `pcap`, whole when the `with` ends."""
        command = [
            "tcpdump",
            "-i",
            BRIDGE,
            "--immediate-mode",
            "-U",
            "-n",
            "-B",
            "16384",  # KiB: thousands of packets a second are not dropped while others have the processor
            "-Z",
            "root",
            "-w",
            str(pcap),
            packet_filter,
        ]
        enter = ["ip", "netns", "exec", self.plan.lan_namespace]
        marked = marked_environment(self.plan.name)
        with subprocess.Popen([*enter, *command], stderr=subprocess.PIPE, text=True, cwd="/", env=marked) as tcpdump:
            assert tcpdump.stderr is not None
            first = next((line for line in tcpdump.stderr if "listening on" in line), None)
            if first is None:
                raise LabError(f"tcpdump does not start with the filter {packet_filter!r}")
            try:
                yield pcap
            finally:
                time.sleep(0.1)  # what passed last reaches the file too
                tcpdump.send_signal(signal.SIGINT)
                tcpdump.stderr.read()


def has_address(host: Host, address: str) -> bool:
    """False also for a host that loses its power while we look."""
    shown = run(["ip", "-n", host.namespace, "-j", "addr"], check=False).stdout
    wanted = ipaddress.ip_address(address)
    entries = (entry for link in json.loads(shown or "[]") for entry in link.get("addr_info", ()))
    return any(ipaddress.ip_address(entry["local"]) == wanted for entry in entries if "local" in entry)
