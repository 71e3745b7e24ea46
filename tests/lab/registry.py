"""The Docker registry of the lab, in the LAN's namespace; hosts and the builder know it by one name."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.lab import processes
from tests.lab.plan import Plan
from tests.lab.shell import wait_until

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: ":5000"}}
"""


def start(plan: Plan) -> None:
    """Returns when it accepts connections."""
    folder = plan.data / "registry"
    folder.mkdir(parents=True, exist_ok=True)
    config = plan.state / "registry.yml"
    config.write_text(CONFIG.format(folder=folder))
    command: list[str | Path] = ["ip", "netns", "exec", plan.lan_namespace, "docker-registry", "serve", config]
    processes.start(command, lab=plan.name, pid_file=plan.state / "registry.pid", log=plan.logs / "registry.log")
    wait_until(lambda: _accepts(str(plan.gateway)), 20, "the registry to accept connections")


def _accepts(address: str) -> bool:
    try:
        with socket.create_connection((address, 5000), timeout=1):
            return True
    except OSError:
        return False
