"""`make test`: every test, in four runs side by side, since most tests wait more than they compute.

Each run has a Swarm of its own where it needs one: the third one begins with what does not, the fourth one is of tests
that mostly wait. What fails beside the others is tried once more, alone, and judged by that; both stand in the output.
So does what every run printed, also of one cut short.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab import packages
from tests.lab.cluster import Lab
from tests.lab.plan import REPOSITORY

REPORTS = REPOSITORY / "reports"
SWARM = Path("tests", "swarm")
NAME = os.environ.get("LAB_NAME", "keepalived-test")
SUBNET = os.environ.get("LAB_SUBNET", "10.89.0.0/24")
SUBNETS = (SUBNET, *(os.environ.get(f"LAB_SUBNET_{number}", f"10.{185 + 2 * number}.0.0/24") for number in (2, 3, 4)))
ENDS_WITHIN = 60.0
"""Seconds for a run that is cut short to take down what its fixtures made; `.ci/run` gives us twice as long."""

PASSED, FAILED = 0, 1
"""Of pytest; every other exit code is no word on the tests."""

FIRST_OF_THE_SECOND = "test_j"
"""The Swarm's test files from here on are the second run's: so all take about as long."""

OF_THE_THIRD = ("test_roster.py", "test_socket_proxy.py", "test_spread.py", "test_unfinished_update.py")
OF_THE_FOURTH = Path("tests", "contract")


@dataclass(frozen=True)
class Run:
    """One pytest."""

    name: str
    words: tuple[str, ...]
    lab: tuple[str, str]
    """Name and subnet of its Swarm's lab."""

    @property
    def log(self) -> Path:
        """What it printed."""
        return REPORTS / f"{self.name}.log"

    def pytest(self, *words: str) -> list[str]:
        """Its command line; what failed is remembered apart from the other runs."""
        return [sys.executable, "-m", "pytest", "-o", f"cache_dir={REPORTS / self.name}", *words]

    @property
    def environment(self) -> dict[str, str]:
        """With the lab's place in it."""
        return {**os.environ, "LAB_NAME": self.lab[0], "LAB_SUBNET": self.lab[1]}


def runs(swarm_files: Sequence[Path]) -> tuple[Run, ...]:
    """All tests, each in one of them."""
    files = sorted(path for path in swarm_files if path.name not in OF_THE_THIRD)
    of_the_fourth = [path for path in _others() if path.parent == OF_THE_FOURTH]
    without_a_swarm = [path for path in _others() if path.parent != OF_THE_FOURTH]
    return (
        _run(1, [path for path in files if path.name < FIRST_OF_THE_SECOND]),
        _run(2, [path for path in files if path.name >= FIRST_OF_THE_SECOND]),
        _run(3, [*without_a_swarm, *(SWARM / name for name in OF_THE_THIRD)]),
        _run(4, of_the_fourth),
    )


def _run(number: int, paths: Sequence[Path]) -> Run:
    name = NAME if number == 1 else f"{NAME}-{number}"
    report = ("-p", "tests.swarm_report") if any(path.parent == SWARM for path in paths) else ()
    words = (*report, "--durations=10", *(str(path) for path in paths))
    return Run(f"run-{number}", words, (name, SUBNETS[number - 1]))


def _others() -> list[Path]:
    """The test files beside the Swarm's, in the repository's own words."""
    found = sorted(path.relative_to(REPOSITORY) for path in (REPOSITORY / "tests").glob("*/test_*.py"))
    return [path for path in found if path.parent != SWARM]


def main() -> int:
    """Exit code 0 only if every test passed, beside the others or alone."""
    end_at_the_first_sigterm()
    packages.ensure()
    wanted = runs([path.relative_to(REPOSITORY) for path in (REPOSITORY / SWARM).glob("test_*.py")])
    for run in wanted:
        shutil.rmtree(REPORTS / run.name, ignore_errors=True)
    REPORTS.mkdir(exist_ok=True)
    with labs_down(wanted):
        codes = side_by_side(wanted)
        if any(code not in (PASSED, FAILED) for code in codes.values()):
            return 1
        return max([_alone(run) for run in wanted if codes[run] == FAILED], default=0)


def end_at_the_first_sigterm() -> None:
    """`timeout` and `make` send one each; what the first one began is not to be cut by the second.

    SIGINT is what the runs are ended by, and a shell that began us in the background has it ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def end(number: int, _: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)


@contextlib.contextmanager
def labs_down(wanted: Sequence[Run]) -> Iterator[None]:
    """The labs belong to the tests' own fixtures; this is for runs that were cut short."""
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for name, subnet in sorted({run.lab for run in wanted}):
            Lab(name, subnet).down()


def side_by_side(wanted: Sequence[Run]) -> dict[Run, int]:
    """The exit code of each; what it printed is shown when it ended, or when all are ended by an error or a signal."""
    running: dict[Run, subprocess.Popen[bytes]] = {}
    codes: dict[Run, int] = {}
    try:
        with _ended_together(running):
            for run in wanted:
                running[run] = _started(run)
            for run, process in running.items():
                codes[run] = process.wait()
                _show(run)
    finally:
        for run in running:
            if run not in codes:
                _show(run)
    return codes


def _show(run: Run) -> None:
    print(f"== {run.name} ==\n{run.log.read_text(errors='replace')}", flush=True)


def _started(run: Run) -> subprocess.Popen[bytes]:
    with run.log.open("wb") as log:
        command = run.pytest(*run.words)
        return subprocess.Popen(command, env=run.environment, stdout=log, stderr=subprocess.STDOUT, cwd=REPOSITORY)


@contextlib.contextmanager
def _ended_together(running: Mapping[Run, subprocess.Popen[bytes]]) -> Iterator[None]:
    """Whoever still runs afterwards is cut short, but has its time to take down what it made."""
    try:
        yield
    finally:
        for process in running.values():
            process.send_signal(signal.SIGINT)  # pytest takes its fixtures down then, but not with SIGTERM
        for process in running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDS_WITHIN)
            process.kill()
            process.wait()


def _alone(run: Run) -> int:
    print(f"== what failed in {run.name}, alone ==", flush=True)
    command = run.pytest("--last-failed", "--last-failed-no-failures=none")
    return subprocess.run(command, env=run.environment, cwd=REPOSITORY, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
