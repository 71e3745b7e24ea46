"""Doing the same on several hosts at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


def in_parallel(acts: Iterable[Callable[[], object]]) -> None:
    """Returns when all have ended; raises the first error."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        for future in [pool.submit(act) for act in acts]:
            future.result()
