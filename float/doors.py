"""What the supervisor works with: the doors to the world, and those who remember and tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from float import swarm_ports
from float.additions import Additions
from float.advert_log import AdvertLog
from float.adverts import AdvertListener
from float.custody import Custody
from float.engine import Engine
from float.keepalived import Keepalived
from float.lease import LeaseKeeper
from float.log_style import LogStyle
from float.newcomers import Newcomers
from float.offers import Offers
from float.ownership import OwnershipRecord
from float.report import Reporter
from float.routers import Transition
from float.strangers import Strangers
from shared.clock import Clock


@dataclass(frozen=True)
class Doors:
    """The supervisor's collaborators."""

    keepalived: Keepalived
    engine: Engine
    offers: Offers
    custody: Custody
    record: OwnershipRecord
    adverts: AdvertListener
    advert_log: AdvertLog
    lease: LeaseKeeper
    newcomers: Newcomers
    strangers: Strangers
    reporter: Reporter
    clock: Clock
    additions: Additions
    log_style: LogStyle
    told: tuple[Callable[[Transition], None], ...]
    """Who hears of each transition, in this order: history, notify scripts."""

    swarm_listens: Callable[[], bool] = swarm_ports.listening
    """Whether this host's engine listens for its Swarm."""
