"""A holder's word against another host that claims its VIPs: who believed that one comes back.

keepalived answers no claims: a peer that was frozen as the holder thaws, sends gratuitous ARP for VIPs that are not its
own any more, and is silent again; clients would ask it until the holder's next refresh, five seconds later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from float.neighbour import Claim
from float.ration import Ration
from float.routers import RouterEntry
from shared.clock import Clock
from shared.models import IpAddress, VrrpState

WAIT = 0.25
"""Seconds from the claim to the answer. A successor claims the VIPs too, and is to be believed: until then the holder
before it has heard its advert, and holds nothing."""

EVERY = 5.0
"""Seconds in which a virtual router has so many answers and no more, as between keepalived's own refreshes: two holders
that do not hear each other shall not shout (RFC 5227, section 2.4)."""

TO_ONE, TO_ALL = 2, 6
"""Answers to one claimant, and to all. A frozen host's kernel answers a question of ours, and that host then thaws."""

Announce = Callable[[str, Iterable[IpAddress]], None]
Later = Callable[[float, Callable[[], None]], object]


class Defence:
    """Remembers which virtual routers' VIPs were claimed, and answers while this node holds them."""

    def __init__(self, announce: Announce, clock: Clock, *, later: Later | None = None) -> None:
        self._announce = announce
        self._clock = clock
        self._later = later or (lambda seconds, call: asyncio.get_running_loop().call_later(seconds, call))
        self._waiting: set[str] = set()
        """Routers whose answer is under way: one is enough for all who claim meanwhile."""

        self._to_all: dict[str, Ration] = {}
        self._to_one: dict[tuple[str, str], Ration] = {}
        """Of the answers that were given, by router and by the claimant's MAC."""

    def claimed(self, claim: Claim, entries: Mapping[str, RouterEntry]) -> None:
        """Another host claims an address, on a device where it may be one of these routers' VIPs."""
        for name, entry in entries.items():
            ours = any(vip.address == claim.address for vip in entry.resolved.addresses)
            if ours and entry.state is VrrpState.MASTER and name not in self._waiting:
                self._waiting.add(name)
                self._later(WAIT, partial(self._answer, name, entry, claim.mac))

    def _answer(self, name: str, entry: RouterEntry, mac: str) -> None:
        self._waiting.discard(name)
        if entry.state is VrrpState.MASTER and self._may_answer(name, mac):
            for vip in entry.resolved.addresses:
                self._announce(vip.device or entry.resolved.interface, (vip.address,))

    def _may_answer(self, name: str, mac: str) -> bool:
        """Only what is said counts: a claim of this node's successor costs nothing."""
        now = self._clock.monotonic()
        self._to_one = {key: ration for key, ration in self._to_one.items() if ration.wait(now)}
        to_one = self._to_one.setdefault((name, mac), Ration(TO_ONE, EVERY))
        to_all = self._to_all.setdefault(name, Ration(TO_ALL, EVERY))
        if to_one.exhausted(now) or to_all.exhausted(now):
            return False
        return to_one.take(now) and to_all.take(now)
