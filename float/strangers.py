"""Watches for hosts that are none of ours and speak for our virtual routers; it tells people, and decides nothing.

Routers that use our VRID are heard by their adverts. Who claims a VIP is heard when a frame says so to the whole
segment; a host that only answers to those who ask is found by asking, which the holder does now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from float.advert import Advert
from float.defence import Defence
from float.neighbour import Claim
from float.routers import RouterEntry
from float.stranger import ADVERT_COUNTS, CLAIM_COUNTS, MOST, Seen, Sightings, foreign_router, is_groups_own
from shared.clock import Clock
from shared.models import IpAddress, VrrpState
from shared.status import ForeignClaim, ForeignRouter

logger = logging.getLogger(__name__)

ASK_EVERY = 30.0
"""Seconds between two questions of the holder: one frame for each VIP."""

_FIRST_QUESTION = 1.0
"""Seconds after which the first one is asked of a node that begins."""

_WHO_IS_IT = 0.45
"""Seconds in which peers answer, so that their MACs are known."""

_MOST_MACS = 1024
"""MACs that are remembered as peers'; who invents them shall not fill the memory."""

_PAUSE = 2.0
"""Seconds between two looks at unknown MACs."""

Entries = Mapping[str, RouterEntry]
OnClaim = Callable[[str, Claim], None]
Probe = Callable[[str, Collection[IpAddress], float], Awaitable[tuple[Claim, ...]]]
"""Who on the interface's segment claims which of the addresses, asked for that many seconds. Raises OSError."""


class Ears(Protocol):
    """Who hears claims."""

    def hear(self, wanted: Mapping[str, frozenset[IpAddress]], told: OnClaim) -> None:
        """Listen for claims of these VIPs, by device, and of no others any more."""

    def ask(self, device: str, addresses: Iterable[IpAddress]) -> None:
        """Ask the segment once who has them; answers come as claims do."""

    def announce(self, device: str, addresses: Iterable[IpAddress]) -> None:
        """Tell the segment that they are this host's."""


@dataclass
class _Record:
    routers: Sightings[tuple[str, int], ForeignRouter] = field(default_factory=lambda: Sightings(ADVERT_COUNTS))
    claims: Sightings[Claim, ForeignClaim] = field(default_factory=lambda: Sightings(CLAIM_COUNTS))
    said: bool = False


