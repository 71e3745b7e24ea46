"""The status files: whole or not at all, readable for the buoy, and honest about their age."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.status import AnchorStatus, FloatStatus, LinkStatus
from shared.status_file import age, read_anchor_status, read_float_status, write_status

FLOAT = FloatStatus(
    version="1",
    hostname="a",
    container_id="c",
    boot_id="b",
    monotonic=100.0,
    written_at=1_700_000_000.0,
    started_at=1_700_000_000.0,
    keepalived="RUNNING",
    link=LinkStatus(up=False, since=0.0, reason="no anchor yet"),
)
ANCHOR = AnchorStatus(
    version="1",
    hostname="a",
    container_id="d",
    boot_id="b",
    monotonic=100.0,
    written_at=1_700_000_000.0,
    started_at=1_700_000_000.0,
    warnings=("one", "two"),
)
READERS: list[tuple[str, Callable[[Path], FloatStatus | AnchorStatus | None]]] = [
    ("float.json", read_float_status),
    ("anchor.json", read_anchor_status),
]


def test_what_float_and_anchor_write_is_what_the_buoy_reads(tmp_path: Path) -> None:
    write_status(tmp_path, FLOAT)
    write_status(tmp_path, ANCHOR)
    assert read_float_status(tmp_path) == FLOAT
    assert read_anchor_status(tmp_path) == ANCHOR


def test_the_last_word_replaces_the_one_before(tmp_path: Path) -> None:
    write_status(tmp_path, FLOAT)
    write_status(tmp_path, FLOAT.model_copy(update={"keepalived": "BACKOFF"}))
    status = read_float_status(tmp_path)
    assert status is not None
    assert status.keepalived == "BACKOFF"


def test_a_reader_that_holds_the_old_file_open_still_reads_it_whole(tmp_path: Path) -> None:
    write_status(tmp_path, FLOAT)
    with (tmp_path / "float.json").open("rb") as old:
        write_status(tmp_path, FLOAT.model_copy(update={"keepalived": "BACKOFF"}))
        assert FloatStatus.model_validate_json(old.read()) == FLOAT


def test_writing_leaves_nothing_beside_the_two_files(tmp_path: Path) -> None:
    write_status(tmp_path, FLOAT)
    write_status(tmp_path, ANCHOR)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anchor.json", "float.json"]


def test_a_status_is_readable_for_the_buoys_own_user(tmp_path: Path) -> None:
    write_status(tmp_path, FLOAT)
    assert stat.S_IMODE((tmp_path / "float.json").stat().st_mode) == 0o644


def test_writing_into_a_folder_that_is_not_there_raises_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_status(tmp_path / "gone", FLOAT)


@pytest.mark.parametrize(("name", "read"), READERS)
def test_no_file_is_no_status(tmp_path: Path, name: str, read: Callable[[Path], object]) -> None:
    assert not (tmp_path / name).exists()
    assert read(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"null", b"\xff", b"\x00" * 100])
@pytest.mark.parametrize(("name", "read"), READERS)
def test_a_damaged_file_is_no_status(tmp_path: Path, name: str, read: Callable[[Path], object], content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path) is None


@pytest.mark.parametrize(("name", "read"), READERS)
def test_a_folder_in_the_files_place_is_no_status(tmp_path: Path, name: str, read: Callable[[Path], object]) -> None:
    (tmp_path / name).mkdir()
    assert read(tmp_path) is None


@pytest.mark.parametrize("status", [FLOAT, ANCHOR])
def test_the_age_counts_from_the_writing(status: FloatStatus | AnchorStatus) -> None:
    assert age(status, monotonic=102.5, boot="b") == 2.5


def test_a_status_of_another_boot_is_infinitely_old() -> None:
    assert age(FLOAT, monotonic=102.5, boot="c") == float("inf")


def test_a_status_from_the_future_is_infinitely_old() -> None:
    assert age(FLOAT, monotonic=98.0, boot="b") == float("inf")
