"""The lab in a few lines, for people."""

from __future__ import annotations

from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.shell import LabError

COLUMNS = "{:5} {:13} {:6} {:10} {:8} {:9} {:11} {:9} {}"


def table(lab: Lab) -> str:
    """One line a host: power, cable, side of a partition, engine, and what the Swarm and Docker say of it."""
    try:
        nodes = lab.nodes()
    except LabError:
        nodes = {}
    ports = lab.segment.ports()
    holders = lab.holders()
    header = COLUMNS.format("host", "address", "power", "cable", "engine", "node", "manager", "float", lab.vip)
    rows = [
        _row(host, ports.get(host.name), nodes.get(host.name, {}), "holds it" if host.name in holders else "")
        for host in lab.hosts.values()
    ]
    return "\n".join(line.rstrip() for line in (header, *rows))


def _row(host: Host, port: tuple[bool, bool] | None, node: dict[str, str], vip: str) -> str:
    cable = "-" if port is None else "out" if not port[0] else "in" if port[1] else "island"
    answers = host.is_on and host.answers()
    floats = [c.state for c in host.containers(f"name={FLOAT}") if not c.service] if answers else []
    return COLUMNS.format(
        host.name,
        host.address,
        "on" if host.is_on else "off",
        cable,
        "answers" if answers else "silent",
        node.get("Status", "-"),
        node.get("ManagerStatus", "-") or "worker",
        ",".join(floats) or "-",
        vip,
    )
