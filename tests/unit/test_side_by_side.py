"""`make test` leaves no test out."""

from __future__ import annotations

from pathlib import Path

from tests.lab.plan import REPOSITORY
from tests.side_by_side import SWARM, runs

FILES = sorted((REPOSITORY / SWARM).glob("test_*.py"))


def test_every_test_file_on_the_swarm_is_in_exactly_one_run() -> None:
    played = [word for run in runs(FILES) for word in run.words if word.endswith(".py")]
    assert sorted(played) == [str(path) for path in FILES]


def test_what_needs_no_swarm_is_the_third_run() -> None:
    without, *others = runs(FILES)
    assert without.words == (f"--ignore={SWARM}",)
    assert all("tests.swarm_report" in run.words for run in others)


def test_no_two_runs_share_a_swarm_or_a_log() -> None:
    wanted = runs([Path("test_a.py"), Path("test_z.py")])
    assert len({run.log for run in wanted}) == len(wanted)
    assert len({run.lab for run in wanted if "tests.swarm_report" in run.words}) == 2
