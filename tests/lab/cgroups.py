"""The control groups below which the lab's engines put their containers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.lab.shell import wait_until

ROOT = Path("/sys/fs/cgroup")


def trees(owned: Callable[[str], bool]) -> list[Path]:
    """The groups with an owned name at the top of every hierarchy (one with cgroup v2, several with v1)."""
    return [path for path in (*ROOT.glob("*"), *ROOT.glob("*/*")) if path.is_dir() and owned(path.name)]


def remove(owned: Callable[[str], bool]) -> None:
    """Removes the groups, children first; they empty as their processes finish dying."""
    wait_until(lambda: _emptied(owned), 10, "the lab's control groups to empty")


def _emptied(owned: Callable[[str], bool]) -> bool:
    for tree in trees(owned):
        for folder, _, _ in os.walk(tree, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                continue
    return not trees(owned)
