"""`python -m tests.fuzz TARGET [SECONDS]`: arbitrary bytes, guided by coverage, until something gives way.

Ends with 0 when the time is up; with a trace, and the input beside it, at the first failure.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["anchor", "buoy", "float", "shared"]):
    from tests.fuzz.seeds import SEEDS
    from tests.fuzz.targets import TARGETS

LONGEST = 4096
"""Bytes of the longest input that is made up; seeds may be longer."""


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] not in TARGETS:
        sys.exit(f"which of: {', '.join(TARGETS)}")
    name, seconds = arguments[0], arguments[1] if len(arguments) > 1 else "60"
    logging.disable()
    target = TARGETS[name]
    for seed in SEEDS.get(name, ()):
        target(seed)
    with TemporaryDirectory(prefix="fuzz-corpus-") as corpus:
        for number, seed in enumerate(SEEDS.get(name, ())):
            Path(corpus, str(number)).write_bytes(seed[:LONGEST])
        limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=1024"]
        atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", corpus], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
