"""A whole host stands still, as a virtual machine that its hypervisor pauses, and goes on as if nothing had been."""

from __future__ import annotations

import os
import signal
import time

from tests.lab import processes
from tests.lab.base import LabBase
from tests.lab.host import Host
from tests.lab.observe import has_address
from tests.lab.segment import NIC
from tests.lab.shell import LabError, run, wait_until


class Freezing(LabBase):
    """Nobody hears the host and none of its processes runs; its kernel's lifetimes of addresses stand still too."""

    def freeze(self, name: str) -> float:
        """The carrier stays, every frame is lost; the virtual IP stays in its kernel for as long as it takes."""
        host, struck = self.host(name), time.monotonic()
        first = host.first_process
        if first is None:
            raise LabError(f"{name} is off")
        self.segment.mute(name)
        wait_until(lambda: not _stop(first), 5, f"every process of {name} to stand still", interval=0.005)
        self._live_on(host, "forever")
        return struck

    def thaw(self, name: str) -> float:
        """It goes on where it was: with its virtual IP, if it had one, and with the lifetime that was left."""
        host, struck = self.host(name), time.monotonic()
        self._live_on(host, "3")
        self.segment.unmute(name)
        for pid in processes.descent(host.first_process):
            _signal(pid, signal.SIGCONT)
        return struck

    def is_frozen(self, name: str) -> bool:
        first = self.host(name).first_process
        return first is not None and processes.state(first) == "T"

    def _live_on(self, host: Host, lifetime: str) -> None:
        if has_address(host, self.vip):
            words = [
                "address",
                "change",
                f"{self.vip}/32",
                "dev",
                NIC,
                "valid_lft",
                lifetime,
                "preferred_lft",
                lifetime,
            ]
            run(["ip", "-n", host.namespace, *words])


def _stop(first: int) -> list[int]:
    """Stops them all, and says which ran still: while one does, it may have made another."""
    running = [pid for pid in processes.descent(first) if processes.state(pid) not in {"T", "Z", "X", ""}]
    for pid in running:
        _signal(pid, signal.SIGSTOP)
    return running


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
