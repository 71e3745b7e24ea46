"""What the kernel answers over netlink: a dump during which the host changed is asked for once more."""

from __future__ import annotations

import socket
import struct

import pytest

from float import rtnetlink
from float.netlink import DUMPS, Netlink

HEADER = struct.Struct("=IHHII")
MULTI, INTERRUPTED = 0x2, 0x10


class Kernel:
    """Answers each request with one address of the number of the request; of the first ones with half a dump."""

    def __init__(self, interrupted: int) -> None:
        self._interrupted = interrupted
        self.asked = 0
        self._answer = b""

    def send(self, request: bytes) -> None:
        self.asked += 1
        sequence = HEADER.unpack_from(request)[3]
        flags = MULTI | (INTERRUPTED if self.asked <= self._interrupted else 0)
        body = bytes([self.asked] * 4)
        self._answer = b"".join(
            HEADER.pack(HEADER.size + 4, kind, flags, sequence, 0) + body
            for kind in (rtnetlink.NEW_ADDRESS, rtnetlink.DONE)
        )

    def recv(self, _size: int) -> bytes:
        return self._answer

    def close(self) -> None:
        """Nothing to give back."""


@pytest.fixture
def netlink() -> Netlink:
    made = Netlink()
    made.close()
    return made


def dump(netlink: Netlink, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    monkeypatch.setattr(netlink, "_socket", kernel)
    return [message.body for message in netlink.dump(rtnetlink.get_addresses)]


def test_a_dump_during_which_the_host_changed_is_asked_for_again(
    netlink: Netlink, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(interrupted=1)
    assert dump(netlink, kernel, monkeypatch) == [bytes([2] * 4)]


def test_of_a_host_that_changes_all_the_time_the_last_dump_has_to_do(
    netlink: Netlink, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(interrupted=99)
    assert dump(netlink, kernel, monkeypatch) == [bytes([DUMPS] * 4)]
    assert kernel.asked == DUMPS


def test_the_real_kernel_answers_a_dump() -> None:
    netlink = Netlink()
    names = [rtnetlink.link(message).name for message in netlink.dump(rtnetlink.get_links)]
    netlink.close()
    assert set(names) == {name for _, name in socket.if_nameindex()}
