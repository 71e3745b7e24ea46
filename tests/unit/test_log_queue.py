"""Who logs is never held up: a full pipe that nobody reads costs lines, which are counted, and nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from shared.log_queue import LogQueue

PIPE = 4096
MOST = 1000
LINE = "x" * 99


class Pipe:
    """A pipe with little room, and a logger that writes into it."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, PIPE)
        self.queue = LogQueue(self.write_end, most=MOST, patience=0.05)

    def log(self, *lines: object, times: int = 1) -> None:
        for _ in range(times):
            for line in lines:
                self.queue.handle(logging.makeLogRecord({"msg": line, "name": "float"}))

    def fill(self) -> None:
        """Nobody reads: the pipe is full, the writer waits in it."""
        os.write(self.write_end, b"-" * (PIPE - 1) + b"\n")
        self.log(LINE)

    def everything(self, *, lines: int) -> list[str]:
        """What a reader that comes now gets, so many lines of ours."""
        text = b""
        while len(told := text.decode().splitlines()) < lines or not text.endswith(b"\n"):
            text += os.read(self.read_end, 65536)
        return told


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    os.close(made.read_end)  # which also ends a writer that waits
    made.queue.flush()
    with contextlib.suppress(OSError):
        os.close(made.write_end)


def test_lines_come_in_their_order(pipe: Pipe) -> None:
    pipe.log("one", "two", "three")
    assert pipe.everything(lines=3) == ["one", "two", "three"]


def test_a_pipe_that_nobody_reads_holds_nobody_up(pipe: Pipe) -> None:
    pipe.fill()
    begun = time.monotonic()
    pipe.log(LINE, times=1000)
    assert time.monotonic() - begun < 1.0


def test_what_found_no_room_is_counted_once_it_flows_again(pipe: Pipe) -> None:
    pipe.fill()
    pipe.log(LINE, times=MOST // 100 + 7)
    told = pipe.everything(lines=1 + MOST // 100 + 1)
    assert told[1:-1] == [LINE] * (MOST // 100)
    assert told[-1].startswith("8 log lines are lost")


def test_after_that_every_line_comes_again(pipe: Pipe) -> None:
    pipe.fill()
    pipe.log(LINE, times=MOST // 100 + 7)
    pipe.everything(lines=1 + MOST // 100 + 1)
    pipe.log("later")
    assert pipe.everything(lines=1) == ["later"]


def test_an_end_waits_until_everything_is_written(pipe: Pipe) -> None:
    pipe.log("last words", times=20)
    pipe.queue.flush()
    assert os.read(pipe.read_end, 65536).decode() == "last words\n" * 20


def test_an_end_does_not_wait_for_a_reader_that_never_comes(pipe: Pipe) -> None:
    pipe.fill()
    begun = time.monotonic()
    pipe.queue.flush()
    assert time.monotonic() - begun < 1.0


def test_a_record_that_cannot_be_formatted_is_a_line_of_its_own(pipe: Pipe) -> None:
    pipe.queue.handle(logging.makeLogRecord({"msg": "%d of them", "args": ("many",), "name": "float"}))
    assert pipe.everything(lines=1)[0].startswith("float: '%d of them' cannot be logged")


def test_a_reader_that_is_gone_harms_nobody(pipe: Pipe) -> None:
    os.close(pipe.read_end)
    pipe.log("nobody hears this")
    pipe.queue.flush()
    pipe.read_end = os.open(os.devnull, os.O_RDONLY)


def test_a_forked_process_logs_too_and_repeats_nothing(pipe: Pipe) -> None:
    pipe.fill()
    pipe.log("of the parent")
    pid = os.fork()
    if pid == 0:
        pipe.log("of the child")
        pipe.queue.flush()
        time.sleep(5)
        os._exit(0)
    told = pipe.everything(lines=4)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert sorted(told[1:]) == sorted([LINE, "of the parent", "of the child"])


def test_a_process_that_ends_loses_no_line() -> None:
    program = "import logging; from shared.logs import configure; configure('info', 'text')\n"
    program += "for number in range(5000): logging.info('line %d', number)"
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ended.stderr.count("\n") == 5000
    assert ended.stderr.rstrip().endswith("line 4999")
