"""This project on the lab, at one advert interval, and every fault that is measured."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

from tests.bench import listeners
from tests.bench.figures import PRODUCT
from tests.bench.subject import Fault
from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.shell import LabError
from tests.swarm import audit
from tests.swarm.repair import is_deployed


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
        audit.assert_healthy(self._lab, within=60)

    def troubles(self) -> list[str]:
        return audit.troubles(self._lab)

    def faults(self) -> list[Fault]:
        return [
            Fault("power cut", Lab.power_off, _boot, silent=True),
            Fault("cable out", Lab.unplug, Lab.plug, silent=True),
            Fault("partition", Lab.partition, _heal),
            Fault("partition healed", _heal, prepare=_cut_off),
            Fault("anchor killed", Lab.kill_anchor),
            Fault("anchor hung", Lab.pause_anchor, _resume, patience=8.0),
            Fault("all anchors killed", _kill_all_anchors),
            Fault("node drained", Lab.drain, Lab.activate, patience=10.0, settle=5.0),
            Fault("float stopped", _stop_float, patience=5.0),
            Fault("float killed", Lab.kill_float, settle=3.0),
            Fault("keepalived killed (parent)", lambda lab, host: lab.kill_keepalived(host, "parent")),
            Fault("keepalived killed (child)", lambda lab, host: lab.kill_keepalived(host, "child")),
            Fault("keepalived killed (both)", lambda lab, host: lab.kill_keepalived(host, "both")),
            Fault("VIP deleted by hand", Lab.delete_vip),
            *(
                [Fault("required check fails", listeners.end, listeners.start_one, patience=8.0)]
                if self._checks
                else []
            ),
        ]


def _boot(lab: Lab, host: str) -> None:
    lab.boot(host)
    listeners.start_one(lab, host)


def _heal(lab: Lab, _: str) -> float:
    return lab.heal()


def _cut_off(lab: Lab, host: str) -> None:
    lab.partition(host)
    time.sleep(2)


def _resume(lab: Lab, host: str) -> None:
    with contextlib.suppress(LabError):  # the Swarm may have replaced it by now
        lab.resume_anchor(host)


def _stop_float(lab: Lab, host: str) -> float:
    struck = time.monotonic()
    lab.host(host).docker("stop", FLOAT)
    return struck


def _kill_all_anchors(lab: Lab, _: str) -> float:
    containers = {host: lab.anchor_container(host.name) for host in lab.hosts.values()}
    pids = {
        host: host.docker("inspect", "--format", "{{.State.Pid}}", container.id).stdout.strip()
        for host, container in containers.items()
    }
    struck = time.monotonic()
    for host, pid in pids.items():
        host.exec("kill", "-9", pid)
    return struck
