"""Whether Docker's engine on this host listens for its Swarm, as the kernel's lists of TCP sockets tell it.

A node that left its Swarm, and one whose engine is gone, listens no more, which nobody else can tell a float whose
anchor is being replaced. The lists need no right (proc_net_tcp in the kernel's documentation).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

PORTS = frozenset({2377, 7946})
"""Of the managers (unless `docker swarm init --listen-addr` says another one) and of the overlay networks' gossip."""

LISTS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"


def listening(lists: Iterable[Path] = LISTS) -> bool:
    """Whether somebody listens on one of the Swarm's ports. A host without IPv6 has no second list."""
    return any(_has_one(path) for path in lists)


def _has_one(path: Path) -> bool:
    try:
        with path.open() as lines:
            return in_list(lines)
    except OSError:
        return False


def in_list(lines: Iterable[str]) -> bool:
    """PURE: the same of one list, of which no more is read than its beginning, where the listening sockets stand."""
    rows = (line.split() for line in itertools.islice(lines, 1, None))
    listeners = itertools.takewhile(lambda row: len(row) > 3 and row[3] == _LISTEN, rows)
    return any(int(row[1].rpartition(":")[2], 16) in PORTS for row in listeners)
