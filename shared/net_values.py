"""Text into what networks are made of: addresses, virtual IPs, subnets, peers, interfaces.

Parsers as in `values`: pure, given printable ASCII, raising ValueError with the rule that the text breaks.
"""

from __future__ import annotations

import enum
import ipaddress
import re

from shared.models import IpAddress, VirtualIp, can_belong_to_a_host
from shared.values import listed, matching

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_interface_name = matching(
    r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,15}",
    "must be the name of a network interface: 1 to 15 letters, digits, '.', '_', '-'",
)


def interface(text: str) -> str:
    """The name of a NIC over which adverts can travel; keepalived refuses the loopback interface."""
    if text == "lo":
        raise ValueError("is the loopback interface, over which no other node hears adverts")
    return _interface_name(text)


def address(text: str) -> IpAddress:
    """An address that a host can have."""
    try:
        value = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 or IPv6 address") from None
    if isinstance(value, ipaddress.IPv6Address) and value.scope_id:
        raise ValueError(f"{text!r} has a zone; write the address alone")
    if not can_belong_to_a_host(value):
        raise ValueError(f"{text!r} is a multicast, loopback, broadcast or unspecified address")
    return value


def check_ip(text: str) -> IpAddress | None:
    """An address on which a process can listen, or `any` (None), as ancestor C writes it."""
    try:
        value = None if text.lower() == "any" else ipaddress.ip_address(text)
    except ValueError:
        value = ipaddress.IPv4Address(0)
    if value is not None and (value.is_unspecified or value.is_multicast or "%" in text):
        raise ValueError("must be an IPv4 or IPv6 address of this node, or any")
    return value


def multicast_group(text: str) -> str:
    """An IPv4 multicast group."""
    try:
        group = ipaddress.IPv4Address(text)
    except ValueError:
        group = ipaddress.IPv4Address(0)
    if not group.is_multicast:
        raise ValueError("must be an IPv4 multicast address, 224.0.0.0 to 239.255.255.255")
    return str(group)


def virtual_ips(text: str) -> tuple[VirtualIp, ...]:
    """Virtual IPs, no address twice even where prefix or device differ."""
    items = listed(VirtualIp.parse)(text)
    addresses = [item.address for item in items]
    twice = next((one for one in addresses if addresses.count(one) > 1), None)
    if twice is not None:
        raise ValueError(f"names {twice} twice")
    return items


def network(text: str) -> Network:
    """A subnet in CIDR notation, or one address."""
    try:
        meant = ipaddress.ip_network("" if "%" in text else text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a subnet like 192.0.2.0/24") from None
    if str(meant.network_address) != str(ipaddress.ip_address(text.partition("/")[0])):
        raise ValueError(f"{text!r} has host bits set; the subnet is {meant}")
    return meant


class Peers(enum.StrEnum):
    """Where the peers come from when they are not listed."""

    AUTO = "auto"
    """The Swarm's managers, kept current."""

    MULTICAST = "multicast"
    """Nobody is named: adverts go to a multicast group."""


def unicast_peers(text: str) -> Peers | tuple[IpAddress, ...]:
    """`auto`, `multicast`, or addresses of one family."""
    if text.lower() in tuple(Peers):
        return Peers(text.lower())
    if re.fullmatch(r"[a-zA-Z]+", text):
        raise ValueError("must be auto, multicast, or a list of addresses")
    peers = listed(address)(text)
    if len({peer.version for peer in peers}) > 1:
        raise ValueError("mixes IPv4 and IPv6; adverts travel over one of them")
    return peers
