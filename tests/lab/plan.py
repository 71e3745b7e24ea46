"""Names, addresses and folders of one lab: nothing here touches the machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

DEFAULT_NAME = "keepalived-lab"
DEFAULT_SUBNET = IPv4Network("10.88.0.0/24")
CACHE = Path("/var/cache/keepalived-lab")
BUILDER_DATA = CACHE / "builder"
"""The builder's layers, of all labs; they outlive them, so that a second build is quick."""

FIRST_HOST = 10
MOST_HOSTS = 40
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Plan:
    """Everything that a second lab beside the first must not share with it follows from `name` and `subnet`."""

    name: str = DEFAULT_NAME
    subnet: IPv4Network = DEFAULT_SUBNET

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", self.name):
            raise ValueError(f"lab name {self.name!r}: lower-case letters, digits and dashes, at most 31")
        if self.subnet.prefixlen != 24:
            raise ValueError(f"lab subnet {self.subnet}: must be a /24, the /24 after it carries the builder's link")

    @property
    def state(self) -> Path:
        """Sockets, process ids and logs; gone with a reboot."""
        return Path("/run") / self.name

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def data(self) -> Path:
        """The hosts' disks and the registry's blobs."""
        return Path("/var/lib") / self.name

    @property
    def lan_namespace(self) -> str:
        return f"{self.name}-lan"

    def namespace(self, host: str) -> str:
        """Network namespace and control group of a host carry the same name."""
        return f"{self.name}-{host}"

    def owns(self, namespace: str) -> bool:
        """True for the name of a namespace or control group of this lab and of no other."""
        return re.fullmatch(rf"{re.escape(self.name)}-(lan|builder|h[1-9][0-9]?)", namespace) is not None

    @property
    def uplink(self) -> str:
        """The interface in the machine's own namespace over which the builder reaches the registry."""
        return f"lab-{int(self.subnet.network_address):08x}"

    @property
    def gateway(self) -> IPv4Address:
        """The LAN's own address: client, default route and registry."""
        return self.subnet[1]

    @property
    def registry(self) -> str:
        return f"{self.gateway}:5000"

    @property
    def vip(self) -> str:
        return str(self.subnet[100])

    @property
    def uplink_outer(self) -> str:
        return str(self.subnet.network_address + 257)

    @property
    def uplink_inner(self) -> str:
        return str(self.subnet.network_address + 258)

    def address(self, host: str) -> str:
        return str(self.subnet[FIRST_HOST + number(host)])

    def address6(self, host: str) -> str:
        """fd88::11 for h1: the digits of its IPv4 address, so that people recognise it."""
        return f"fd88::{FIRST_HOST + number(host)}"

    @property
    def vip6(self) -> str:
        return "fd88::100"

    @property
    def gateway6(self) -> str:
        return "fd88::1"


def number(host: str) -> int:
    """1 for h1; ValueError for what is no host's name."""
    found = re.fullmatch(r"h([1-9][0-9]?)", host)
    if not found or int(found[1]) > MOST_HOSTS:
        raise ValueError(f"{host!r} is no host of a lab: h1 to h{MOST_HOSTS}")
    return int(found[1])
