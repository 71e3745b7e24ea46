"""What is costly to make, once for all labs of this machine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.plan import CACHE


@contextmanager
def alone(what: str = "lock") -> Iterator[None]:
    """For a `with` around looking and making: labs that start side by side make nothing twice, and nothing half."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / what).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
