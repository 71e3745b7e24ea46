"""The lease keeper: a process of its own that keeps the VIPs alive, so that they die when nobody does.

Each VIP of a master has a kernel lifetime of LEASE seconds, renewed every PERIOD. When supervisor, keepalived and
keeper die together (a killed container, an out-of-memory kill) the kernel removes the VIPs by itself. The keeper is
apart from the supervisor, with the highest priority that it is given, so that a busy supervisor never lets a lease
lapse; when the supervisor is gone, it hears the end of its pipe and stops renewing.

It stands long before the supervisor does, so until the supervisor's first word it also guards what an earlier float
left (see `guard`).
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import logging
import os
import select
import signal
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from float.guard import Guard, Watched
from float.lease_door import LeaseDoor

if TYPE_CHECKING:  # the keeper does without pydantic
    from shared.models import IpAddress

logger = logging.getLogger(__name__)

LEASE = 3
"""Seconds of lifetime; whole seconds, since the kernel counts so (rtnetlink(7))."""

PERIOD = 1.0
"""Seconds between renewals: two may fail before a lease lapses."""

PIPE_SIZE = 1024 * 1024
"""Bytes: a list of thousands of VIPs is written whole, without waiting for the keeper."""

Holding = frozenset[tuple[str, "IpAddress"]]
"""(device, address) of every VIP that this node holds."""


class LeaseKeeper:
    """The supervisor's end of the pipe to the keeper."""

    def __init__(self) -> None:
        self._pipe = -1
        self._pid = 0
        self._holding: Holding | None = None

    def start(self, left: Iterable[Watched] = ()) -> None:
        """Fork the keeper; before any thread or event loop exists. Raises OSError.

        Until the first `hold` it removes the VIPs of `left`, a killed float's, from this host when a peer has them.
        """
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(write_end)
            try:
                _Keeper(read_end, Guard(left)).run()
            except BaseException:  # the forked process's boundary: it says why, and ends
                logger.exception("the lease keeper failed")
                logging.shutdown()
            finally:
                os._exit(1)  # never back into the supervisor's code
        os.close(read_end)
        with contextlib.suppress(OSError):  # pipe-user-pages-soft is reached: a long list then waits for a moment
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
        with contextlib.suppress(BrokenPipeError):  # `alive` tells
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


class _Keeper:
    """The other end of the pipe."""

    def __init__(self, pipe: int, guard: Guard) -> None:
        self._pipe = pipe
        self._guard = guard
        self._door = LeaseDoor()
        self._holding: Holding = frozenset()
        self._rest = b""

    def run(self) -> None:
        """Renew what is held, until the supervisor is gone."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # the supervisor's end of the pipe is what ends the keeper
        _hurry()
        self._listen()
        due = time.monotonic()
        while True:
            wait = max(0.0, due - time.monotonic()) if self._holding else None
            readable, _, _ = select.select((self._pipe, *(s.fileno() for s in self._guard.sockets)), (), (), wait)
            if self._pipe in readable:
                self._take(os.read(self._pipe, 65536))
            elif readable:
                self._give_way()
                continue
            with contextlib.suppress(OSError):
                self._door.renew(self._holding, seconds=LEASE)
            due = time.monotonic() + PERIOD

    def _listen(self) -> None:
        try:
            self._guard.open()
        except OSError as error:
            logger.warning("whether a peer took over from a killed float cannot be heard: %s", error)

    def _take(self, data: bytes) -> None:
        if not data:
            os._exit(0)  # the supervisor is gone
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self._guard.close()
            self._holding = parse_holding(lines[-1])

    def _give_way(self) -> None:
        """A peer advertises what a killed float left here."""
        for sock in self._guard.sockets:
            taken = self._guard.heard(sock)
            if not taken:
                continue
            with contextlib.suppress(OSError):
                for gone in self._door.remove(taken):
                    logger.warning(
                        "removing a virtual IP of a killed float: a peer advertises it", extra={"address": gone.address}
                    )
                self._guard.relieved(taken)
                return


def _hurry() -> None:
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(40))
