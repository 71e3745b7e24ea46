"""The labels of any Swarm service that ask for a virtual router, read. Pure.

A label that is wrong is refused with a sentence that names service, label and value as `docker service inspect` shows
them. It is refused for that service alone: a wish is granted whole or not at all.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from anchor.facts import LabelledService
from shared import net_values, values
from shared.models import VirtualIp

T = TypeVar("T")

PREFIX = "keepalived."
VIP = "keepalived.vip"
VRID = "keepalived.vrid"
TRACK = "keepalived.track"
PREEMPT = "keepalived.preempt"
ADVERT_INTERVAL = "keepalived.advert-interval"
KNOWN = (VIP, VRID, TRACK, PREEMPT, ADVERT_INTERVAL)


class Track(enum.StrEnum):
    """Whose tasks decide which node may hold the virtual IP."""

    LOCAL = "local"
    """Only a node with a running and healthy task of the service."""

    NONE = "none"


@dataclass(frozen=True)
class Wish:
    """What a service asks for."""

    service: LabelledService
    virtual_ips: tuple[VirtualIp, ...]
    advert_interval: float
    vrid: int | None = None
    """As labelled; None leaves it to the rule."""

    follows: bool = False
    """Whether only a node with a task of the service may hold the virtual IP."""

    preempt: bool | None = None
    """As labelled; None leaves it to the stack."""

    @property
    def label(self) -> str:
        """The label `keepalived.vip` as it stands."""
        return self.service.labels[VIP]


@dataclass(frozen=True)
class Reading:
    """A wish, or the sentences that say why it is none."""

    wish: Wish | None
    problems: tuple[str, ...] = ()


@dataclass
class _Labels:
    """One service's labels, each read by a parser that raises ValueError with its rule."""

    service: LabelledService
    problems: list[str] = field(default_factory=list)

    def read(self, label: str, parse: Callable[[str], T]) -> T | None:
        text = self.service.labels.get(label, "").strip()
        try:
            return parse(_printable(text)) if text else None
        except ValueError as error:
            self.problems.append(refusal(self.service, label, str(error)))
            return None


def refusal(service: LabelledService, label: str, why: str) -> str:
    """The sentence that refuses a service its virtual router because of one of its labels."""
    return f"Service {service.name}: label {label}={service.labels.get(label, '')} is refused: {why}"


def read(service: LabelledService, *, vrrp_version: int, advert_interval: float) -> Reading:
    """What the service asks for; version and interval are the stack's."""
    labels = _Labels(service)
    virtual_ips = labels.read(VIP, net_values.virtual_ips)
    if not service.labels.get(VIP, "").strip():
        labels.problems.append(refusal(service, VIP, "it must name one or more free addresses of the nodes' subnet"))
    vrid = labels.read(VRID, values.whole(1, 255))
    track = labels.read(TRACK, values.one_of(Track))
    preempt = labels.read(PREEMPT, values.truth)
    interval = labels.read(ADVERT_INTERVAL, lambda text: _interval(text, vrrp_version))
    labels.problems += _unknown(service)
    if labels.problems or not virtual_ips:
        return Reading(None, tuple(labels.problems))
    follows = service.publishes_on_host if track is None else track is Track.LOCAL
    return Reading(Wish(service, virtual_ips, interval or advert_interval, vrid, follows, preempt))


def _interval(text: str, vrrp_version: int) -> float:
    seconds = values.advert_interval(text)
    if not values.fits_version(vrrp_version, Decimal(text)):
        raise ValueError(f"{values.ADVERT_RULE}; the stack speaks VRRPv{vrrp_version}")
    return seconds


def _printable(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("it must be printable ASCII")
    return text


def _unknown(service: LabelledService) -> list[str]:
    names = sorted(name for name in service.labels if name.startswith(PREFIX) and name not in KNOWN)
    why = f"there is no such label; there are {', '.join(KNOWN)}"
    return [refusal(service, name, why) for name in names]
