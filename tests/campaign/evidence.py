"""What a failed audit leaves behind for people: logs, states, addresses, configurations, beside the capture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.campaign import parts
from tests.lab.address_watch import Change
from tests.lab.cluster import STACK, Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Container, Host
from tests.lab.shell import LabError, run
from tests.lab.status import table
from tests.swarm.audit import ANCHOR_SERVICE

LINES = "2000"
STATUS = f"docker/volumes/{STACK}_status/_data"


def save(folder: Path, lab: Lab, changes: Sequence[Change]) -> None:
    """Everything that can be had; what cannot says why in its own file."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "lab.txt", lambda: table(lab))
    _write(folder / "nodes.json", lambda: _nodes(lab))
    _write(folder / "tasks.txt", lambda: lab.ask_swarm("stack", "ps", "--no-trunc", STACK).stdout)
    _write(folder / "changes.txt", lambda: "\n".join(_line(change) for change in changes))
    for host in lab.hosts.values():
        _save_host(folder / host.name, host)


def _save_host(folder: Path, host: Host) -> None:
    folder.mkdir(exist_ok=True)
    _write(folder / "addresses.txt", lambda: run(["ip", "-n", host.namespace, "-d", "address"]).stdout)
    _write(folder / "containers.txt", lambda: host.docker("ps", "-a", "--no-trunc", timeout=10).stdout)
    _write(folder / "keepalived.conf", lambda: parts.keepalived_conf(host))
    _write(folder / "processes.txt", lambda: "\n".join(str(process) for process in parts.processes(host)))
    for name in ("float.json", "anchor.json", "history.jsonl"):
        _write(folder / name, (host.data / STATUS / name).read_text)
    try:
        ours = [c for c in host.containers() if c.name.startswith(FLOAT) or c.service == ANCHOR_SERVICE]
    except LabError:
        ours = []
    for container in ours:
        _write(folder / f"{container.name[:60]}.log", partial(_log, host, container))


def _log(host: Host, container: Container) -> str:
    shown = host.docker("logs", "--timestamps", "--tail", LINES, container.id, check=False, timeout=10)
    return "\n".join(sorted((shown.stdout + shown.stderr).splitlines()))


def _nodes(lab: Lab) -> str:
    ids = lab.ask_swarm("node", "ls", "-q").stdout.split()
    return lab.ask_swarm("node", "inspect", *ids).stdout


def _line(change: Change) -> str:
    return f"{change.when:.4f} {change.host} {'has' if change.present else 'lost'} {change.address}"


def _write(path: Path, text: Callable[[], str]) -> None:
    try:
        path.write_text(text() + "\n")
    except (LabError, OSError) as error:
        path.write_text(f"cannot be had: {error}\n")
