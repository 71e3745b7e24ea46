"""The LAN: a namespace with a bridge that clients and hosts share, and what happens to its cables."""

from __future__ import annotations

import json
from pathlib import Path

from tests.lab import namespaces
from tests.lab.plan import Plan
from tests.lab.shell import run

BRIDGE = "br0"
ISLAND = "br1"
NIC = "eth0"
# Fixed, since a bridge otherwise takes the lowest address of its ports: it would change with a host's power,
# and the client, whose NIC it is, would forget all its neighbours at that moment.
BRIDGES = {BRIDGE: "02:00:0a:58:00:01", ISLAND: "02:00:0a:58:00:02"}


class Segment:
    """One layer-2 segment; `ISLAND` is the bridge on which partitioned hosts see only each other."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def build(self) -> None:
        """Namespace, both bridges, the client's addresses, and the builder's link from the machine."""
        lan = self.plan.lan_namespace
        namespaces.make(lan)
        for bridge, hardware_address in BRIDGES.items():
            self._ip(f"link add {bridge} address {hardware_address} type bridge forward_delay 0 stp_state 0")
            self._sysctl(f"ipv6/conf/{bridge}/accept_dad", "0")
            self._ip(f"link set {bridge} up")
        self._ip(f"addr add {self.plan.gateway}/24 dev {BRIDGE}")
        self._ip(f"addr add {self.plan.gateway6}/64 dev {BRIDGE} nodad")
        self._fail_fast_beyond_the_lan()
        self._link_the_machine()

    def attach(self, host: str) -> None:
        """A namespace for the host with a NIC in the LAN; the bridge's end is named after the host."""
        namespace = self.plan.namespace(host)
        namespaces.make(namespace)
        self._ip(f"link add {host} type veth peer name {NIC} netns {namespace}")
        namespaces.inside(namespace, lambda: _write(f"ipv6/conf/{NIC}/accept_dad", "0"))
        self._ip(f"addr add {self.plan.address(host)}/24 dev {NIC}", namespace)
        self._ip(f"addr add {self.plan.address6(host)}/64 dev {NIC} nodad", namespace)
        self._ip(f"link set {NIC} up", namespace)
        self._ip(f"link set {host} master {BRIDGE} up")
        self._ip(f"route add default via {self.plan.gateway}", namespace)
        self._ip(f"-6 route add default via {self.plan.gateway6}", namespace)

    def detach(self, host: str) -> None:
        """The NIC is gone, and the namespace with whatever addresses it had."""
        if namespaces.exists(self.plan.lan_namespace):
            self._ip(f"link del {host}", check=False)
        namespaces.delete(self.plan.namespace(host))

    def unplug(self, host: str) -> None:
        """The cable is out: both ends lose their carrier."""
        self._ip(f"link set {host} down")

    def plug(self, host: str) -> None:
        self._ip(f"link set {host} up")

    def mute(self, host: str) -> None:
        """The bridge passes nothing of this port on any more, as if the host had gone silent; its carrier stays."""
        self._ip(f"link set {host} type bridge_slave state 0")

    def unmute(self, host: str) -> None:
        self._ip(f"link set {host} type bridge_slave state 3")

    def isolate(self, host: str) -> None:
        self._ip(f"link set {host} master {ISLAND}")

    def rejoin(self, host: str) -> None:
        self._ip(f"link set {host} master {BRIDGE}")

    def ports(self) -> dict[str, tuple[bool, bool]]:
        """For each host with a NIC: is the cable in, is it on the clients' side of a partition."""
        shown = run(["ip", "-n", self.plan.lan_namespace, "-j", "link", "show", "type", "veth"], check=False)
        links = json.loads(shown.stdout or "[]")
        ports = {link["ifname"]: link for link in links if "master" in link}
        return {name: ("UP" in link["flags"], link["master"] == BRIDGE) for name, link in ports.items()}

    def destroy(self) -> None:
        run(["ip", "link", "del", self.plan.uplink], check=False)
        namespaces.delete(self.plan.lan_namespace)

    def _link_the_machine(self) -> None:
        outer, lan = self.plan.uplink, self.plan.lan_namespace
        run(["ip", "link", "add", outer, "type", "veth", "peer", "name", "uplink", "netns", lan])
        self._ip(f"addr add {self.plan.uplink_inner}/30 dev uplink")
        self._ip("link set uplink up")
        run(["ip", "addr", "add", f"{self.plan.uplink_outer}/30", "dev", outer])
        run(["ip", "link", "set", outer, "up"])
        run(["ip", "route", "add", str(self.plan.subnet), "via", self.plan.uplink_inner, "dev", outer])

    def _fail_fast_beyond_the_lan(self) -> None:
        """A packet to the rest of the world is answered with "unreachable", not with silence."""
        self._sysctl("ipv4/ip_forward", "1")
        self._sysctl("ipv4/conf/all/send_redirects", "0")
        self._ip("route add unreachable default")
        self._ip("-6 route add unreachable default")

    def _sysctl(self, name: str, value: str) -> None:
        namespaces.inside(self.plan.lan_namespace, lambda: _write(name, value))

    def _ip(self, words: str, namespace: str | None = None, *, check: bool = True) -> None:
        run(["ip", "-n", namespace or self.plan.lan_namespace, *words.split()], check=check)


def _write(name: str, value: str) -> None:
    """/proc/sys/net shows the namespace of the thread that opens it."""
    Path("/proc/sys/net", name).write_text(value)
