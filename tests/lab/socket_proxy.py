"""The stack behind a socket proxy: every deploy of it with the documents' example, where LAB_SOCKET_PROXY=1 says so."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from tests.lab.host import Host

STACK_FILE = "docker-compose.yml"
OVERRIDE = "docs/examples/socket-proxy.yml"
SERVICE = "keepalived-socket-proxy"
_DENIED = re.compile(r' 403 \S+ - - \S+ .*"([A-Z]+ \S+)')


def wanted() -> bool:
    """Whether the stack is to be behind the proxy wherever a test does not say otherwise."""
    return os.environ.get("LAB_SOCKET_PROXY", "") not in ("", "0")


def files(compose_files: Sequence[str]) -> list[str]:
    """These files, with the proxy's after the stack's own where it is wanted."""
    added = [OVERRIDE] if wanted() and STACK_FILE in compose_files and OVERRIDE not in compose_files else []
    return [*compose_files, *added]


def image(registry: str) -> str:
    """The HAProxy that the lab's registry has."""
    return f"{registry}/haproxy:lab"


def denied(host: Host) -> list[str]:
    """Every call that a proxy on the host denied, as its container's log tells as long as it exists."""
    return [call for id in containers(host) for call in denied_in(_log(host, id))]


def denied_in(log: str) -> list[str]:
    """Every call that was denied, from a proxy's log."""
    return _DENIED.findall(log)


def containers(host: Host) -> list[str]:
    """The ids of the proxies on the host, in whatever state."""
    return [container.id for container in host.containers() if container.service.endswith(SERVICE)]


def _log(host: Host, container: str) -> str:
    finished = host.docker("logs", container, check=False)
    return finished.stdout + finished.stderr
