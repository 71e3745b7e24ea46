"""Both cores busy, for the length of a `with`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.processes import marked_environment


@contextmanager
def load(lab: str, *, processes: int | None = None) -> Iterator[None]:
    """As many busy loops as the machine has cores, unless told otherwise, as greedy as any process without rights."""
    count = os.cpu_count() or 1 if processes is None else processes
    burning = [_burn(lab) for _ in range(count)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
        for process in burning:
            process.wait()


def _burn(lab: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sh", "-c", "while :; do :; done"], env=marked_environment(lab), cwd="/")
