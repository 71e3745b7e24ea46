"""What the three parts say to each other about virtual routers: values, frozen, without behaviour of their own."""

from __future__ import annotations

import enum
import functools
import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.additions import Argument, Check, Script, Template
from shared.condition import Condition, Strength, failing
from shared.frozen import Frozen, IpAddress
from shared.virtual_ip import DeviceName, VirtualIp, can_belong_to_a_host, check_device_name

__all__ = [
    "DEMOTED_PRIORITIES",
    "HEALTHY_PRIORITIES",
    "Condition",
    "FloatSpec",
    "Frozen",
    "IpAddress",
    "Peer",
    "ServiceClaim",
    "Strength",
    "Transport",
    "VirtualIp",
    "VirtualRouter",
    "VrrpState",
    "can_belong_to_a_host",
    "check_device_name",
    "failing",
]

HEALTHY_PRIORITIES = range(50, 255)
"""VRRP priorities of a node with nothing against it; 255 is the address owner's (RFC 9568, 5.2.4)."""

DEMOTED_PRIORITIES = range(1, 50)
"""VRRP priorities of a demoted node: it serves only as a last resort, and a healthy peer takes over from it."""

# What goes into keepalived.conf is one plain word, also when it comes from the link: nothing can become a directive.
Password = Annotated[str, Field(pattern=r"^[$-&(-\[\]-z|~]{1,8}$")]
RouterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class VrrpState(enum.IntEnum):
    """State of a virtual router; the numbers are those of keepalived's JSON dump and of the exporter."""

    INIT = 0
    BACKUP = 1
    MASTER = 2
    FAULT = 3


class Transport(enum.StrEnum):
    """How advertisements travel between the nodes."""

    UNICAST = "unicast"
    MULTICAST = "multicast"


class Peer(Frozen):
    """Another manager that takes part: where its adverts come from, and the priority it has while healthy."""

    address: IpAddress
    hostname: str = ""
    priority: int | None = None
    """None where nobody knows it: a peer that the user listed, or one of a float alone. It is waited for by nobody."""

    demoted_priority: int | None = None
    """The one that it advertises while demoted; it tells who that is where adverts come from a link-local address."""


class ServiceClaim(Frozen):
    """The virtual IPs that one Swarm service asks for by its labels; refused, they go alone."""

    service: str
    label: str
    """The label `keepalived.vip` as `docker service inspect` shows it."""

    virtual_ips: tuple[VirtualIp, ...] = Field(min_length=1)

    def refusal(self, why: str) -> str:
        """The sentence for log and buoy."""
        return f"Service {self.service}: label keepalived.vip={self.label} is refused: {why}"


class VirtualRouter(Frozen):
    """One VRRP virtual router as this node is to run it (RFC 9568, section 5)."""

    name: RouterName
    """keepalived's instance name: letters, digits, `_`, `-`, `.`; unique on the node."""

    vrid: int = Field(ge=1, le=255)
    priority: int = Field(ge=1, le=254)
    """This node's priority while healthy."""

    demoted_priority: int = Field(ge=1, le=254)
    """Its priority while demoted: 1 to 49, another one on every node. Plain keepalived has only its `priority`."""

    virtual_ips: tuple[VirtualIp, ...] = Field(min_length=1)
    excluded: tuple[VirtualIp, ...] = ()
    """Addresses moved along that the adverts never name."""

    advert_interval: float = Field(default=0.1, ge=0.01, le=255)
    """Seconds between adverts."""

    preempt: bool = False
    """Take the VIP back when this node returns with the higher priority."""

    return_after: float | None = Field(default=None, ge=0)
    """Seconds after which this node, healthy again, takes the VIP back once from a lower priority; None: never."""

    peers: tuple[Peer, ...] = ()
    """The other managers; empty in a Swarm of one."""

    claims: tuple[ServiceClaim, ...] = ()
    """The services whose virtual IPs these are, the oldest first; empty for the stack's own."""

    @property
    def addresses(self) -> tuple[VirtualIp, ...]:
        """All addresses that the holder carries."""
        return self.virtual_ips + self.excluded

    @property
    def demotable(self) -> bool:
        """Whether healthy and demoted priorities can be told apart; where not, nobody preempts by them."""
        return self.priority in HEALTHY_PRIORITIES and self.demoted_priority in DEMOTED_PRIORITIES

    @property
    def master_down_interval(self) -> float:
        """Seconds of silence after which this node takes over: three intervals plus skew (RFC 9568, 6.1)."""
        return (3 + (256 - self.priority) / 256) * self.advert_interval


