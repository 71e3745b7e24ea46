"""`python -m float [run|status|handover|doctor]`: supervises keepalived, or asks the supervisor that runs.

What must not wait comes first: the lease keeper, which also guards what a killed float left, stands within some 50 ms
of the container's start; the supervisor's libraries take half a second on a busy node.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from float.lease import LeaseKeeper
from float.ownership import RECORD, OwnershipRecord
from shared import logs
from shared.clock import boot_id
from shared.disk import Disk
from shared.places import LINK_FOLDER

ASKING = ("status", "handover", "doctor")
"""First words of the command lines that supervise nothing."""


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit code."""
    if arguments[:1] and arguments[0] in ASKING:
        return _ask(arguments)
    logs.configure("info", os.environ.get("KEEPALIVED_LOG_FORMAT", "text"))
    disk = Disk()
    record = OwnershipRecord(Path(LINK_FOLDER) / RECORD, boot_id(), disk=disk)
    lease = LeaseKeeper()
    lease.start(record.watched)
    return _run(arguments, lease, record, disk)


def _ask(arguments: list[str]) -> int:
    from float.command_line import ask_handover, parse_arguments, print_status  # noqa: PLC0415
    from float.places import PID_FILE  # noqa: PLC0415

    command = parse_arguments(arguments)
    if command.name == "status":
        return print_status(as_json=command.as_json)
    if command.name == "doctor":
        return _doctor(command.words, as_json=command.as_json)
    return ask_handover(PID_FILE)


def _doctor(words: Sequence[str], *, as_json: bool) -> int:
    import asyncio  # noqa: PLC0415

    from float.doctor.command import doctor, patient  # noqa: PLC0415
    from float.places import RUN_FOLDER  # noqa: PLC0415

    return asyncio.run(doctor(patient(os.environ, words), folder=RUN_FOLDER, as_json=as_json))


def _run(arguments: list[str], lease: LeaseKeeper, record: OwnershipRecord, disk: Disk) -> int:
    from float.command_line import parse_arguments  # noqa: PLC0415
    from float.serve import serve  # noqa: PLC0415

    return serve(parse_arguments(arguments).words, lease, record, disk)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
