"""The virtual routers that have just begun on this node: each asks the segment before it takes part."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from float.neighbour import Claim
from float.newcomer import LIMIT, Newcomer, objection
from float.probe import probe
from float.routers import RouterEntry
from shared.clock import Clock
from shared.models import Condition, Peer, Strength, VrrpState

logger = logging.getLogger(__name__)

ROUND = 0.45
"""Seconds of silence that count as nobody: three questions, 0.15 s apart."""

PAUSE = 0.5
"""Seconds between two rounds while somebody answers."""

FIRST_ROUND = 1.0
"""Seconds for which keepalived's start waits for the first answer: most often it then begins as BACKUP, not FAULT."""

_NEVER = (None, errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
"""Nobody can ever be asked there: no Ethernet, no capability. Everything else is asked again, up to the limit."""


class Newcomers:
    """Who may not take part yet, by name of the virtual router."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, Newcomer] = {}
        self._seen: frozenset[str] = frozenset()
        self._said: dict[str, str] = {}
        self._some = asyncio.Event()

    def look_at(self, entries: Mapping[str, RouterEntry]) -> None:
        """A virtual router that was not there before is a newcomer; one that is gone is forgotten.

        One that has another VRID now took part until a moment ago, and all nodes change together: asking first would
        only make their common outage longer. One that has another name goes on as it was, for keepalived.
        """
        waiting = {name: newcomer for name, newcomer in self._waiting.items() if name in entries}
        new = {name for name, entry in entries.items() if name not in self._seen and entry.state is VrrpState.INIT}
        self._waiting = {**waiting, **{name: Newcomer(self._clock.monotonic()) for name in new}}
        self._seen = frozenset(entries)
        if self._waiting:
            self._some.set()

    def conditions(self, entries: Mapping[str, RouterEntry]) -> tuple[Condition, ...]:
        """What stands against taking part; who has nothing against it is no newcomer any more."""
        now = self._clock.monotonic()
        reasons = {
            name: objection(newcomer, entries[name].resolved.advertised.cidr, hears=_hears(entries[name]), now=now)
            for name, newcomer in self._waiting.items()
        }
        self._waiting = {name: newcomer for name, newcomer in self._waiting.items() if reasons[name] is not None}
        self._say(reasons, now)
        return tuple(
            Condition(name="newcomer", ok=False, strength=Strength.REQUIRE, reason=reason, routers=(name,))
            for name, reason in reasons.items()
            if reason is not None
        )

    def _say(self, reasons: Mapping[str, str | None], now: float) -> None:
        """Log what holds one up for longer than the ordinary round, once, and its end."""
        standing = {
            name: reason
            for name, reason in reasons.items()
            if reason is not None and now - self._waiting[name].since >= FIRST_ROUND
        }
        for name, reason in standing.items():
            if self._said.get(name) != reason:
                logger.warning("%s does not take part yet: %s", name, reason)
        for name in self._said.keys() - standing.keys():
            logger.info("%s takes part now", name)
        self._said = standing

    def undecided(self) -> bool:
        """Whether the first round of some of them is not over: worth waiting for with keepalived's start."""
        now = self._clock.monotonic()
        return any(not newcomer.asked and now - newcomer.since < FIRST_ROUND for newcomer in self._waiting.values())

    def next_change(self) -> float | None:
        """When time alone lets one take part."""
        return min((newcomer.since + LIMIT for newcomer in self._waiting.values()), default=None)

    async def run(self, entries: Callable[[], Mapping[str, RouterEntry]], rouse: Callable[[], None]) -> None:
        """Ask for all of them, for ever."""
        while True:
            await self._some.wait()
            asked = [entry for name, entry in entries().items() if name in self._waiting]
            await asyncio.gather(*(self._ask(entry) for entry in asked))
            rouse()
            if self._waiting:
                await asyncio.sleep(PAUSE)
            else:
                self._some.clear()

    async def _ask(self, entry: RouterEntry) -> None:
        name = entry.router.name
        try:
            claim, peer = await _who_has(entry)
        except OSError as error:
            if error.errno not in _NEVER:
                return
            logger.warning("%s: whether another host has its address cannot be asked: %s", name, error)
            claim, peer = None, None
        if name not in self._waiting:
            return
        self._waiting[name] = replace(self._waiting[name], asked=True, claim=claim, peer=peer)


async def _who_has(entry: RouterEntry) -> tuple[Claim | None, Peer | None]:
    """Whose the VIP is, on its own segment, and which peer that is. Raises OSError."""
    vip, interface = entry.resolved.advertised, entry.resolved.interface
    claims = await probe(vip.device or interface, [vip.address], seconds=ROUND)
    if not claims:
        return None, None
    peers = {peer.address: peer for peer in entry.router.peers}
    known = {claim.mac: peers[claim.address] for claim in await probe(interface, peers, seconds=ROUND)}
    named = [(claim, known[claim.mac]) for claim in claims if claim.mac in known]
    return named[0] if named else (claims[0], None)


def _hears(entry: RouterEntry) -> bool:
    """Any advert will do, however old: this float is younger."""
    return entry.heard is not None and entry.heard.priority > 0
