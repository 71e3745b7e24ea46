"""Builds the supervisor and its doors, and turns errors into exit codes."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
from collections.abc import Collection, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from float import alone, capabilities
from float.additions import Additions
from float.addresses import Addresses
from float.advert_log import AdvertLog
from float.adverts import AdvertListener
from float.alone_source import AloneSource
from float.arguments import Given, read_arguments
from float.claim_ears import ClaimEars
from float.custody import Custody
from float.doctor.command import warnings_at_start
from float.doors import Doors
from float.engine import Engine
from float.examine import Examiner
from float.history import History
from float.keepalived import Keepalived, release
from float.lease import LeaseKeeper
from float.link_client import LinkClient
from float.log_style import LogStyle
from float.neighbour import Claim
from float.newcomers import Newcomers
from float.notify_fifo import NotifyFifo
from float.offers import Offers
from float.own_container import own_container_id
from float.ownership import OwnershipRecord
from float.places import PID_FILE, RUN_FOLDER
from float.probe import probe
from float.render import Renderer
from float.report import Reporter
from float.resolve import UnresolvableError
from float.scripts import Scripts
from float.strangers import Strangers
from float.supervise import Supervisor
from float.vacancy import Vacancy
from shared.additions import SCRIPTS_FOLDER
from shared.clock import SystemClock
from shared.disk import Disk
from shared.errors import FatalError, SpecRefusedError
from shared.link_protocol import SOCKET_NAME, FloatHello, Report
from shared.logs import configure
from shared.models import IpAddress
from shared.settings import FloatSettings
from shared.status_file import HISTORY_FILE, HISTORY_KEPT
from shared.user_files import UserFiles

logger = logging.getLogger("float")

TRACK_FOLDER = RUN_FOLDER / "track"
HEALTH_FILE = Path("/run/keepalived-health")


def serve(words: Sequence[str], lease: LeaseKeeper, record: OwnershipRecord, disk: Disk) -> int:
    """Supervise keepalived, as the arguments and the environment say, until told to end; returns the exit code."""
    try:
        given = read_arguments(words) if words else Given()
        settings = FloatSettings.from_environment(os.environ, arguments=given.arguments)
        configure(settings.log_level, settings.log_format)
        if not settings.under_anchor:
            _look_before_running_alone(settings, given)
        return asyncio.run(_serve(settings, lease, record, disk))
    except FatalError as error:
        for line in str(error).splitlines():
            logger.error("%s", line)
        return error.exit_code
    except Exception:  # the process's boundary: a trace in the log, and exit code 1
        logger.exception("this float failed")
        return 1


async def _serve(settings: FloatSettings, lease: LeaseKeeper, record: OwnershipRecord, disk: Disk) -> int:
    TRACK_FOLDER.mkdir(parents=True, exist_ok=True)
    PID_FILE.write_text(f"{os.getpid()}\n")
    addresses = Addresses()
    link = await _build_source(settings, addresses)
    doors = await _build_doors(settings, link, addresses, lease=lease, record=record, disk=disk)
    hello = FloatHello(version=_version(), container_id=own_container_id(), token=settings.link_token or "")
    supervisor = Supervisor(doors, hello=hello, alone=not settings.under_anchor)
    NotifyFifo(RUN_FOLDER / "notify.fifo").open(supervisor.noticed)
    doors.adverts.open(supervisor.advert, supervisor.foreign_advert)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.terminate)
    loop.add_signal_handler(signal.SIGUSR1, supervisor.handover)
    return await supervisor.run(link=link.run(supervisor))


def _look_before_running_alone(settings: FloatSettings, given: Given) -> None:
    """Say what an operator should know. Raises SpecRefusedError with a line for each capability that is missing."""
    container = own_container_id()[:12]
    for warning in (*given.warnings, *settings.warnings):
        logger.warning("%s", warning)
    if container and settings.node_hostname == container:
        logger.warning("this container seems to have a network of its own, not the host's; start it with --net=host")
    lacking = capabilities.missing(capabilities.effective())
    if lacking:
        raise SpecRefusedError("\n".join(lacking))


async def _build_source(settings: FloatSettings, addresses: Addresses) -> LinkClient | AloneSource:
    """Where the spec will come from: the anchor, or our own settings. Raises SettingsError, SpecRefusedError."""
    if settings.under_anchor:
        return LinkClient(settings.link_folder / SOCKET_NAME)
    files = UserFiles(settings, carried=False)
    try:
        spec = files.add_to(alone.build(settings, await addresses.view()))
    except UnresolvableError as error:
        raise SpecRefusedError("\n".join(error.problems)) from None
    logger.info("%s", alone.introduction(settings, spec))
    return AloneSource(spec)


async def _build_doors(
    settings: FloatSettings,
    link: LinkClient | AloneSource,
    addresses: Addresses,
    *,
    lease: LeaseKeeper,
    record: OwnershipRecord,
    disk: Disk,
) -> Doors:
    clock = SystemClock()
    renderer = Renderer(RUN_FOLDER)
    keepalived = Keepalived(RUN_FOLDER)
    about = await keepalived.about()
    identity = {
        "version": _version(),
        "hostname": settings.node_hostname,
        "container_id": own_container_id(),
        "keepalived_version": release(about),
        "warnings": warnings_at_start(about),
    }
    history = History(settings.status_folder / HISTORY_FILE, node=settings.node_hostname, limit=HISTORY_KEPT, disk=disk)
    advert_log, adverts = AdvertLog(), AdvertListener()
    vacancy = Vacancy(_ask_who_has, adverts.listen, advert_log, clock=clock, sleep=asyncio.sleep)
    additions = Additions(Scripts(Path(SCRIPTS_FOLDER)))
    custody = Custody(addresses=addresses, lease=lease, record=record)
    return Doors(
        keepalived=keepalived,
        engine=Engine(
            keepalived=keepalived, renderer=renderer, custody=custody, track_folder=TRACK_FOLDER, clock=clock
        ),
        offers=Offers(
            examiner=Examiner(
                addresses=addresses, renderer=renderer, keepalived=keepalived, record=record, vacancy=vacancy
            ),
            answer=link.send,
            sleep=asyncio.sleep,
        ),
        custody=custody,
        record=record,
        adverts=adverts,
        advert_log=advert_log,
        lease=lease,
        newcomers=Newcomers(clock),
        strangers=Strangers(ClaimEars(), _ask_who_has, clock),
        reporter=Reporter(
            folder=settings.status_folder,
            health_file=HEALTH_FILE,
            identity=identity,
            clock=clock,
            send=lambda status: link.send(Report(status=status)),
            disk=disk,
        ),
        clock=clock,
        additions=additions,
        log_style=LogStyle(settings.log_level, settings.log_format, configure=configure),
        told=(history.append, additions.tell),
    )


async def _ask_who_has(nic: str, addresses: Collection[IpAddress], seconds: float) -> tuple[Claim, ...]:
    return await probe(nic, addresses, seconds=seconds)


@functools.cache
def _version() -> str:
    try:
        return version("docker-keepalived-swarm")
    except PackageNotFoundError:
        return "unknown"
