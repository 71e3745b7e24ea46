"""Docker's logging driver stalls, so that nobody reads what the float writes: it serves on as if nothing were."""

from __future__ import annotations

import fcntl
import os
import select
import time
from collections.abc import Iterator

import pytest

from tests.contract.float_process import float_alone
from tests.contract.float_world import kernel_address, own_network

pytestmark = pytest.mark.lab

VIP = "192.0.2.100"
TALKATIVE = {
    "KEEPALIVED_VIRTUAL_IPS": VIP,
    "KEEPALIVED_VRRP_VERSION": "3",
    "KEEPALIVED_LOG_LEVEL": "debug",
    "KEEPALIVED_COMMAND_LINE_ARGUMENTS": "--log-detail --dump-conf",
}
ROOM = 4096


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The end to write to; not another byte fits in."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, ROOM)
    os.write(write_end, b"-" * (ROOM - 1) + b"\n")
    assert not select.select((), (write_end,), (), 0)[1]
    yield write_end
    os.close(read_end)
    os.close(write_end)


def test_a_float_whose_logs_nobody_reads_takes_its_vip_and_keeps_it(full_pipe: int) -> None:
    with own_network("stalled"), float_alone(TALKATIVE, output=full_pipe) as floats:
        assert floats.is_master()
        turns = set()
        for _ in range(50):
            lease = kernel_address(VIP)
            assert lease
            assert lease["valid_life_time"] >= 1
            turns.add(floats.status()["monotonic"])
            time.sleep(0.1)
        assert len(turns) >= 3
        assert floats.ends() == 0
        assert kernel_address(VIP) is None
