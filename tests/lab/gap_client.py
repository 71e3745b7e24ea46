"""A client in the LAN that asks the VIP every 2 ms and reports when it got no answer.

Run as a program it is the client itself, a process of its own so that nothing else disturbs its clock; it ends,
and prints its report as JSON, when its standard input closes.
"""

from __future__ import annotations

import argparse
import array
import json
import os
import select
import socket
import struct
import sys
import time

_ECHO_REQUEST = {4: 8, 6: 128}
_ECHO_REPLY = {4: 0, 6: 129}
_TIMESTAMPNS = 35
_SOL_RAW, _ICMP_FILTER = 255, 1
_PROBE = struct.Struct("!QII")
_MAGIC = 0x5741_4954
UNANSWERED = -1.0


class Prober:
    """Sends numbered echo requests and keeps, for each, when it was sent and when its answer reached the kernel."""

    def __init__(self, target: str, interval: float) -> None:
        self.version = 6 if ":" in target else 4
        self.target = target
        self.interval = interval
        self.sent = array.array("d")
        self.answered = array.array("d")
        self.refused = 0
        self._identity = os.getpid() & 0xFFFF
        self._link = self._open()

    def run(self, stop: int) -> None:
        """Probes until `stop` is readable; then waits half a second for answers on their way."""
        following = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= following:
                self._send(now)
                following = max(following + self.interval, now - 10 * self.interval)
            readable, _, _ = select.select([self._link.fileno(), stop], [], [], max(0.0, following - time.monotonic()))
            if self._link.fileno() in readable:
                self._receive()
            if stop in readable:
                break
        self._drain(0.5)

    def _open(self) -> socket.socket:
        family, protocol = (socket.AF_INET6, 58) if self.version == 6 else (socket.AF_INET, 1)
        link = socket.socket(family, socket.SOCK_RAW, protocol)
        link.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        if self.version == 4:
            link.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~(1 << 0) & 0xFFFFFFFF))
        link.connect((self.target, 0))
        link.setblocking(False)
        return link

    def _send(self, now: float) -> None:
        number = len(self.sent)
        body = _PROBE.pack(number, _MAGIC, self._identity)
        header = struct.pack("!BBHHH", _ECHO_REQUEST[self.version], 0, 0, self._identity, number & 0xFFFF)
        if self.version == 4:
            header = header[:2] + struct.pack("!H", _checksum(header + body)) + header[4:]
        self.sent.append(now)
        self.answered.append(UNANSWERED)
        try:
            self._link.send(header + body)
        except OSError:
            self.refused += 1  # no neighbour, no route: the client gets no answer either

    def _receive(self) -> None:
        wall_to_monotonic = time.monotonic() - time.time()
        while True:
            try:
                packet, ancillary, _, _ = self._link.recvmsg(512, 128)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about one of ours, reported once
            icmp = packet[(packet[0] & 15) * 4 :] if self.version == 4 else packet
            if len(icmp) < 8 + _PROBE.size or icmp[0] != _ECHO_REPLY[self.version]:
                continue
            number, magic, identity = _PROBE.unpack_from(icmp, 8)
            if magic == _MAGIC and identity == self._identity and self.answered[number] == UNANSWERED:
                self.answered[number] = _kernel_time(ancillary) + wall_to_monotonic

    def _drain(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            select.select([self._link], [], [], 0.05)
            self._receive()


def gaps(sent: array.array[float], answered: array.array[float], late: float) -> list[tuple[float, float]]:
    """(begin, seconds) of each run of probes without an answer within `late` seconds.

    A run lasts from its first probe to the next probe that was answered in time, or to the last probe sent.
    """
    found: list[tuple[float, float]] = []
    began: float | None = None
    for when, answer in zip(sent, answered, strict=True):
        missing = answer == UNANSWERED or _is_late(when, answer, late)
        if missing and began is None:
            began = when
        elif not missing and began is not None:
            found.append((began, when - began))
            began = None
    if began is not None:
        found.append((began, sent[-1] - began))
    return found


def _is_late(when: float, answer: float, late: float) -> bool:
    """True for an answer that waited, say in the queue of a neighbour that was being looked for."""
    return answer != UNANSWERED and answer - when > late


def _kernel_time(ancillary: list[tuple[int, int, bytes]]) -> float:
    """When the kernel got the packet (CLOCK_REALTIME); now, should it not have said so."""
    for _, kind, data in ancillary:
        if kind == _TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("=qq", data[:16])
            return float(seconds + nanoseconds / 1e9)
    return time.time()


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--interval", type=float, default=0.002, help="seconds between probes")
    parser.add_argument("--late", type=float, default=0.02, help="seconds after which an answer counts as missing")
    options = parser.parse_args()
    prober = Prober(options.target, options.interval)
    print("ready", flush=True)
    prober.run(sys.stdin.fileno())
    report = {
        "sent": len(prober.sent),
        "lost": sum(answer == UNANSWERED for answer in prober.answered),
        "late": sum(_is_late(*probe, options.late) for probe in zip(prober.sent, prober.answered, strict=True)),
        "refused": prober.refused,
        "began": prober.sent[0] if prober.sent else 0.0,
        "ended": prober.sent[-1] if prober.sent else 0.0,
        "gaps": gaps(prober.sent, prober.answered, options.late),
        "unanswered": [when for when, answer in zip(prober.sent, prober.answered, strict=True) if answer == UNANSWERED],
    }
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
