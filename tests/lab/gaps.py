"""Running the gap client beside a test, and what it reports."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.lab.shell import LabError

PROGRAM = Path(__file__).with_name("gap_client.py")


@dataclass(frozen=True)
class Gap:
    """No probe sent from `start` (CLOCK_MONOTONIC) for `length` seconds was answered in time."""

    start: float
    length: float

    @property
    def end(self) -> float:
        return self.start + self.length


@dataclass(frozen=True)
class GapReport:
    """What a client of the VIP saw between `began` and `ended` (CLOCK_MONOTONIC seconds)."""

    sent: int
    lost: int
    late: int
    refused: int
    began: float
    ended: float
    gaps: tuple[Gap, ...]
    unanswered: tuple[float, ...] = ()
    """When each probe was sent that never got an answer; one that came late is not among them."""

    @property
    def max_gap(self) -> float:
        """The longest gap in seconds, 0 when every probe was answered in time."""
        return max((gap.length for gap in self.gaps), default=0.0)

    def between(self, start: float, end: float) -> tuple[Gap, ...]:
        """The gaps that touch that span of CLOCK_MONOTONIC."""
        return tuple(gap for gap in self.gaps if gap.start <= end and gap.end >= start)

    def sentence(self) -> str:
        worst = max(self.gaps, key=lambda gap: gap.length, default=None)
        longest = f", the longest {worst.length * 1000:.0f} ms after {worst.start - self.began:.3f} s" if worst else ""
        return f"{self.sent} sent, {self.lost} lost, {self.late} late, {len(self.gaps)} gaps{longest}"


class GapClient:
    """Probes for the length of a `with`; `report` ends it."""

    def __init__(self, namespace: str, target: str, *, interval: float = 0.002, late: float = 0.02) -> None:
        enter = ["ip", "netns", "exec", namespace, "nice", "-n", "-5"]
        self._command = [
            *enter,
            sys.executable,
            "-SP",
            str(PROGRAM),
            target,
            f"--interval={interval}",
            f"--late={late}",
        ]
        self._target = target
        self._process: subprocess.Popen[str] | None = None
        self._report: GapReport | None = None

    def __enter__(self) -> GapClient:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd="/")
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            _, said = self._process.communicate(timeout=5)
            raise LabError(f"the gap client for {self._target} did not start: {said.strip()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.report()

    def report(self) -> GapReport:
        """Stops probing, waits for the last answers, and says what was seen; the same again when asked again."""
        if self._report is None:
            self._report = self._finish()
        return self._report

    def _finish(self) -> GapReport:
        if self._process is None:
            raise LabError("the gap client was never started")
        try:
            printed, said = self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired as expired:
            self._process.kill()
            self._process.communicate()
            raise LabError("the gap client did not end") from expired
        if self._process.returncode != 0:
            raise LabError(f"the gap client failed: {said.strip()}")
        return parse_report(printed)


def parse_report(text: str) -> GapReport:
    read = json.loads(text)
    gaps = tuple(Gap(start, length) for start, length in read.pop("gaps"))
    return GapReport(gaps=gaps, unanswered=tuple(read.pop("unanswered")), **read)
