"""A host and on it everything that a float is made of, in the process of the test: real keepalived, kernel and wire."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from pathlib import Path

from float.additions import Additions
from float.addresses import Addresses
from float.advert_log import AdvertLog
from float.adverts import AdvertListener
from float.alone_source import AloneSource
from float.claim_ears import ClaimEars
from float.custody import Custody
from float.doors import Doors
from float.engine import Engine
from float.examine import Examiner
from float.keepalived import Keepalived
from float.lease import LeaseKeeper
from float.log_style import LogStyle
from float.neighbour import Claim
from float.newcomers import Newcomers
from float.notify_fifo import NotifyFifo
from float.offers import Offers
from float.ownership import OwnershipRecord
from float.probe import probe
from float.render import Renderer
from float.report import Reporter
from float.scripts import Scripts
from float.strangers import Strangers
from float.supervise import Supervisor
from float.vacancy import Vacancy
from shared.clock import SystemClock
from shared.link_protocol import FloatHello
from shared.models import FloatSpec, IpAddress, Transport
from shared.settings_base import LogFormat, LogLevel
from tests.contract.float_world import ROUTER, SPEC, eventually, kernel_address, own_network

VIP = "192.0.2.100"
ROUTERS = (ROUTER.model_copy(update={"peers": ()}),)
ALONE = SPEC.model_copy(update={"virtual_routers": ROUTERS, "transport": Transport.MULTICAST})
PRIORITY = 2
"""Its place in an advert (RFC 9568, section 5.1)."""


class Machine:
    """One host, and on it everything that a float alone is made of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keepalived = Keepalived(folder)
        self.ears = ClaimEars()
        self.addresses, self.lease = Addresses(), LeaseKeeper()
        (folder / "track").mkdir()
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.wire.bind(("far0", 0x0800))
        self.wire.setblocking(False)

    async def run(self, part: Callable[[], Awaitable[None]], spec: FloatSpec = ALONE) -> int:
        """The exit code of a float of that spec that has this part beside the others."""
        source = AloneSource(spec)
        hello = FloatHello(version="", container_id="", token="")
        supervisor = Supervisor(self._doors(source), hello=hello, alone=True)
        NotifyFifo(self.folder / "notify.fifo").open(supervisor.noticed)

        async def beside() -> None:
            await part()

        try:
            return await asyncio.wait_for(supervisor.run(link=source.run(supervisor), part=beside()), 60)
        finally:
            os.kill(self.lease.pid, signal.SIGKILL)
            assert eventually(lambda: not self.lease.alive())

    async def play(self, part: Callable[[], Awaitable[None]], spec: FloatSpec = ALONE) -> None:
        """The same until the part has ended. Raises what it raises, which to a float is just the end."""
        raised: list[Exception] = []

        async def watched() -> None:
            try:
                await part()
            except Exception as error:  # whatever a test's part raises is told again once the float has ended of it
                raised.append(error)
                raise

        await self.run(watched, spec)
        for error in raised:
            raise error

    async def serving(self) -> None:
        """It holds the VIP."""
        while kernel_address(VIP) is None:
            await asyncio.sleep(0.05)

    def priorities(self) -> list[int]:
        """Of every advert that went out."""
        return [packet[4 * (packet[0] & 15) + PRIORITY] for packet in self._adverts()]

    def sources(self) -> list[str]:
        """Where every advert that went out came from."""
        return [socket.inet_ntoa(packet[12:16]) for packet in self._adverts()]

    def _adverts(self) -> Iterator[bytes]:
        while True:
            try:
                packet = self.wire.recv(2048)
            except BlockingIOError:
                return
            if packet[9] == 112:
                yield packet

    def _doors(self, source: AloneSource) -> Doors:
        clock, renderer, addresses, lease = SystemClock(), Renderer(self.folder), self.addresses, self.lease
        record, log = OwnershipRecord(self.folder / "owned.json", "boot"), AdvertLog()
        lease.start()
        custody = Custody(addresses=addresses, lease=lease, record=record)
        adverts = AdvertListener()

        async def ask(nic: str, wanted: Collection[IpAddress], seconds: float) -> tuple[Claim, ...]:
            return await probe(nic, wanted, seconds=seconds)

        vacancy = Vacancy(ask, adverts.listen, log, clock=clock, sleep=asyncio.sleep)
        identity = {"version": "", "hostname": "float", "container_id": "", "keepalived_version": "", "warnings": ()}
        return Doors(
            keepalived=self.keepalived,
            engine=Engine(
                keepalived=self.keepalived,
                renderer=renderer,
                custody=custody,
                track_folder=self.folder / "track",
                clock=clock,
            ),
            offers=Offers(
                examiner=Examiner(
                    addresses=addresses, renderer=renderer, keepalived=self.keepalived, record=record, vacancy=vacancy
                ),
                answer=source.send,
                sleep=asyncio.sleep,
            ),
            custody=custody,
            record=record,
            adverts=adverts,
            advert_log=log,
            lease=lease,
            newcomers=Newcomers(clock),
            strangers=Strangers(self.ears, ask, clock),
            reporter=Reporter(
                folder=self.folder,
                health_file=self.folder / "health",
                identity=identity,
                clock=clock,
                send=lambda status: None,
            ),
            clock=clock,
            additions=Additions(Scripts(self.folder / "scripts")),
            log_style=LogStyle(LogLevel.INFO, LogFormat.TEXT, configure=lambda level, style: None),
            told=(),
        )


@contextlib.asynccontextmanager
async def machine_called(name: str, folder: Path) -> AsyncIterator[Machine]:
    """A host where nothing runs, in a network of that name."""
    with own_network(name):
        made = Machine(folder)
        yield made
        made.wire.close()
        made.ears.close()
        await made.addresses.close()
