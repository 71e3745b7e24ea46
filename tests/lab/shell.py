"""Commands and deadlines: a command that fails says what it printed, a wait that fails says what it waited for."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

Finished = subprocess.CompletedProcess[str]
T = TypeVar("T")


class LabError(Exception):
    """The lab cannot do what it was asked; the text is for people."""


class CommandFailedError(LabError):
    """A command ended with another code than 0."""

    def __init__(self, finished: Finished) -> None:
        said = (finished.stderr or finished.stdout or "").strip()
        super().__init__(f"`{' '.join(finished.args)}` ended with {finished.returncode}: {said}")
        self.finished = finished


def run(
    command: Sequence[str | Path],
    *,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    timeout: float = 120.0,
    cwd: str | Path | None = None,
) -> Finished:
    """Runs to the end with its output caught; raises CommandFailedError, or LabError after `timeout` seconds."""
    words = [str(word) for word in command]
    try:
        finished = subprocess.run(
            words,
            check=False,
            env=env,
            timeout=timeout,
            cwd=cwd,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except subprocess.TimeoutExpired as expired:
        raise LabError(f"`{' '.join(words)}` did not end within {timeout:g} s") from expired
    if check and finished.returncode != 0:
        raise CommandFailedError(finished)
    return finished


def wait_until(predicate: Callable[[], T | None], timeout: float, what: str, *, interval: float = 0.05) -> T:
    """The first true answer of `predicate`; LabError that names `what` and the last answer after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise LabError(f"waited {timeout:g} s in vain for {what} (last answer: {answer!r})")
        time.sleep(interval)
