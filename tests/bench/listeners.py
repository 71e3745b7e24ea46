"""Something that listens on a port of every host, for the check that a node is required to pass."""

from __future__ import annotations

import sys
import time

from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.shell import wait_until

PORT = 9180
_PID = "/run/bench-listener.pid"
_SERVE = "import socket; s = socket.create_server(('', {port})); print(flush=True)\nwhile True: s.accept()[0].close()"


def start(lab: Lab) -> None:
    """On every host that is on and has none."""
    for host in lab.hosts_on():
        start_one(lab, host.name)


def start_one(lab: Lab, name: str) -> float:
    """Returns when it began."""
    host, began = lab.host(name), time.monotonic()
    if not _listens(host):
        program = _SERVE.format(port=PORT)
        shell = f'exec </dev/null >/dev/null 2>&1; setsid --fork sh -c \'echo $$ >{_PID}; exec "$0" -c "$1"\' "$0" "$1"'
        host.exec("sh", "-c", shell, sys.executable, program)
        wait_until(lambda: _listens(host), 10, f"{name}'s listener")
    return began


def end(lab: Lab, name: str) -> float:
    """Returns just before it ended it."""
    struck = time.monotonic()
    lab.host(name).exec("sh", "-c", f"kill -9 $(cat {_PID})")
    return struck


def _listens(host: Host) -> bool:
    return bool(host.exec("ss", "-Hltn", f"sport = :{PORT}").stdout.strip())
