"""The anchor as a process, as far as it comes without Docker."""

from __future__ import annotations

import os
import subprocess
import sys


def run(**env: str) -> subprocess.CompletedProcess[str]:
    inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-m", "anchor"],
        env={**inherited, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_virtual_ips_the_anchor_ends_with_code_2_and_one_line_that_names_them() -> None:
    ended = run()
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "KEEPALIVED_VIRTUAL_IPS" in line


def test_every_problem_of_the_settings_has_a_line_of_its_own() -> None:
    ended = run(KEEPALIVED_VIRTUAL_IPS="x", KEEPALIVED_ROUTER_ID="0", KEEPALIVED_PRIORTY="1")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 3


def test_a_registry_file_that_is_not_there_is_named() -> None:
    ended = run(KEEPALIVED_VIRTUAL_IPS="10.0.0.100", KEEPALIVED_REGISTRY_AUTH_FILE="/run/secrets/none")
    assert ended.returncode == 2
    assert "KEEPALIVED_REGISTRY_AUTH_FILE=/run/secrets/none" in ended.stderr
