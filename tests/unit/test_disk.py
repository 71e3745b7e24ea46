"""A disk that hangs halts nobody for long: what was asked is done when it answers again, in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from shared.disk import Disk


class Hung:
    """A job that waits for its release."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.finished = threading.Event()

    def __call__(self) -> None:
        self.released.wait(30)
        self.finished.set()


@pytest.fixture
def hung() -> Iterator[Hung]:
    """One that ends with the test at the latest."""
    job = Hung()
    yield job
    job.released.set()
    assert job.finished.wait(10)


def test_what_is_asked_is_done_when_it_returns() -> None:
    done: list[str] = []
    Disk().do(lambda: done.append("job"))
    assert done == ["job"]


def test_what_a_job_raises_is_raised() -> None:
    def fail() -> None:
        raise PermissionError("not yours")

    with pytest.raises(PermissionError, match="not yours"):
        Disk().do(fail)


def test_nobody_waits_for_a_disk_that_hangs_and_then_not_at_all(hung: Hung) -> None:
    disk, done = Disk(patience=0.05), list[str]()
    with pytest.raises(OSError, match="does not answer"):
        disk.do(hung)
    began = time.monotonic()
    for _ in range(1000):
        with pytest.raises(OSError, match="does not answer"):
            disk.do(lambda: done.append("job"))
    assert time.monotonic() - began < 1000 * 0.05
    assert done == []


def test_a_disk_that_answers_again_takes_the_next_job(hung: Hung) -> None:
    disk, done = Disk(patience=0.05), list[str]()
    with pytest.raises(OSError, match="does not answer"):
        disk.do(hung)
    hung.released.set()
    assert hung.finished.wait(10)
    deadline = time.monotonic() + 10
    while not done and time.monotonic() < deadline:
        try:
            disk.do(lambda: done.append("job"))
        except OSError:
            time.sleep(0.01)
    assert done == ["job"]


def test_where_no_thread_can_be_had_the_job_fails_and_the_next_one_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("no more threads")

    disk, done = Disk(), list[str]()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(OSError, match="no more"):
            disk.do(lambda: done.append("never"))
    disk.do(lambda: done.append("job"))
    assert done == ["job"]
