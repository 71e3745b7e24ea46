"""When an address came to a host's kernel and when it went, as netlink says it: rtnetlink(7)."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType

from tests.lab import namespaces

_NEWADDR, _DELADDR, _GETADDR = 20, 21, 22
_GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_REQUEST_DUMP = 0x1 | 0x300
_LOOK_FOR_REBOOTS = 0.02


@dataclass(frozen=True)
class Change:
    """At `when` (CLOCK_MONOTONIC seconds) the host got the address, or lost it."""

    when: float
    host: str
    address: str
    present: bool


@dataclass(frozen=True)
class Tenure:
    """One host had the address from `began` to `ended` (None: it still had it when asked)."""

    host: str
    began: float
    ended: float | None


class AddressWatch:
    """Watches hosts for the length of a `with`; a booted host is found again within 20 ms."""

    def __init__(self, namespace_of: dict[str, str]) -> None:
        self._namespace_of = namespace_of
        self._changes: list[Change] = []
        self._present: set[tuple[str, str]] = set()
        self._sockets: dict[str, tuple[int, socket.socket]] = {}
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="address watch", daemon=True)

    def __enter__(self) -> AddressWatch:
        self._thread.start()
        self._listening.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        for _, link in self._sockets.values():
            link.close()
        self._selector.close()

    def changes(self, address: str) -> list[Change]:
        """What happened so far to that address, oldest first; a renewed lease is no change."""
        wanted = str(ipaddress.ip_address(address))
        return [change for change in list(self._changes) if change.address == wanted]

    def tenures(self, address: str) -> list[Tenure]:
        """Who had the address from when to when, in order of the beginning."""
        began: dict[str, float] = {}
        done: list[Tenure] = []
        for change in self.changes(address):
            if change.present:
                began[change.host] = change.when
            elif change.host in began:
                done.append(Tenure(change.host, began.pop(change.host), change.when))
        done += [Tenure(host, when, None) for host, when in began.items()]
        return sorted(done, key=lambda tenure: tenure.began)

    def overlaps(self, address: str) -> list[tuple[float, float]]:
        """The spans (begin, seconds) in which more than one host had the address."""
        return list(spans(self.changes(address), lambda holders: holders > 1, until=time.monotonic()))

    def absences(self, address: str) -> list[tuple[float, float]]:
        """The spans (begin, seconds) in which no host had it, after the first one got it."""
        return list(spans(self.changes(address), lambda holders: holders == 0, until=time.monotonic()))

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # this thread's alone: what waits for the processor is stamped too late
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -10)
        while not self._stopping.is_set():
            self._follow_reboots()
            self._listening.set()
            for key, _ in self._selector.select(_LOOK_FOR_REBOOTS):
                self._read(key.data)

    def _follow_reboots(self) -> None:
        for host, namespace in self._namespace_of.items():
            identity = namespaces.identity(namespace)
            known = self._sockets.get(host)
            if known is not None and known[0] != identity:
                self._forget(host)
            if identity is not None and host not in self._sockets:
                self._listen(host, namespace, identity)

    def _listen(self, host: str, namespace: str, identity: int) -> None:
        try:
            link = namespaces.inside(namespace, _open)
        except OSError:
            return  # deleted between the look and the visit; the next round sees it
        self._sockets[host] = (identity, link)
        self._selector.register(link, selectors.EVENT_READ, host)

    def _forget(self, host: str) -> None:
        """The host is off: whatever it had went with its NIC."""
        self._read(host)
        _, link = self._sockets.pop(host)
        self._selector.unregister(link)
        link.close()
        for entry in [entry for entry in self._present if entry[0] == host]:
            self._note(time.monotonic(), host, entry[1], present=False)

    def _read(self, host: str) -> None:
        link = self._sockets[host][1]
        while True:
            try:
                message = link.recv(65536)
            except BlockingIOError:
                return
            now = time.monotonic()
            for address, present in parse(message):
                self._note(now, host, address, present=present)

    def _note(self, when: float, host: str, address: str, *, present: bool) -> None:
        if ((host, address) in self._present) == present:
            return
        (self._present.add if present else self._present.discard)((host, address))
        self._changes.append(Change(when, host, address, present))


def spans(changes: Iterable[Change], wanted: Callable[[int], bool], *, until: float) -> Iterator[tuple[float, float]]:
    """The stretches (begin, seconds) in which `wanted` is true of the number of holders, from the first change on."""
    holders: set[str] = set()
    began: float | None = None
    for change in changes:
        (holders.add if change.present else holders.discard)(change.host)
        if wanted(len(holders)) and began is None:
            began = change.when
        elif not wanted(len(holders)) and began is not None:
            yield began, change.when - began
            began = None
    if began is not None:
        yield began, until - began


def parse(message: bytes) -> Iterator[tuple[str, bool]]:
    """The addresses of a netlink datagram, with True for one that is there and False for one that went."""
    offset = 0
    while offset + 16 <= len(message):
        length, kind = struct.unpack_from("=IH", message, offset)
        if kind in (_NEWADDR, _DELADDR):
            address = _address(message[offset + 16 : offset + length])
            if address is not None:
                yield address, kind == _NEWADDR
        offset += (max(length, 16) + 3) & ~3


def _address(body: bytes) -> str | None:
    """IFA_LOCAL where there is one: on a point-to-point link IFA_ADDRESS is the peer's."""
    found: dict[int, bytes] = {}
    offset = 8
    while offset + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, offset)
        found[kind] = body[offset + 4 : offset + length]
        offset += (max(length, 4) + 3) & ~3
    packed = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
    return str(ipaddress.ip_address(packed)) if packed else None


def _open() -> socket.socket:
    """Subscribed first, then asked for what is there already."""
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    link.bind((0, _GROUPS))
    link.send(struct.pack("=IHHIIBBBBI", 24, _GETADDR, _REQUEST_DUMP, 1, 0, 0, 0, 0, 0, 0))
    link.setblocking(False)
    return link
