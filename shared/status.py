"""What float and anchor tell of themselves: frozen values; the buoy reads them from files, the anchor from the link."""

from __future__ import annotations

from pydantic import Field

from shared.models import Condition, Frozen, Transport, VrrpState


class VipStatus(Frozen):
    """One virtual IP as the kernel of this node has it."""

    address: str
    """With its prefix, as in the metrics: `10.0.0.100/32`."""

    interface: str
    present: bool
    excluded: bool = False
    leased: bool = True
    """Whether the kernel removes it by itself when nobody renews it: not so for IPv6 with a subnet's prefix."""


class PeerStatus(Frozen):
    """Another node of the virtual router."""

    address: str
    hostname: str = ""
    priority: int | None = None
    """Its priority while healthy, as the roster gives it."""


class ForeignRouter(Frozen):
    """Somebody whose adverts carry our VRID, and to whom keepalived does not listen."""

    address: str
    version: int
    priority: int
    """As its last advert has it."""

    peer: bool = False
    """Whether the address is that of a node of the group: its version is wrong, or the advert came through a router."""


class ForeignClaim(Frozen):
    """A MAC that is none of the group's, and that claims a virtual IP by ARP or IPv6 neighbour discovery."""

    virtual_ip: str
    mac: str
    interface: str


class RouterStatus(Frozen):
    """One virtual router of this node, now."""

    name: str
    vrid: int
    state: VrrpState
    since: float
    """Wall clock, seconds since the epoch, of the last transition."""

    reason: str = ""
    """Why it is in this state, for people."""

    interface: str
    priority_base: int
    priority_effective: int
    advert_interval: float
    version: int = 3
    transport: Transport = Transport.UNICAST
    demoted: bool = False
    allowed: bool = True
    expected: bool = True
    """Whether the state is one that the conditions explain: a FAULT without a `require` condition is not."""

    virtual_ips: tuple[VipStatus, ...] = ()
    peers: tuple[PeerStatus, ...] = ()
    master_address: str | None = None
    """Where the last advert of another node came from."""

    master_priority: int | None = None
    foreign_routers: tuple[ForeignRouter, ...] = ()
    """A few of them, when there are many."""

    foreign_claims: tuple[ForeignClaim, ...] = ()
    counters: dict[str, int] = Field(default={})
    """keepalived's `stats` of the instance, under keepalived's own names (`advert_rcvd`, `become_master`, …)."""


class LinkStatus(Frozen):
    """The float's link to its anchor."""

    up: bool
    since: float
    """Wall clock, seconds since the epoch."""

    grace: bool = False
    """The anchor said that it is being replaced, and the time for that is not over."""

    reason: str = ""


class PartStatus(Frozen):
    """What float and anchor both say of themselves."""

    schema_version: int = 1
    version: str
    """The part's own release."""

    hostname: str
    container_id: str
    boot_id: str
    """Tells a status of before a reboot from one of now, since `monotonic` starts anew."""

    monotonic: float
    """CLOCK_MONOTONIC at writing, seconds; the same clock in every container of the host."""

    written_at: float
    """Wall clock at writing, seconds since the epoch, for people."""

    started_at: float
    """Wall clock when the part started."""


class FloatStatus(PartStatus):
    """What the float publishes as `float.json` on the status volume, at least once a second."""

    keepalived: str
    """State of the keepalived child: STOPPED STARTING RUNNING BACKOFF STOPPING FATAL."""

    keepalived_version: str = ""
    keepalived_restarts: int = 0
    spec_digest: str | None = None
    """Of the spec that runs; None before the first."""

    refused_digest: str | None = None
    refused_reason: str = ""
    """One line a problem, when the last spec offered was refused."""

    alone: bool = False
    """Runs without an anchor; `link` is up then, and says so."""

    link: LinkStatus
    conditions: tuple[Condition, ...] = ()
    virtual_routers: tuple[RouterStatus, ...] = ()
    warnings: tuple[str, ...] = ()
    """What the doctor had against this host when the float started."""

    flood: str = ""
    """What there is to say of more packets of protocol 112 than the float looks at; empty while there are not."""


class AnchorStatus(PartStatus):
    """What the anchor publishes as `anchor.json` on the status volume, at least once a second."""

    stack: str = ""
    summary: str = ""
    """The sentence with which the last reconcile cycle ended."""

    warnings: tuple[str, ...] = ()
    float_restarts: int = 0
    """How often this anchor had to create the float anew because it died."""
