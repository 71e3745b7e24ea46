"""The lease keeper: a process of its own that keeps the VIPs alive, so that they die when nobody does.

Each VIP of a master has a kernel lifetime of LEASE seconds, renewed every PERIOD. When supervisor, keepalived and
keeper die together (a killed container, an out-of-memory kill) the kernel removes the VIPs by itself. The keeper is
apart from the supervisor, with the highest priority that it is given, so that a busy supervisor never lets a lease
lapse; when the supervisor is gone, it hears the end of its pipe and stops renewing.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
import select
import signal
import time
from collections.abc import Iterable

from shared.models import IpAddress

LEASE = 3
"""Seconds of lifetime; whole seconds, since the kernel counts so (rtnetlink(7))."""

PERIOD = 1.0
"""Seconds between renewals: two may fail before a lease lapses."""

PIPE_SIZE = 1024 * 1024
"""Bytes: a list of thousands of VIPs is written whole, without waiting for the keeper."""

Holding = frozenset[tuple[str, IpAddress]]
"""(device, address) of every VIP that this node holds."""


class LeaseKeeper:
    """The supervisor's end of the pipe to the keeper."""

    def __init__(self) -> None:
        self._pipe = -1
        self._pid = 0
        self._holding: Holding = frozenset()

    def start(self) -> None:
        """Fork the keeper; before any thread or event loop exists. Raises OSError."""
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(write_end)
            try:
                _keep(read_end)
            finally:
                os._exit(1)  # never back into the supervisor's code
        os.close(read_end)
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        self._pipe, self._pid = write_end, pid

    @property
    def pid(self) -> int:
        """The keeper's process."""
        return self._pid

    def hold(self, addresses: Iterable[tuple[str, IpAddress]]) -> None:
        """Say which VIPs are ours from now on; the keeper renews them at once and then every PERIOD."""
        holding = frozenset(addresses)
        if holding == self._holding:
            return
        self._holding = holding
        line = json.dumps([[device, str(address)] for device, address in sorted(holding, key=str)]) + "\n"
        os.write(self._pipe, line.encode())

    def alive(self) -> bool:
        """Whether the keeper lives; reaps it when it does not."""
        try:
            return os.waitpid(self._pid, os.WNOHANG) == (0, 0)
        except ChildProcessError:
            return False


def parse_holding(line: bytes) -> Holding:
    """The VIPs in one line of the pipe."""
    return frozenset((device, ipaddress.ip_address(address)) for device, address in json.loads(line))


def _keep(pipe: int) -> None:
    from float.addresses import LeaseDoor  # noqa: PLC0415 - in the keeper's process only

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # the supervisor's end of the pipe is what ends the keeper
    _hurry()
    door = LeaseDoor()
    holding: Holding = frozenset()
    rest, due = b"", time.monotonic()
    while True:
        readable, _, _ = select.select([pipe], [], [], max(0.0, due - time.monotonic()) if holding else None)
        if readable:
            data = os.read(pipe, 65536)
            if not data:
                os._exit(0)  # the supervisor is gone
            *lines, rest = (rest + data).split(b"\n")
            holding = parse_holding(lines[-1]) if lines else holding
        with contextlib.suppress(OSError):
            door.renew(holding, seconds=LEASE)
        due = time.monotonic() + PERIOD


def _hurry() -> None:
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(40))