class FloatSpec(Frozen):
    """All that a float has to know; the anchor sends it whole, and never a part of it."""

    router_name: RouterName
    """keepalived's router_id; always written, since keepalived asks DNS for a missing one."""

    hostname: str
    node_address: IpAddress | None = None
    """The node's Swarm address; the NIC that carries it is the VRRP transport unless `interface` names one."""

    interface: DeviceName | None = None
    vrrp_version: Literal[2, 3] = 3
    transport: Transport = Transport.UNICAST
    multicast_group: str = Field(default="224.0.0.18", pattern=r"^[0-9.]{7,15}$")
    password: Password | None = Field(default=None, repr=False)
    virtual_routers: tuple[VirtualRouter, ...]
    link_timeout: float = 3.0
    update_grace: float = 120.0
    orphan_after: float = 300.0
    checks: tuple[Check, ...] = ()
    """Conditions `check:KIND` that this float sees to itself; at most one of a kind."""

    notify: Script | None = None
    """Run as `SCRIPT INSTANCE name STATE priority` on every transition."""

    template: Template | None = None
    """Replaces the built-in keepalived.conf."""

    arguments: tuple[Argument, ...] = ()
    """Further flags for keepalived."""

    advertise_all: bool = False
    """Whether adverts name every virtual IP that they can, as plain keepalived demands of its peers."""

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that differ when the spec does; they are seen in logs and in the status.

        What is unset and newer than the first release does not count, so that releases agree on a spec without it.
        """
        newer = ("checks", "notify", "template", "arguments", "advertise_all")
        unset = {field for field in newer if not getattr(self, field)}
        without: dict[str, Any] = {"password": True, **dict.fromkeys(unset, True), **self._unset_of_routers}
        public = self.model_dump_json(exclude=without).encode()
        return hashlib.sha256(public + _slow_hash(self.password)).hexdigest()[:12]

    @property
    def _unset_of_routers(self) -> dict[str, dict[str, set[str]]]:
        newer = {
            field for field in ("return_after", "claims") if not any(getattr(r, field) for r in self.virtual_routers)
        }
        return {"virtual_routers": {"__all__": newer}} if newer else {}

    @property
    def wire(self) -> str:
        """What two nodes must have in common to understand each other's adverts; a change needs all at once."""
        own = [
            (router.vrid, router.advert_interval if self.vrrp_version == 2 else None)  # VRRPv3 adopts the master's
            for router in self.virtual_routers[:1]
        ]
        parts: tuple[object, ...] = (self.vrrp_version, self.transport, self.multicast_group, self.interface, own)
        if self._travels_in_the_other_family:
            parts = (*parts, "in the other family")
        if self.template:  # it may say anything about the adverts
            parts = (*parts, self.template.content)
        return hashlib.sha256(repr(parts).encode() + _slow_hash(self.password)).hexdigest()[:12]

    @property
    def _travels_in_the_other_family(self) -> bool:
        """Whether no VIP of the first router is of the managers' IP version: multicast of the other one carries it."""
        version = self.node_address.version if self.node_address else 4
        return not any(
            vip.address.version == version for router in self.virtual_routers[:1] for vip in router.virtual_ips
        )


@functools.lru_cache(maxsize=4)
def _slow_hash(password: str | None) -> bytes:
    """A hash from which eight characters cannot be guessed in any useful time (RFC 7914)."""
    return hashlib.scrypt((password or "").encode(), salt=b"keepalived spec", n=2**14, r=8, p=1, dklen=12)
