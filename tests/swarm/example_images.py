"""The images that the documents' examples name, as far as a lab without the public registries can have them."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab import base_image, socket_proxy
from tests.lab.builder import Builder
from tests.lab.cluster import Lab
from tests.lab.shell import run

DOCKERFILE = """
FROM debian:trixie-slim
RUN apt-get update -q && apt-get install -y -q --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/*
"""


def haproxy(lab: Lab, folder: Path) -> str:
    """Debian's HAProxy in the lab's registry and on every host."""
    reference = socket_proxy.image(lab.registry)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    with Builder(lab.plan) as builder:
        base_image.ensure(builder)
        env = {**os.environ, "DOCKER_HOST": builder.url}
        run(["docker", "build", "-q", "--network", "host", "-t", reference, folder], env=env, timeout=600)
        run(["docker", "push", "-q", reference], env=env, timeout=300)
    lab.preload(reference)
    return reference
