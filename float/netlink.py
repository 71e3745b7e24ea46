"""Door: a socket to the kernel's rtnetlink(7). It blocks, for microseconds: the kernel answers while it is asked."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator

from float import rtnetlink
from float.rtnetlink import Message

NEWS_GROUPS = 0x1 | 0x10 | 0x100
"""RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR."""

PATIENCE = 2.0
"""Seconds after which the kernel's silence counts as a failure."""

DUMPS = 3
"""How often a dump is asked for that something changed meanwhile (NLM_F_DUMP_INTR)."""

BATCH = 64
"""Changes sent at once; their answers fit into the socket's buffer."""

_SO_RCVBUFFORCE = 33
_NEWS_BUFFER = 4 * 1024 * 1024
"""Bytes: a second's renewals of thousands of leases are news, too."""


class Netlink:
    """Questions and changes, one at a time."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.settimeout(PATIENCE)
        self._sequence = 0

    def dump(self, request: Callable[[int], bytes]) -> list[Message]:
        """All messages that answer the request; of a host that changes all the time perhaps not all. Raises OSError."""
        for _ in range(DUMPS):
            found, whole = self._dump(request)
            if whole:
                break
        return found

    def _dump(self, request: Callable[[int], bytes]) -> tuple[list[Message], bool]:
        sequence = self._next()
        self._socket.send(request(sequence))
        found: list[Message] = []
        whole = True
        for message in self._answers():
            if message.sequence != sequence:
                continue  # of a question whose answer was given up
            whole = whole and not message.interrupted
            if message.kind == rtnetlink.DONE:
                return found, whole
            if message.kind == rtnetlink.ERROR:
                raise OSError(message.error, f"netlink refuses: {os.strerror(message.error)}")
            found.append(message)
        return found, whole

    def change(self, requests: Iterable[Callable[[int], bytes]]) -> list[int]:
        """Have all changes made, many at once; the errno of each, 0 where it was made. Raises OSError."""
        waiting, results = list(requests), []
        while waiting:
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            results += self._change(batch)
        return results

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _change(self, batch: list[Callable[[int], bytes]]) -> list[int]:
        results = {self._next(): -1 for _ in batch}
        self._socket.send(b"".join(request(sequence) for request, sequence in zip(batch, results, strict=True)))
        for message in self._answers():
            if message.sequence in results and message.kind == rtnetlink.ERROR:
                results[message.sequence] = message.error
                if -1 not in results.values():
                    break
        return list(results.values())

    def _answers(self) -> Iterator[Message]:
        while True:
            yield from rtnetlink.messages(self._socket.recv(1 << 17))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


class News:
    """What the kernel tells without being asked: interfaces and addresses that changed."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
        with contextlib.suppress(PermissionError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _NEWS_BUFFER)
        self._socket.bind((0, NEWS_GROUPS))

    def fileno(self) -> int:
        """Readable when there are news."""
        return self._socket.fileno()

    def read(self) -> Iterator[Message]:
        """All that came since. Raises OSError (ENOBUFS) when some of it was lost."""
        while True:
            try:
                datagram = self._socket.recv(1 << 17)
            except BlockingIOError:
                return
            yield from rtnetlink.messages(datagram)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
