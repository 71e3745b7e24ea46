"""The lab's engine is the one that was asked for, or the lab says what may be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import host_root
from tests.lab.plan import CACHE
from tests.lab.shell import LabError


@pytest.mark.parametrize("said", ["", "machine"])
def test_the_hosts_see_this_machine_unless_a_newer_engine_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("LAB_ENGINE", said)
    assert host_root.folder(host_root.chosen()) == Path("/")


def test_a_newer_engine_has_a_root_file_system_in_the_labs_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_ENGINE", "trixie")
    assert host_root.folder(host_root.chosen()).parent == CACHE


def test_an_engine_that_nobody_knows_is_refused_with_those_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_ENGINE", "potato")
    with pytest.raises(LabError, match="LAB_ENGINE=potato: one of machine, trixie"):
        host_root.chosen()
