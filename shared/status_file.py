"""The two small files through which the buoy sees float and anchor: written whole, by rename, read whole."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from shared.status import AnchorStatus, FloatStatus, PartStatus

STATUS_FOLDER = "/run/keepalived-status"
"""Where the status volume is mounted in all three parts."""

FLOAT_FILE = "float.json"
ANCHOR_FILE = "anchor.json"
HISTORY_FILE = "history.jsonl"
"""One JSON object a line: time (Unix seconds), node, router, vrid, from, to, reason; appended by the float."""

HISTORY_KEPT = 10_000
"""Transitions that a float keeps at least: some 2 MB, and never more than twice that."""

STALE_AFTER = 3.0
"""Seconds after which a status no longer tells the truth."""

_Status = TypeVar("_Status", FloatStatus, AnchorStatus)


def write_status(folder: Path, status: FloatStatus | AnchorStatus) -> None:
    """Replace the part's file atomically, readable for everybody. Raises OSError."""
    name = FLOAT_FILE if isinstance(status, FloatStatus) else ANCHOR_FILE
    scratch = folder / f".{name}.{os.getpid()}"
    try:
        scratch.write_bytes(status.model_dump_json().encode())
        scratch.chmod(0o644)
        scratch.replace(folder / name)
    except OSError:
        with contextlib.suppress(OSError):
            scratch.unlink()  # half a file on a full disk is of no use to anybody
        raise


def read_float_status(folder: Path) -> FloatStatus | None:
    """The float's last word, or None where there is none or it cannot be read as one."""
    return _read(folder / FLOAT_FILE, FloatStatus)


def read_anchor_status(folder: Path) -> AnchorStatus | None:
    """The anchor's last word, or None where there is none or it cannot be read as one."""
    return _read(folder / ANCHOR_FILE, AnchorStatus)


def _read(path: Path, kind: type[_Status]) -> _Status | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def age(status: PartStatus, *, monotonic: float, boot: str) -> float:
    """Seconds since the status was written; infinite when it is from another boot or from the future."""
    elapsed = monotonic - status.monotonic
    return elapsed if status.boot_id == boot and elapsed >= 0 else float("inf")


def is_fresh(status: PartStatus, *, monotonic: float, boot: str) -> bool:
    """Whether it still tells the truth."""
    return age(status, monotonic=monotonic, boot=boot) <= STALE_AFTER
