from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from anchor.memory import FILE, Memory, Remembered
from tests.unit.anchor_fakes import THREE, spec

SPEC = spec()


def test_what_one_anchor_leaves_the_next_one_finds(tmp_path: Path) -> None:
    Memory(tmp_path).update(wire="w", spec=SPEC)
    Memory(tmp_path).update(failed_template="t")
    assert Memory(tmp_path).value == Remembered(wire="w", spec=SPEC, failed_template="t")


def test_the_managers_are_found_again_as_they_were(tmp_path: Path) -> None:
    Memory(tmp_path).update(managers=THREE[:2], left=((THREE[2], 12.5),))
    assert Memory(tmp_path).value.managers == THREE[:2]
    assert Memory(tmp_path).value.left == ((THREE[2], 12.5),)


def test_only_root_reads_it(tmp_path: Path) -> None:
    Memory(tmp_path).update(wire="w")
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"unshielded": "perhaps"}'])
def test_a_damaged_file_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert Memory(tmp_path).value == Remembered()


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory(tmp_path / "missing")
    memory.update(wire="1")
    memory.update(wire="2")
    assert len(caplog.messages) == 1
    assert memory.value.wire == "2"


def test_what_could_not_be_written_is_written_as_soon_as_it_can_be_though_nothing_changes_any_more(
    tmp_path: Path,
) -> None:
    memory = Memory(tmp_path / "later")
    memory.update(wire="1")
    (tmp_path / "later").mkdir()
    memory.update()
    assert Memory(tmp_path / "later").value.wire == "1"


def test_a_disk_that_hangs_holds_nobody_up_for_long_and_what_it_was_asked_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    memory, answers, write = Memory(tmp_path), threading.Event(), Memory._write

    def slowly(self: Memory, value: Remembered) -> None:
        answers.wait(30)
        write(self, value)

    monkeypatch.setattr(Memory, "_write", slowly)
    memory.update(unshielded=True)
    assert "the disk does not answer" in caplog.text
    assert not Memory(tmp_path).value.unshielded
    answers.set()
    deadline = time.monotonic() + 10
    while not Memory(tmp_path).value.unshielded:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_a_removed_stack_ran_is_forgotten_by_the_next(tmp_path: Path) -> None:
    Memory(tmp_path, service="old").update(wire="w", spec=SPEC, managers=THREE)

    assert Memory(tmp_path, service="new").value == Remembered(service="new")
    assert Memory(tmp_path, service="old").value.wire == "w"
