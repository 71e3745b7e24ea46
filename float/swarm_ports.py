"""Whether Docker's engine on this host listens for its Swarm, as the kernel's lists of TCP sockets tell it.

A node that left its Swarm, and one whose engine is gone, listens no more, which nobody else can tell a float whose
anchor is being replaced. The lists need no right (proc_net_tcp in the kernel's documentation).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from float.listeners import Listener, read_sockets

PORTS = frozenset({2377, 7946})
"""Of the managers (unless `docker swarm init --listen-addr` says another one) and of the overlay networks' gossip."""

LISTS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def listening(lists: Iterable[Path] = LISTS) -> bool:
    """Whether somebody listens on one of the Swarm's ports; also where a list that is there cannot be read."""
    try:
        return any(listener.first in PORTS for path in lists for listener in _listeners(path))
    except (OSError, ValueError):
        return True


def _listeners(path: Path) -> Iterator[Listener]:
    """A host without IPv6 has no second list. Raises OSError, or ValueError where it is not the kernel's."""
    if path.exists():
        with path.open() as rows:
            yield from read_sockets(rows)
