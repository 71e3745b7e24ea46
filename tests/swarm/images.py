"""The anchor's image by hand, without a stack."""

from __future__ import annotations

from collections.abc import Mapping

from tests.lab.cluster import Lab
from tests.lab.images import references
from tests.swarm.rollout import Ended

SOCKET = "/var/run/docker.sock"


def anchor_alone(lab: Lab, name: str, settings: Mapping[str, str] | None = None, *, socket: bool = False) -> Ended:
    """`docker run` of the anchor on that host until it ends."""
    image = references(lab.image_names())[0]
    env = {"KEEPALIVED_VIRTUAL_IPS": lab.vip, **(settings or {})}
    options = [word for pair in env.items() for word in ("--env", "=".join(pair))]
    mount = ["--volume", f"{SOCKET}:{SOCKET}"] if socket else []
    run = ["run", "--rm", "--network", "none", "--tmpfs", "/run", *mount, *options, image]
    finished = lab.host(name).docker(*run, check=False, timeout=30)
    return Ended(name, finished.returncode, finished.stdout + finished.stderr)
