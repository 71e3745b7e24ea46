"""The engine under all of this: this machine's own, or the newer one that LAB_ENGINE names."""

from __future__ import annotations

import pytest

from tests.lab import host_root
from tests.lab.cluster import Lab
from tests.lab.shell import run

pytestmark = pytest.mark.swarm


@pytest.mark.smoke
def test_every_host_runs_the_engine_that_was_asked_for(bare_swarm: Lab) -> None:
    root = host_root.folder(host_root.chosen())
    asked_for = run(["chroot", root, "/usr/sbin/dockerd", "--version"]).stdout

    running = {host.get("/version")["Version"] for host in bare_swarm.hosts.values()}

    assert [version for version in running if f" {version}," not in asked_for] == []
