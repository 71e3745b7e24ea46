"""Whether a disk takes anything more."""

from __future__ import annotations

import errno
import os
from pathlib import Path

ROOM = 4096
"""Bytes that it must take: a file that was cut short has left none."""


def check(folder: Path) -> None:
    """Raises OSError when nothing more can be written there."""
    scratch = folder / ".room"
    try:
        with scratch.open("wb", buffering=0) as probe:
            if probe.write(bytes(ROOM)) < ROOM:
                raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {folder}")
    finally:
        scratch.unlink(missing_ok=True)
