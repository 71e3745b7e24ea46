"""All that a run found, in a file from which table and chart can be made again, and a run can go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import figures
from tests.bench.crowd import Crowd
from tests.bench.figures import Failure, Trial
from tests.bench.growth import Size
from tests.bench.idle import Appetite


@dataclass
class Findings:
    """All of a run, as far as it came."""

    machine: dict[str, str] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    appetites: list[Appetite] = field(default_factory=list)
    false_failovers: dict[str, int] = field(default_factory=dict)
    """By advert interval."""

    sizes: list[Size] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)

    def made(self, subject: str, interval: float, fault: str) -> int:
        """How many trials of it there were, the failed ones included."""
        key = (subject, interval, fault)
        found = [(trial.subject, trial.interval, trial.fault) for trial in self.trials]
        return found.count(key) + [(f.subject, f.interval, f.fault) for f in self.failures].count(key)

    def keep(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(self), indent=1))
        scratch.replace(path)

    @classmethod
    def load(cls, path: Path) -> Findings:
        """What `keep` wrote."""
        read = json.loads(path.read_text())
        return cls(
            machine=read["machine"],
            trials=figures.from_json(read["trials"]),
            failures=[Failure(**entry) for entry in read["failures"]],
            appetites=list(_appetites(read["appetites"])),
            false_failovers=read["false_failovers"],
            sizes=[Size(**{**entry, "appetites": _appetites(entry["appetites"])}) for entry in read["sizes"]],
            crowds=[Crowd(**{**e, "appetites": _appetites(e["appetites"])}) for e in read.get("crowds", ())],
        )


def _appetites(entries: list[dict[str, Any]]) -> tuple[Appetite, ...]:
    return tuple(Appetite(**entry) for entry in entries)
