"""keepalived's dump beside what its notices told: a lost notice is made good, one that is under way is not."""

from __future__ import annotations

import dataclasses
from typing import cast

import pytest

from float.inspection import Inspection, missed
from float.keepalived import Keepalived
from float.notice import Notice
from float.routers import RouterBook
from float.stats import DumpError, InstanceDump
from shared.models import VrrpState
from tests.unit.anchor_fakes import FakeClock
from tests.unit.float_samples import RESOLVED_SPEC, ROUTER


@pytest.fixture
def book() -> RouterBook:
    made = RouterBook()
    made.load(RESOLVED_SPEC)
    made.notice(Notice(ROUTER.name, VrrpState.BACKUP, 150), now=10.0, wall=0.0)
    return made


MASTER = {ROUTER.name: InstanceDump(VrrpState.MASTER, 150, {})}
BACKUP = {ROUTER.name: dataclasses.replace(MASTER[ROUTER.name], state=VrrpState.BACKUP)}


def test_a_state_that_two_looks_in_a_row_find_and_no_notice_told_is_a_lost_notice(book: RouterBook) -> None:
    doubts, notices = missed(MASTER, book, {})
    assert notices == []
    assert missed(MASTER, book, doubts)[1] == [Notice(ROUTER.name, VrrpState.MASTER, 150)]


def test_a_notice_that_came_between_two_looks_is_believed(book: RouterBook) -> None:
    doubts, _ = missed(MASTER, book, {})
    book.notice(Notice(ROUTER.name, VrrpState.MASTER, 150), now=11.0, wall=1.0)
    doubts, notices = missed(BACKUP, book, doubts)
    assert notices == []
    assert missed(MASTER, book, doubts) == ({}, [])


def test_what_the_book_does_not_have_is_not_asked_about(book: RouterBook) -> None:
    unknown = {"another": MASTER[ROUTER.name]}
    assert missed(unknown, book, {"another": 0.0}) == ({}, [])


class Silent:
    """A keepalived that never answers; each death is followed by another that does not either."""

    running = True

    def __init__(self, failure: Exception) -> None:
        self.failure = failure
        self.killed = 0

    async def dump(self, seconds: float) -> dict[str, InstanceDump]:
        raise self.failure

    def kill(self) -> None:
        self.killed += 1


async def asked(keepalived: Silent, book: RouterBook, times: int) -> list[int]:
    inspection = Inspection(cast("Keepalived", keepalived), book, FakeClock(), lambda notice: None)
    killed = []
    for _ in range(times):
        await inspection.ask()
        killed.append(keepalived.killed)
    return killed


async def test_two_silences_in_a_row_are_a_hang_each_time_anew(book: RouterBook) -> None:
    assert await asked(Silent(DumpError("no dump")), book, 6) == [0, 1, 1, 2, 2, 3]


async def test_a_disk_without_room_for_the_dump_is_no_hang(book: RouterBook, caplog: pytest.LogCaptureFixture) -> None:
    assert await asked(Silent(OSError(28, "No space left on device")), book, 6) == [0] * 6
    assert len(caplog.messages) == 1
