"""Door: does something take connections to a TCP port of this node. Nobody is ever connected to.

A connection to the virtual IP would be answered by the node that holds it. So we look at this host's own listening
sockets, and only where none fits at its NAT rules: Docker without its userland proxy listens nowhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from pathlib import Path

from float.check_state import Finding
from float.listeners import Listener, read_rules, read_sockets
from shared.additions import PortCheck
from shared.models import IpAddress

ANY_IPV4, ANY_IPV6 = ipaddress.IPv4Address(0), ipaddress.IPv6Address(0)

RULES: tuple[tuple[str, IpAddress], ...] = (
    ("iptables-nft-save", ANY_IPV4),
    ("iptables-legacy-save", ANY_IPV4),
    ("ip6tables-nft-save", ANY_IPV6),
)
"""Who tells NAT rules, and what a rule without an address is about; Docker may use either of the first two."""


async def probe_port(check: PortCheck) -> Finding:
    """Whether something listens there, or is forwarded to. Raises OSError or ValueError when that is not told."""
    where = f"port {check.port}" if check.address is None else f"{check.address} port {check.port}"
    if any(listener.takes(check.port, check.address) for listener in _sockets()):
        return Finding(ok=True, reason=f"{where} is listened on")
    for program, any_address in RULES:
        rules = read_rules((await _rules(program)).splitlines(), any_address)
        if any(rule.takes(check.port, check.address) for rule in rules):
            return Finding(ok=True, reason=f"{where} is forwarded to a container")
    return Finding(ok=False, reason=f"nothing listens on {where} of this node")


def _sockets() -> Iterator[Listener]:
    return (listener for name in ("tcp", "tcp6") for listener in _table(Path("/proc/thread-self/net", name)))


def _table(path: Path) -> Iterator[Listener]:
    """IPv6 may be off, and its table missing."""
    if path.name == "tcp6" and not path.exists():
        return
    with path.open() as rows:
        yield from read_sockets(rows)


async def _rules(program: str) -> str:
    """The NAT table as that program tells it; empty where the kernel has none of the kind, or we may not look."""
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *("-t", "nat"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return ""
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    return output.decode(errors="replace")
