"""What the buoy sends and what the other buoys read: the JSON models of every answer."""

from __future__ import annotations

import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Api(BaseModel):
    """A JSON object with camelCase keys; a reader ignores keys that it does not know."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="ignore"
    )

    def encode(self) -> bytes:
        """The JSON text that is sent."""
        return self.model_dump_json(by_alias=True).encode()


class Identity(Api):
    """Who answers."""

    hostname: str = Field(description="Hostname of the Swarm node")
    container_id: str = Field(description="Short id of the container that answers, the buoy's")
    container_uptime: str = Field(
        description="How long the buoy has been running, HH:MM:SS", pattern=r"^\d{2,}(:\d\d){2}$"
    )
    version: str = Field(description="Release of the buoy")
    healthy: bool = Field(description="Whether /health answers 200 on this node")
    reason: str | None = Field(description="Why it does not")
    states: dict[str, str] = Field(description="VRRP state of every virtual router of this node, by name")
    links: dict[str, str] = Field(description="What else can be asked here")


class Problem(Api):
    """Why a request was not answered (RFC 9457)."""

    status: int = Field(description="The HTTP status code")
    title: str = Field(description="Its name")
    detail: str = Field(description="What was wrong with the request, and what would be right")


class HealthCheck(Api):
    """One thing that was looked at."""

    status: str = Field(description="`pass` or `fail`")
    output: str = Field(default="", description="The sentence that says why it fails")


class HealthAnswer(Api):
    """Health in the form of `application/health+json`."""

    status: str = Field(description="`pass` or `fail`")
    output: str = Field(default="", description="All reasons in one line")
    service_id: str = Field(description="Hostname of the node")
    description: str
    version: str = Field(description="Major version of this form")
    release_id: str = Field(description="Release of the buoy")
    checks: dict[str, tuple[HealthCheck, ...]] = Field(description="Each reason on its own")


class Vip(Api):
    """One virtual IP on this node."""

    address: str = Field(description="With its prefix, `10.0.0.100/32`")
    interface: str = Field(description="The NIC that carries it while this node is MASTER")
    present: bool = Field(description="Whether this node's kernel has the address now")
    excluded: bool = Field(default=False, description="Moved along, but never named in adverts")


class Priority(Api):
    """VRRP priority, 1 to 254."""

    base: int = Field(description="While nothing stands against the node")
    effective: int = Field(description="As advertised now")


class PeerNode(Api):
    """Another node of the virtual router."""

    address: str
    hostname: str = ""
    priority: int | None = Field(default=None, description="Its priority while healthy")


class Reason(Api):
    """A named condition."""

    name: str = Field(description="`link`, `engine`, `quorum`, `service:NAME`, `check:port`, …")
    ok: bool
    strength: str = Field(description="`prefer`: failing lowers the priority; `require`: failing forbids the VIP")
    reason: str = Field(default="", description="The sentence that says why")
    virtual_routers: tuple[str, ...] | None = Field(default=None, description="Names it is about; null means all")


class Link(Api):
    """The float's link to its anchor."""

    up: bool
    since: datetime.datetime
    grace: bool = Field(description="The anchor is being replaced, and the time for that is not over")
    reason: str = ""


class ForeignRouter(Api):
    """A router whose adverts carry our VRID, and to which keepalived does not listen."""

    address: str
    version: int = Field(description="VRRP version of its last advert")
    priority: int = Field(description="Of its last advert")
    peer: bool = Field(default=False, description="The address is that of a node of the group")


class ForeignClaim(Api):
    """A MAC, none of the group's, that claims a virtual IP."""

    virtual_ip: str
    mac: str
    interface: str


class Router(Api):
    """One virtual router of this node."""

    name: str
    vrid: int = Field(description="Virtual router id, 1 to 255")
    state: str = Field(description="INIT, BACKUP, MASTER or FAULT")
    since: datetime.datetime = Field(description="The last transition")
    reason: str = Field(default="", description="Why it is in this state")
    interface: str = Field(description="The NIC that carries the adverts")
    version: int = Field(description="VRRP version")
    advert_interval: float = Field(description="Seconds between adverts")
    priority: Priority
    demoted: bool = Field(description="A condition lowers the priority")
    allowed: bool = Field(description="No condition forbids the VIP here")
    expected: bool = Field(description="The conditions explain this state")
    master_address: str | None = Field(default=None, description="Whose advert was heard last")
    master_priority: int | None = None
    virtual_ips: tuple[Vip, ...]
    peers: tuple[PeerNode, ...]
    foreign_routers: tuple[ForeignRouter, ...] = Field(default=(), description="Heard in the last 10 s; 4 at most")
    foreign_claims: tuple[ForeignClaim, ...] = Field(default=(), description="Heard in the last 90 s; 4 at most")
    counters: dict[str, int] = Field(description="keepalived's own statistics, under its names")
    conditions: tuple[Reason, ...] = Field(description="Those that concern this virtual router")


class Anchor(Api):
    """The anchor of this node, as it last said."""

    version: str
    written_at: datetime.datetime
    fresh: bool
    stack: str = ""
    summary: str = Field(default="", description="The sentence with which its last cycle ended")
    warnings: tuple[str, ...] = ()
    float_restarts: int = Field(default=0, description="How often it had to create a float that died anew")


class HistoryMark(Api):
    """Tells a neighbour whether this node's history has grown."""

    count: int = 0
    last: float = Field(default=0.0, description="Time of the last transition, seconds since the epoch")


class NodeAnswer(Api):
    """This node: every virtual router, and what is for and against it."""

    hostname: str
    known: bool = Field(description="Whether the status is there and fresh; all below is the last word otherwise")
    healthy: bool
    problems: tuple[str, ...] = Field(description="Each reason against this node, one sentence each")
    buoy_version: str
    float_version: str = ""
    keepalived_version: str = ""
    keepalived: str = Field(default="", description="STOPPED, STARTING, RUNNING, BACKOFF, STOPPING or FATAL")
    keepalived_restarts: int = 0
    float_container_id: str = ""
    float_started_at: datetime.datetime | None = None
    written_at: datetime.datetime | None = Field(default=None, description="When the float last spoke")
    spec_digest: str | None = Field(default=None, description="Of the spec that runs")
    refused_reason: str = Field(default="", description="Why the last spec offered was refused")
    flood: str = Field(default="", description="Why not all packets of protocol 112 are looked at")
    link: Link | None = None
    anchor: Anchor | None = None
    conditions: tuple[Reason, ...] = ()
    virtual_routers: tuple[Router, ...] = ()
    history: HistoryMark = HistoryMark()
    instance: str = Field(default="", description="Another one for every run of every buoy")


class RoleAnswer(Api):
    """The state of one virtual router on this node."""

    hostname: str
    state: str | None = Field(description="INIT, BACKUP, MASTER or FAULT; null when it is not known")
    name: str | None = Field(default=None, description="The virtual router asked about")
    vrid: int | None = None
    since: datetime.datetime | None = None
    virtual_ips: tuple[Vip, ...] = ()
    reason: str = Field(default="", description="Why it is in this state, or why that is not known")


class VersionAnswer(Api):
    """The releases that run on this node; null where that part has not spoken yet."""

    version: str = Field(description="Of the buoy")
    anchor: str | None = None
    floating: str | None = Field(default=None, alias="float")
    keepalived: str | None = None
