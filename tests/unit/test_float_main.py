"""What a float does first: the lease keeper stands before anything heavy is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("heavy", ["asyncio", "jinja2", "pydantic"])
def test_the_lease_keeper_stands_before_the_supervisors_libraries_are_loaded(heavy: str) -> None:
    look = f"import sys, float.__main__; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
