"""The JSON models of what is known of all nodes together."""

from __future__ import annotations

import datetime
import enum
from functools import cached_property

from pydantic import AwareDatetime, Field

from buoy.api import Api, Link, Reason


class Verdict(enum.StrEnum):
    """What is to be said of one virtual router."""

    HELD = "held"
    """Exactly one node is MASTER."""

    HEARD = "heard"
    """Adverts come from a node whose buoy does not answer."""

    EXPECTED = "expected"
    """No MASTER, and a condition forbids every node."""

    NO_MASTER = "no-master"
    SPLIT_BRAIN = "split-brain"

    @property
    def good(self) -> bool:
        """Whether this is how it should be."""
        return self in {Verdict.HELD, Verdict.HEARD, Verdict.EXPECTED}


class Severity(enum.StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """The virtual IP is not served as it should be."""

    WARNING = "warning"
    """It is served, but something stands against a node."""

    NOTICE = "notice"
    """As expected, and worth knowing."""


class Finding(Api):
    """Something that an operator should know, as a sentence."""

    kind: str = Field(description="`split-brain`, `no-master`, `unreachable`, `stale`, `vip-astray`, `vip-missing`, …")
    severity: Severity
    text: str = Field(description="The sentence")
    node: str | None = None
    vrid: int | None = None


class Seat(Api):
    """One virtual router on one node."""

    hostname: str
    state: str | None = Field(description="INIT, BACKUP, MASTER or FAULT; null when the node does not answer")
    since: datetime.datetime | None = None
    priority: int | None = Field(default=None, description="As advertised now")
    priority_base: int | None = None
    demoted: bool = False
    allowed: bool = True
    reason: str = ""


class ClusterVip(Api):
    """One virtual IP and who carries it."""

    address: str
    present_on: tuple[str, ...] = Field(description="Hostnames of the nodes whose kernel has it")
    excluded: bool = False


class ClusterRouter(Api):
    """One virtual router over all nodes."""

    name: str
    vrid: int
    verdict: Verdict
    text: str = Field(description="The verdict as a sentence")
    holder: str | None = Field(description="Hostname of the one MASTER")
    masters: tuple[str, ...] = Field(description="Hostnames of all that are MASTER; one of them, when all is well")
    since: datetime.datetime | None = Field(default=None, description="Since when the holder holds it")
    virtual_ips: tuple[ClusterVip, ...]
    nodes: tuple[Seat, ...]


class ClusterNode(Api):
    """One node as its own buoy tells, or why that does not tell."""

    hostname: str
    reachable: bool
    healthy: bool
    problems: tuple[str, ...] = Field(description="Each reason against it, one sentence each")
    buoy_version: str = ""
    float_version: str = ""
    keepalived: str = ""
    keepalived_version: str = ""
    link: Link | None = None
    conditions: tuple[Reason, ...] = ()
    warnings: tuple[str, ...] = Field(default=(), description="Of its anchor")
    float_started_at: datetime.datetime | None = None


class ClusterAnswer(Api):
    """All nodes: who holds what, and what is wrong."""

    ok: bool = Field(description="Every virtual router has exactly one MASTER, or none as a condition demands")
    told_by: str = Field(description="Hostname of the node whose buoy tells this")
    findings: tuple[Finding, ...] = Field(description="What is wrong, the worst first")
    virtual_routers: tuple[ClusterRouter, ...]
    nodes: tuple[ClusterNode, ...]


class Event(Api):
    """One transition of a virtual router on a node."""

    time: AwareDatetime
    """With its zone: transitions are put in order, and one without a zone cannot be."""

    node: str
    virtual_router: str
    vrid: int
    from_: str = Field(alias="from", description="INIT, BACKUP, MASTER or FAULT")
    to: str
    reason: str = ""

    @cached_property
    def id(self) -> str:
        """Tells one transition from all others; without blanks, as it stands in a line of a stream."""
        return "".join(f"{self.time.timestamp():.6f}@{self.node}/{self.vrid}/{self.to}".split())


class EventsAnswer(Api):
    """The last transitions, the newest first."""

    events: tuple[Event, ...]