class Strangers:
    """What is known of them, by name of the virtual router."""

    def __init__(self, ears: Ears, probe: Probe, clock: Clock) -> None:
        self._ears = ears
        self._defence = Defence(ears.announce, clock)
        self._probe = probe
        self._clock = clock
        self._entries: Entries = {}
        self._by_vrid: dict[int, RouterEntry] = {}
        self._records: dict[str, _Record] = {}
        self._peers: dict[str, IpAddress] = {}
        """Address of the peer that has the MAC."""

        self._unknown: dict[tuple[str, Claim], None] = {}
        self._news = asyncio.Event()

    def look_at(self, entries: Entries) -> None:
        """Watch over these, and over no others any more."""
        self._entries = entries
        self._by_vrid = {entry.router.vrid: entry for entry in entries.values()}
        self._records = {name: self._records.get(name, _Record()) for name in entries}
        self._peers = {mac: peer for mac, peer in self._peers.items() if peer in _peers_of(entries.values())}
        wanted: dict[str, set[IpAddress]] = defaultdict(set)
        for entry in entries.values():
            for vip in entry.resolved.addresses:
                wanted[vip.device or entry.resolved.interface].add(vip.address)
        self._ears.hear({device: frozenset(addresses) for device, addresses in wanted.items()}, self._claimed)
        self._news.set()

    def heard(self, advert: Advert, *, member: bool) -> None:
        """An advert came; `member` says whether keepalived may act on it."""
        entry = self._by_vrid.get(advert.vrid)
        found = foreign_router(entry.resolved, advert, member=member) if entry else None
        if entry and found:
            routers = self._records[entry.router.name].routers
            routers.note((found.address, found.version), found, self._clock.monotonic())

    def seen(self) -> dict[str, Seen]:
        """The strangers of this moment; their coming and going is logged."""
        now = self._clock.monotonic()
        found = {name: Seen(r.routers.now(now), r.claims.now(now)) for name, r in self._records.items()}
        for name, record in self._records.items():
            self._say(name, record, found[name])
        return found

    async def run(self) -> None:
        """Find out whose the unknown MACs are, and ask for strangers, for ever."""
        await asyncio.gather(self._keep_judging(), self._keep_asking())

    async def _keep_judging(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._learn_peers()
            for device, claim in self._unknown:
                self._judge(device, claim)
            self._unknown.clear()
            await asyncio.sleep(_PAUSE)

    async def _keep_asking(self) -> None:
        await asyncio.sleep(_FIRST_QUESTION)
        while True:
            for entry in self._entries.values():
                if entry.state is VrrpState.MASTER:
                    for vip in entry.resolved.addresses:
                        self._ears.ask(vip.device or entry.resolved.interface, (vip.address,))
            await asyncio.sleep(ASK_EVERY)

    def _claimed(self, device: str, claim: Claim) -> None:
        self._defence.claimed(claim, self._entries)
        if len(self._unknown) < MOST and any(self._suspects(e, device, claim) for e in self._entries.values()):
            self._unknown[device, claim] = None
            self._news.set()

    def _suspects(self, entry: RouterEntry, device: str, claim: Claim) -> bool:
        """Whether the claim is about that virtual router, and the MAC no peer's as far as we know.

        On another NIC than that of the adverts peers have MACs that we cannot know: there it is one only beside us.
        """
        if claim.mac in self._peers or is_groups_own(claim, entry.router.vrid):
            return False
        alone = entry.state is VrrpState.MASTER and entry.hears(self._clock.monotonic()) is None
        knowable = device == entry.resolved.interface or alone
        return knowable and any(claim.address == vip.address for vip in entry.resolved.addresses)

    async def _learn_peers(self) -> None:
        wanted: dict[str, set[IpAddress]] = defaultdict(set)
        for entry in self._entries.values():
            wanted[entry.resolved.interface] |= _peers_of((entry,))
        for interface, peers in wanted.items():
            with contextlib.suppress(OSError):  # the NIC is off: nobody can be asked, and nobody claims anything
                for claim in await self._probe(interface, peers, _WHO_IS_IT) if peers else ():
                    self._peers[claim.mac] = claim.address
        for mac in list(self._peers)[:-_MOST_MACS]:
            del self._peers[mac]

    def _judge(self, device: str, claim: Claim) -> None:
        """Now that the peers were asked, a MAC that is still unknown is a stranger's."""
        said = ForeignClaim(virtual_ip=str(claim.address), mac=claim.mac, interface=device)
        for name, entry in self._entries.items():
            if self._suspects(entry, device, claim):
                self._records[name].claims.note(claim, said, self._clock.monotonic())

    def _say(self, name: str, record: _Record, seen: Seen) -> None:
        """Once when the first comes, once when the last is gone: a flood is no reason to write more."""
        some = bool(seen.routers or seen.claims)
        if some and not record.said:
            told = [
                *(f"{r.address} advertises its VRID (VRRPv{r.version}, priority {r.priority})" for r in seen.routers),
                *(f"{c.mac} claims {c.virtual_ip} on {c.interface}" for c in seen.claims),
            ]
            logger.warning("%s: a stranger is on the segment: %s", name, "; ".join(told))
        elif record.said and not some:
            logger.info("%s: no stranger is seen any more", name)
        record.said = some


def _peers_of(entries: Iterable[RouterEntry]) -> set[IpAddress]:
    """Listed ones, and with multicast whoever is heard."""
    listed = {peer.address for entry in entries for peer in entry.router.peers if not peer.address.is_loopback}
    return listed | {entry.heard.source for entry in entries if entry.heard}
