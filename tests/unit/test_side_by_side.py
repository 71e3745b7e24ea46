"""`make test` leaves no test out."""

from __future__ import annotations

from pathlib import Path

from tests.lab.plan import REPOSITORY
from tests.side_by_side import runs

FILES = sorted(path.relative_to(REPOSITORY) for path in (REPOSITORY / "tests" / "swarm").glob("test_*.py"))


def chosen() -> list[Path]:
    """Every file and folder that a run is given."""
    return [Path(word) for run in runs(FILES) for word in run.words if word.startswith("tests/")]


def test_every_test_file_is_played_in_exactly_one_run() -> None:
    played = [file for path in chosen() for file in ([path] if path.suffix else sorted(path.glob("test_*.py")))]
    assert sorted(played) == sorted(path.relative_to(REPOSITORY) for path in REPOSITORY.glob("tests/*/test_*.py"))


def test_no_two_runs_share_a_swarm_or_a_log() -> None:
    wanted = runs(FILES)
    assert len({run.log for run in wanted}) == len({run.lab for run in wanted}) == len(wanted)
