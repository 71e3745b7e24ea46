"""What the doctor saw, as values; None stands for "could not look"."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from float.advert import Advert
from float.host import HostView
from float.neighbour import Claim
from shared.models import IpAddress


@dataclass(frozen=True)
class BoundSocket:
    """One end of a TCP or UDP socket of this host."""

    protocol: str
    """`tcp` or `udp`."""

    address: IpAddress
    port: int
    peer_port: int = 0


@dataclass(frozen=True)
class HostEvidence:
    """What the kernel tells about this host and this container."""

    capabilities: int
    """CapEff, a bit each (capabilities(7))."""

    remapped: bool | None
    """Whether this container's user ids are not the host's."""

    confinement: str
    """Our label of the security module; empty where there is none."""

    keepalived: str
    """All that `keepalived --version` prints; empty where it does not run."""

    unix_sockets: frozenset[str] | None
    """Names of the Unix sockets of the host's network namespace, those of other mount namespaces too."""

    vrrp_sockets: int | None
    """Raw sockets of protocol 112 that belong to no process of this container."""

    sockets: tuple[BoundSocket, ...] | None
    """TCP and UDP sockets that are bound to one address."""

    dhcp_client: bool | None
    """Whether something listens where DHCP servers answer, on UDP port 68."""

    sysctls: Mapping[str, str]
    """By path under /proc/sys; those that could not be read are missing."""

    macs: frozenset[str] = frozenset()
    """Of this host's own interfaces."""

    networkd: bool | None = False
    """Whether somebody follows the kernel's network as systemd-networkd does."""


@dataclass(frozen=True)
class HeardAdvert:
    """A router that was heard on an interface."""

    advert: Advert
    interface: str
    mac: str
    outgoing: bool = False
    """This host sent it."""

    packets: int = 1
    passed: bool = True
    """Whether the kernel gave any of them to a socket above its firewall; False only where it should have."""


class Answer(enum.StrEnum):
    """What came of a packet of protocol 112 to a peer."""

    ARRIVED = "arrived"
    REJECTED = "rejected"
    REFUSED_HERE = "refused here"
    UNREACHABLE = "unreachable"
    SILENCE = "silence"


@dataclass(frozen=True)
class WireEvidence:
    """What was heard and answered on the segment."""

    seconds: float
    adverts: tuple[HeardAdvert, ...] | None
    claims: Mapping[str, tuple[Claim, ...] | None] = field(default_factory=dict)
    """By interface; None where nobody could be asked."""

    answers: Mapping[IpAddress, Answer] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()
    """Why something could not be looked at."""


@dataclass(frozen=True)
class Evidence:
    """All of it."""

    host: HostEvidence
    network: HostView
    wire: WireEvidence
