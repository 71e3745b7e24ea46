"""The float's command line: `run` (the default), and the words that `docker exec` says to a float that runs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from float.status_table import describe
from shared.clock import boot_id
from shared.models import VrrpState
from shared.status import FloatStatus
from shared.status_file import STALE_AFTER, STATUS_FOLDER, is_fresh, read_float_status

HANDOVER_LIMIT = 2.0
"""Seconds that `handover` waits for the float to step back, and once it stands back no longer, for the last report."""


@dataclass(frozen=True)
class Command:
    """What the user asked for."""

    name: str
    as_json: bool = False
    words: tuple[str, ...] = ()
    """Of `run` and `doctor`: the settings of a float alone that stand on the command line."""


VERBS = ("run", "status", "handover", "doctor")


def parse_arguments(arguments: list[str]) -> Command:
    """Read the command line; what does not begin with a verb are the settings of a float alone.

    Ends the process with 2 and a usage line when a verb is used wrongly.
    """
    if arguments and arguments[0] not in VERBS:
        return Command("run", words=tuple(arguments))
    if arguments and arguments[0] == "doctor":
        rest = [word for word in arguments[1:] if word != "--json"]
        return Command("doctor", as_json=len(rest) < len(arguments) - 1, words=tuple(rest))
    parser = argparse.ArgumentParser(prog="float", description="Supervises keepalived on this host.")
    commands = parser.add_subparsers(dest="name")
    commands.add_parser("run", help="supervise keepalived (the default)")
    status = commands.add_parser("status", help="print the VRRP state of this node")
    status.add_argument("--json", action="store_true", dest="as_json", help="the same as data")
    commands.add_parser("doctor", help="say whether this host can carry the virtual IPs; changes nothing")
    commands.add_parser("handover", help="let a healthy peer take the virtual IPs over, without loss")
    parsed = parser.parse_args(arguments or ["run"])
    return Command(parsed.name, getattr(parsed, "as_json", False))


def print_status(*, as_json: bool, folder: Path = Path(STATUS_FOLDER)) -> int:
    """Print the float's last word; returns 1 when there is none, or it is stale."""
    status = read_float_status(folder)
    if status is None:
        print("no status yet", file=sys.stderr)
        return 1
    print(status.model_dump_json(indent=2) if as_json else describe(status))
    if is_fresh(status, monotonic=time.monotonic(), boot=boot_id()):
        return 0
    print(f"this is more than {STALE_AFTER:.0f} s old: the float does not report", file=sys.stderr)
    return 1


def ask_handover(pid_file: Path, folder: Path = Path(STATUS_FOLDER)) -> int:
    """Tell the supervisor to hand over, and wait as long as it stands back; returns 1 when nobody took over."""
    try:
        pid = int(pid_file.read_text())
        if pid <= 1:
            raise ValueError(f"{pid_file} names process {pid}")
        before = _fresh_status(folder)
        if before and _holds_nothing(before):
            print("this node holds no virtual IP")
            return 0
        os.kill(pid, signal.SIGUSR1)
    except (OSError, ValueError) as error:
        print(f"the supervisor cannot be asked: {error}", file=sys.stderr)
        return 1
    deadline = time.monotonic() + HANDOVER_LIMIT
    while time.monotonic() < deadline:
        time.sleep(0.05)
        status = _fresh_status(folder)
        if status and _holds_nothing(status):
            print("this node holds no virtual IP")
            return 0
        if status and any(condition.name == "handover" for condition in status.conditions):
            deadline = time.monotonic() + HANDOVER_LIMIT
    print("no healthy peer took over; this node still serves", file=sys.stderr)
    return 1


def _fresh_status(folder: Path) -> FloatStatus | None:
    status = read_float_status(folder)
    return status if status and is_fresh(status, monotonic=time.monotonic(), boot=boot_id()) else None


def _holds_nothing(status: FloatStatus) -> bool:
    return all(router.state is not VrrpState.MASTER for router in status.virtual_routers)
