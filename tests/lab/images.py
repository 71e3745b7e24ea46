"""Building and pushing the project's images as its users do, with `docker-compose`, and having them on every host."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.lab import base_image, host_root
from tests.lab.builder import Builder
from tests.lab.host import Host
from tests.lab.parallel import in_parallel
from tests.lab.plan import REPOSITORY, Plan
from tests.lab.shell import Finished, run

COMPOSE_FILE = "docker-compose.ci.yml"
PARTS = ("anchor", "float", "buoy")


def build_and_push(
    plan: Plan, names: Mapping[str, str], *, compose_file: str = COMPOSE_FILE, folder: Path = REPOSITORY
) -> float:
    """Runs the project's own `build` and `push` against the lab's registry; returns the seconds that it took."""
    began = time.monotonic()
    with Builder(plan) as builder:
        base_image.ensure(builder)
        for verb in ("build", "push"):
            _compose(builder, names, [verb], compose_file=compose_file, folder=folder)
    return time.monotonic() - began


def references(names: Mapping[str, str]) -> list[str]:
    return [f"{names['REGISTRY']}/keepalived-{part}:{names['VERSION']}" for part in PARTS]


def preload(hosts: Sequence[Host], images: Sequence[str]) -> None:
    """Each host has each image, so that a first start does not wait for a pull."""
    in_parallel(partial(host.docker, "pull", "-q", image, timeout=300) for image in images for host in hosts)


def _compose(
    builder: Builder, names: Mapping[str, str], words: Sequence[str], *, compose_file: str, folder: Path
) -> Finished:
    """docker-compose with BuildKit; Debian's client comes first because a client without buildx cannot use it."""
    env = {
        **os.environ,
        **names,
        "BUILD_NETWORK": "host",
        "DOCKER_HOST": builder.url,
        "DOCKER_BUILDKIT": "1",
        "COMPOSE_DOCKER_CLI_BUILD": "1",
        "BUILDKIT_PROGRESS": "plain",
        "PATH": f"/usr/bin:{os.environ.get('PATH', '/bin')}",
    }
    command = [*host_root.compose(host_root.chosen()), "-f", compose_file, *words]
    return run(command, env=env, cwd=folder, timeout=1800)
