"""PURE: who else speaks for a virtual router of ours: routers that keepalived does not listen to, claims of a VIP.

Nothing here has a say in who holds a VIP. It is for people, and bounded: whoever invents sources fills no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from float.advert import Advert
from float.neighbour import Claim
from float.resolve import ResolvedRouter
from shared.models import Transport
from shared.status import ForeignClaim, ForeignRouter

ADVERT_COUNTS = 10.0
"""Seconds for which a foreign advert counts; most routers advertise once a second."""

CLAIM_COUNTS = 90.0
"""Seconds for which a claim of a VIP counts: three of our own questions."""

MOST = 4
"""Of each kind, for each virtual router."""

_VIRTUAL_MACS = ("00:00:5e:00:01:", "00:00:5e:00:02:")
"""Followed by the VRID (RFC 9568, section 7.3)."""

Key = TypeVar("Key")
Said = TypeVar("Said")


@dataclass(frozen=True)
class Seen:
    """The strangers of one virtual router, at one moment."""

    routers: tuple[ForeignRouter, ...] = ()
    claims: tuple[ForeignClaim, ...] = ()


NOBODY = Seen()


class Sightings(Generic[Key, Said]):
    """The last word of each stranger; those of before stay until they fall silent. Times are monotonic seconds."""

    def __init__(self, counts_for: float) -> None:
        self._counts_for = counts_for
        self._seen: dict[Key, tuple[float, Said]] = {}

    def note(self, key: Key, said: Said, now: float) -> None:
        """It was seen; one too many is not remembered."""
        if key not in self._seen and len(self._seen) >= MOST:
            self._forget(now)
        if key in self._seen or len(self._seen) < MOST:
            self._seen[key] = (now, said)

    def now(self, now: float) -> tuple[Said, ...]:
        """Those that count, in the order of their keys."""
        self._forget(now)
        return tuple(self._seen[key][1] for key in sorted(self._seen, key=str))

    def _forget(self, now: float) -> None:
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen[0] <= self._counts_for}


def foreign_router(resolved: ResolvedRouter, advert: Advert, *, member: bool) -> ForeignRouter | None:
    """Whose advert of our VRID it is, or None when it is one of the group's.

    `member` says that keepalived may act on it. With multicast a group of which we know no peer is known by the
    virtual IPs that it advertises.
    """
    ours = {vip.address for vip in resolved.addresses}
    known = any(peer.address == advert.source for peer in resolved.router.peers)
    if not known and resolved.transport is Transport.MULTICAST:
        known = bool(ours.intersection(advert.addresses))
    if known and member:
        return None
    return ForeignRouter(address=str(advert.source), version=advert.version, priority=advert.priority, peer=known)


def is_groups_own(claim: Claim, vrid: int) -> bool:
    """Whether the MAC is the virtual router's own, which VRRP gives to whoever is master."""
    return claim.mac in {f"{prefix}{vrid:02x}" for prefix in _VIRTUAL_MACS}
