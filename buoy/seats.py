"""Who may hold a stream open: no stranger keeps the other buoys out, and no address all other strangers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager

MOST_STREAMS = 64
"""Of all strangers together; a page that is open costs one."""

MOST_OF_ONE = 16
"""Of one address, which may be that of a proxy or of a whole office; another buoy needs one."""


class Seats:
    """Every stream that is open, by the address of its client."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def seat(self, client: str, neighbours: Collection[str]) -> Iterator[bool]:
        """Whether there is room for one more of this client, which has it until the end of the block."""
        if not self._room(client, neighbours):
            yield False
            return
        self._taken[client] += 1
        try:
            yield True
        finally:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]

    def _room(self, client: str, neighbours: Collection[str]) -> bool:
        if self._taken[client] >= MOST_OF_ONE:
            return False
        strangers = sum(count for address, count in self._taken.items() if address not in neighbours)
        return client in neighbours or strangers < MOST_STREAMS
