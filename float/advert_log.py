"""PURE: who advertised which virtual router lately, peer or stranger, run by this node or not."""

from __future__ import annotations

from collections.abc import Collection

from float.advert import Advert
from shared.models import IpAddress

RECENT = 5.0
"""Seconds for which an advert counts: VRRP's usual interval is one second, and a master may be lost between two."""


class AdvertLog:
    """The last advert of every source for every VRID; times are monotonic seconds."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, IpAddress], float] = {}

    def note(self, advert: Advert, now: float) -> None:
        """An advert came; priority 0 says that its sender stops."""
        key = (advert.vrid, advert.source)
        if advert.priority:
            self._last[key] = now
        else:
            self._last.pop(key, None)

    def masters(self, vrid: int, now: float) -> frozenset[IpAddress]:
        """Who advertises that VRID."""
        return frozenset(source for (one, source), at in self._last.items() if one == vrid and now - at <= RECENT)

    def foreign(self, vrid: int, ours: Collection[IpAddress], now: float) -> IpAddress | None:
        """Somebody who advertises that VRID and is none of ours."""
        return min((source for source in self.masters(vrid, now) if source not in ours), key=str, default=None)
