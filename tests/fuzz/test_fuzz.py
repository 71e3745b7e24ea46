"""A bounded time of fuzzing for every reader; `python -m tests.fuzz TARGET SECONDS` goes on for longer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS
from tests.lab.plan import REPOSITORY

MEMORY = Path("/dev/shm")
SECONDS = int(os.environ.get("FUZZ_SECONDS", "2"))

pytestmark = pytest.mark.fuzz


Runs = dict[str, "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """All targets, one after the other beside the tests that wait for them; together they take a minute or two."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield {name: pool.submit(fuzz, name, tmp_path_factory.mktemp("fuzz")) for name in sorted(TARGETS)}
        pool.shutdown(cancel_futures=True)


def fuzz(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One target for its time; what breaks it is left in the folder. Its own files are in memory, and go with it."""
    with TemporaryDirectory(prefix="fuzz-", dir=MEMORY if MEMORY.is_dir() else None) as memory:
        return subprocess.run(
            [sys.executable, "-m", "tests.fuzz", name, str(SECONDS)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": memory},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_input_breaks_a_reader(name: str, runs: Runs) -> None:
    finished = runs[name].result()

    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-4000:]
    executed = re.search(r"stat::number_of_executed_units: (\d+)", finished.stderr)
    assert executed
    assert int(executed[1]) > 100


def test_every_seed_is_of_a_target() -> None:
    assert set(SEEDS) <= set(TARGETS)
