"""The volumes of a real float hang, as on a frozen file system: it decides and reports as before, and says so."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.volume_world import Node

pytestmark = pytest.mark.lab

VOLUMES = """
for volume in link status; do
    truncate -s 16M /run/$volume.ext4
    mkfs.ext4 -q /run/$volume.ext4
    mount -o loop /run/$volume.ext4 /run/keepalived-$volume
done
"""
THAWED_AFTER = 120
"""Seconds: nothing that waits for a frozen file system can be killed, so no test may leave one."""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "log", volumes=VOLUMES)
    yield node
    node.end()


@contextlib.contextmanager
def frozen(node: Node) -> Iterator[None]:
    """Both volumes take no write for as long as this lasts; who tries waits, and cannot even be killed."""
    there = ["nsenter", "-m", "-t", str(node.process.pid)]
    volumes = [f"/run/keepalived-{volume}" for volume in ("link", "status")]
    thaw = f"sleep {THAWED_AFTER}; for v in {' '.join(volumes)}; do fsfreeze -u $v; done"
    with subprocess.Popen([*there, "sh", "-c", thaw], stderr=subprocess.DEVNULL, start_new_session=True) as watchdog:
        try:
            for volume in volumes:
                subprocess.run([*there, "fsfreeze", "-f", volume], check=True)
            yield
        finally:
            for volume in volumes:
                subprocess.run([*there, "fsfreeze", "-u", volume], check=False)
            os.killpg(watchdog.pid, signal.SIGKILL)


def waits_for_the_disk(node: Node) -> bool:
    """Whether its last report says so."""
    return any("does not answer" in warning for warning in node.reports[-1][1].status.warnings)


def test_a_node_whose_volumes_hang_decides_and_reports_as_before_and_says_so_once(node: Node) -> None:
    node.serve()
    with frozen(node):
        began = time.monotonic()
        node.obey()
        node.listen(3)
        assert 0 < node.addresses()["192.0.2.100"] <= 3
        assert node.longest_silence(began) < 3.0
        assert waits_for_the_disk(node)
    node.until(lambda: not waits_for_the_disk(node), "there is nothing to say any more")
    assert node.log.count("status cannot be written: the disk does not answer") == 1, node.log
    assert '"state":2' in (node.run / "keepalived-status/float.json").read_text()
