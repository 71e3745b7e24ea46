"""`float handover` against a process that steps back as a supervisor does: its patience is the supervisor's."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from float.command_line import HANDOVER_LIMIT, ask_handover
from tests.lab.shell import wait_until

SUPERVISOR = """
import signal, sys, time
from pathlib import Path
from shared.models import Condition, VrrpState
from shared.status_file import write_status
from tests.unit.test_float_command_line import STATUS

folder, stands_back, taken = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "taken"
asked = []
signal.signal(signal.SIGUSR1, lambda *_: asked.append(time.monotonic()))
while True:
    now = time.monotonic()
    under_way = bool(asked) and now - asked[0] < stands_back
    state = VrrpState.BACKUP if asked and taken and not under_way else VrrpState.MASTER
    router = STATUS.virtual_routers[0].model_copy(update={"state": state})
    against = (Condition(name="handover", ok=False, reason="asked to hand over"),) if under_way else ()
    write_status(folder, STATUS.model_copy(
        update={"monotonic": now, "virtual_routers": (router,), "conditions": against}
    ))
    time.sleep(0.05)
"""


@contextmanager
def a_supervisor(folder: Path, *, stands_back: float, taken: bool) -> Iterator[Path]:
    """A process that reports as a float does; yields the file with its number."""
    words = [sys.executable, "-c", SUPERVISOR, str(folder), str(stands_back), "taken" if taken else "not"]
    with subprocess.Popen(words) as process:
        try:
            wait_until((folder / "float.json").exists, 10, "the first report", interval=0.05)
            number = folder / "supervisor.pid"
            number.write_text(str(process.pid))
            yield number
        finally:
            process.kill()


def test_it_waits_for_as_long_as_the_node_stands_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = HANDOVER_LIMIT + 1.5
    with a_supervisor(tmp_path, stands_back=long, taken=True) as number:
        began = time.monotonic()
        assert ask_handover(number, tmp_path) == 0
    assert time.monotonic() - began > long - 0.1
    assert capsys.readouterr().out == "this node holds no virtual IP\n"


def test_it_fails_once_the_node_stands_back_no_longer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with a_supervisor(tmp_path, stands_back=0.3, taken=False) as number:
        assert ask_handover(number, tmp_path) == 1
    assert capsys.readouterr().err == "no healthy peer took over; this node still serves\n"
