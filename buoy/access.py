"""Who may see more than a load balancer needs. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence

from buoy.answers import ROLE_PATHS

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

OPEN_PATHS = frozenset({"/livez", "/health", *ROLE_PATHS})
"""What monitors and load balancers ask; answered to everybody."""


def permitted(client: str, networks: Sequence[IpNetwork], neighbours: Collection[str]) -> bool:
    """Whether this client may see everything: no list, in the list, or another buoy of the Swarm."""
    return not networks or client in neighbours or _inside(client, networks)


def _inside(client: str, networks: Sequence[IpNetwork]) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in networks if network.version == mapped.version)
