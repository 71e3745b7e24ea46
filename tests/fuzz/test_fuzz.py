"""A bounded time of fuzzing for every reader; `python -m tests.fuzz TARGET SECONDS` goes on for longer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import SEEDS, TARGETS
from tests.lab.plan import REPOSITORY

SECONDS = int(os.environ.get("FUZZ_SECONDS", "4"))

pytestmark = pytest.mark.fuzz


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_input_breaks_a_reader(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", name, str(SECONDS)]

    finished = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-4000:]
    runs = re.search(r"stat::number_of_executed_units: (\d+)", finished.stderr)
    assert runs
    assert int(runs[1]) > 100


def test_every_seed_is_of_a_target() -> None:
    assert set(SEEDS) <= set(TARGETS)
