"""This project on the lab, at one advert interval."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime

from tests.bench import listeners, product_faults
from tests.bench.figures import PRODUCT
from tests.bench.subject import Fault
from tests.lab.cluster import STACK, Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.shell import LabError
from tests.swarm import audit
from tests.swarm.repair import is_deployed, repair_swarm

FRESH = 2.5
"""Seconds after which a float's word is too old; it speaks at least once a second."""

SERVING = {1, 2}
"""BACKUP and MASTER, in the status file's numbers."""


class Product:
    """Deployed anew; with `checks`, each host is required to listen on a port, and does."""

    name = PRODUCT

    def __init__(self, lab: Lab, interval: float, *, checks: bool) -> None:
        self._lab = lab
        self._checks = checks
        self.interval = interval

    def deploy(self) -> None:
        """Raises LabError, and AssertionError where it does not get healthy."""
        self.deploy_with({})

    def deploy_with(self, further: Mapping[str, str]) -> None:
        """The same with further settings."""
        listeners.start(self._lab)
        if is_deployed(self._lab):
            self._lab.remove_stack()
        check = {"KEEPALIVED_CHECK_PORT": str(listeners.PORT)} if self._checks else {}
        settings = {"KEEPALIVED_ADVERT_INTERVAL": f"{self.interval:g}", **check, **further}
        finished = self._lab.deploy(settings)
        if finished.returncode != 0:
            raise LabError(finished.stderr)
        audit.assert_healthy(self._lab, within=90)

    def mend(self) -> None:
        repair_swarm(self._lab)
        self.deploy()

    def faults(self, managers: int) -> list[Fault]:
        if managers == 1:
            return product_faults.of_the_only_manager()
        return product_faults.of_several(checks=self._checks)

    def troubles(self) -> list[str]:
        """The kernels must show one holder; and each host's float must say that nothing stands against its node."""
        holders = self._lab.holders()
        found = [] if len(holders) == 1 else [f"{self._lab.vip} is on {', '.join(holders) or 'nobody'}"]
        floats = ((host.name, _trouble(host)) for host in self._lab.hosts.values())
        return found + [f"{name}: {trouble}" for name, trouble in floats if trouble]

    def runs_since(self, host: str) -> float | None:
        shown = self._lab.host(host).docker("inspect", "--format", "{{.State.StartedAt}}", FLOAT, check=False)
        if shown.returncode != 0:
            return None
        return datetime.fromisoformat(shown.stdout.strip()[:23] + "+00:00").timestamp()


def _trouble(host: Host) -> str | None:
    """Why this host could not take over now, as its float tells it in the status volume; None if it could."""
    path = host.data / "docker" / "volumes" / f"{STACK}_status" / "_data" / "float.json"
    try:
        status = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        return f"no status: {error}"
    if not host.is_on or not status["monotonic"] <= time.monotonic() < status["monotonic"] + FRESH:
        return "no fresh status"
    failing = [condition["name"] for condition in status["conditions"] if not condition["ok"]]
    routers = status["virtual_routers"]
    if failing or not routers or any(router["state"] not in SERVING for router in routers):
        return ", ".join(failing) or "serves not yet"
    return None
