"""PURE: who advertised which virtual router lately, peer or stranger, run by this node or not."""

from __future__ import annotations

from collections.abc import Collection

from float.advert import Advert
from shared.models import IpAddress

RECENT = 5.0
"""Seconds for which an advert counts: VRRP's usual interval is one second, and a master may be lost between two."""


MOST = 16
"""Sources of one VRID that are remembered, so that invented ones do not fill the memory."""


class AdvertLog:
    """The last advert of every source for every VRID; times are monotonic seconds."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, IpAddress], float] = {}

    def note(self, advert: Advert, now: float) -> None:
        """An advert came; priority 0 says that its sender stops."""
        key = (advert.vrid, advert.source)
        if not advert.priority:
            self._last.pop(key, None)
        elif key in self._last or self._has_room(advert.vrid, now):
            self._last[key] = now

    def _has_room(self, vrid: int, now: float) -> bool:
        """Whether one more source of that VRID can be remembered, once those that fell silent are forgotten."""
        of_vrid = [key for key in self._last if key[0] == vrid]
        for key in of_vrid if len(of_vrid) >= MOST else ():
            if now - self._last[key] > RECENT:
                del self._last[key]
        return len(of_vrid) < MOST or any(key not in self._last for key in of_vrid)

    def masters(self, vrid: int, now: float) -> frozenset[IpAddress]:
        """Who advertises that VRID."""
        return frozenset(source for (one, source), at in self._last.items() if one == vrid and now - at <= RECENT)

    def foreign(self, vrid: int, ours: Collection[IpAddress], now: float) -> IpAddress | None:
        """Somebody who advertises that VRID and is none of ours."""
        return min((source for source in self.masters(vrid, now) if source not in ours), key=str, default=None)
