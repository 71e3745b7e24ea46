"""A holder's word against another host that claims its VIPs: who believed that one comes back.

keepalived answers no claims: a peer that was frozen as the holder thaws, sends gratuitous ARP for VIPs that are not its
own any more, and is silent again; clients would ask it until the holder's next refresh, five seconds later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from float.neighbour import Claim
from float.routers import RouterEntry
from shared.clock import Clock
from shared.models import IpAddress, VrrpState

WAIT = 0.25
"""Seconds from the claim to the answer. A successor claims the VIPs too, and is to be believed: until then the holder
before it has heard its advert, and holds nothing."""

EVERY = 5.0
"""Seconds at least between two answers for a virtual router, as between keepalived's own refreshes: two holders that do
not hear each other shall not shout (RFC 5227, section 2.4)."""

Announce = Callable[[str, Iterable[IpAddress]], None]
Later = Callable[[float, Callable[[], None]], object]


class Defence:
    """Remembers which virtual routers' VIPs were claimed, and answers while this node holds them."""

    def __init__(self, announce: Announce, clock: Clock, *, later: Later | None = None) -> None:
        self._announce = announce
        self._clock = clock
        self._later = later or (lambda seconds, call: asyncio.get_running_loop().call_later(seconds, call))
        self._next: dict[str, float] = {}

    def claimed(self, claim: Claim, entries: Mapping[str, RouterEntry]) -> None:
        """Another host claims an address, on a device where it may be one of these routers' VIPs."""
        now = self._clock.monotonic()
        for name, entry in entries.items():
            ours = any(vip.address == claim.address for vip in entry.resolved.addresses)
            if ours and entry.state is VrrpState.MASTER and now >= self._next.get(name, 0.0):
                self._next[name] = now + EVERY
                self._later(WAIT, partial(self._answer, entry))

    def _answer(self, entry: RouterEntry) -> None:
        if entry.state is VrrpState.MASTER:
            for vip in entry.resolved.addresses:
                self._announce(vip.device or entry.resolved.interface, (vip.address,))
