"""`make test` leaves no test out, and hides nothing that a run printed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.plan import REPOSITORY
from tests.side_by_side import Run, end_at_the_first_sigterm, runs, side_by_side

FILES = sorted(path.relative_to(REPOSITORY) for path in (REPOSITORY / "tests" / "swarm").glob("test_*.py"))
STOP = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("the last words", flush=True)
os.kill(os.getppid(), signal.SIGTERM)
time.sleep(60)
"""


@dataclass(frozen=True)
class Line(Run):
    """A line of Python, or of a shell, where a run has its pytest."""

    folder: Path
    program: tuple[str, ...] = (sys.executable, "-c")

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def pytest(self, *words: str) -> list[str]:
        return [*self.program, *words]


def line(name: str, text: str, folder: Path) -> Line:
    return Line(name, (text,), ("lab", "10.0.0.0/24"), folder)


def sleeper(name: str, folder: Path) -> Line:
    """One that says nothing, however it is ended."""
    return Line(name, ("exec sleep 60",), ("lab", "10.0.0.0/24"), folder, ("sh", "-c"))


@pytest.fixture
def sigterm() -> Iterator[None]:
    """Handled as `make test` does, and after the test as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    end_at_the_first_sigterm()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def chosen() -> list[Path]:
    """Every file and folder that a run is given."""
    return [Path(word) for run in runs(FILES) for word in run.words if word.startswith("tests/")]


def test_every_test_file_is_played_in_exactly_one_run() -> None:
    played = [file for path in chosen() for file in ([path] if path.suffix else sorted(path.glob("test_*.py")))]
    assert sorted(played) == sorted(path.relative_to(REPOSITORY) for path in REPOSITORY.glob("tests/*/test_*.py"))


def test_the_report_that_asks_for_a_swarm_is_of_the_runs_that_have_one() -> None:
    for run in runs(FILES):
        on_a_swarm = any(word.startswith("tests/swarm/") for word in run.words)
        assert ("tests.swarm_report" in run.words) is on_a_swarm, run.name


def test_no_two_runs_share_a_swarm_or_a_log() -> None:
    wanted = runs(FILES)
    assert len({run.log for run in wanted}) == len(wanted)
    assert len({run.lab[0] for run in wanted}) == len(wanted)
    further = [run.lab[1] for run in wanted[1:]]  # the first one's is that of the lab that this test itself is in
    assert len(set(further)) == len(further)


def test_what_every_run_printed_is_shown_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = line("run-1", "print('good')", tmp_path), line("run-2", "print('bad'); exit(1)", tmp_path)

    assert side_by_side([good, bad]) == {good: 0, bad: 1}
    assert capsys.readouterr().out == "== run-1 ==\ngood\n\n== run-2 ==\nbad\n\n"


@pytest.mark.usefixtures("sigterm")
def test_a_sigterm_shows_what_the_runs_had_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = [sleeper("run-1", tmp_path), line("run-2", STOP, tmp_path)]

    with pytest.raises(SystemExit) as end:
        side_by_side(wanted)

    assert end.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    assert capsys.readouterr().out == "== run-1 ==\n\n== run-2 ==\nthe last words\n\n"


@pytest.mark.usefixtures("sigterm")
def test_a_run_that_is_cut_takes_down_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, time\n"
        "try:\n"
        "    os.kill(os.getppid(), signal.SIGTERM)\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    print('taken down')\n"
    )
    with pytest.raises(SystemExit):
        side_by_side([line("run-1", f"exec(open({str(script)!r}).read())", tmp_path)])

    assert capsys.readouterr().out == "== run-1 ==\ntaken down\n\n"


def test_a_run_that_cannot_start_ends_the_others_and_shows_what_they_had_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [sleeper("run-1", tmp_path), sleeper("run-2", tmp_path / "missing")]

    with pytest.raises(FileNotFoundError):
        side_by_side(wanted)

    assert capsys.readouterr().out == "== run-1 ==\n\n"
