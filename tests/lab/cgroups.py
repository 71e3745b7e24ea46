"""The control groups below which the lab's engines put their containers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from tests.lab.shell import wait_until

ROOT = Path("/sys/fs/cgroup")
SHARES = 8192
"""CPU shares of a host's group; whatever else the machine does has 1024."""


def trees(owned: Callable[[str], bool]) -> list[Path]:
    """The groups with an owned name at the top of every hierarchy (one with cgroup v2, several with v1)."""
    return [path for path in (*ROOT.glob("*"), *ROOT.glob("*/*")) if path.is_dir() and owned(path.name)]


def favour(group: str) -> None:
    """The host's containers come before the rest of this machine, builds say, as on a machine of their own.

    With cgroup v1 alone; with v2 the kernel's default stays.
    """
    controller = ROOT / "cpu"
    if (controller / "cpu.shares").exists():
        (controller / group).mkdir(exist_ok=True)
        (controller / group / "cpu.shares").write_text(str(SHARES))


def thaw(owned: Callable[[str], bool]) -> None:
    """What an engine paused runs on: with cgroup v1 a frozen process does not even die of SIGKILL."""
    for tree in trees(owned):
        for state in tree.rglob("freezer.state"):
            with contextlib.suppress(OSError):  # its root has none to set, or it went meanwhile
                state.write_text("THAWED")


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
