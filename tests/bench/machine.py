"""Where the figures were made: the machine, and the versions of all that took part."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path

from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.plan import REPOSITORY
from tests.lab.shell import run


def describe(lab: Lab) -> dict[str, str]:
    """Names and values for people; the stack is deployed."""
    host = next(iter(lab.hosts.values()))
    inside = host.docker("exec", FLOAT, "keepalived", "--version", check=False)
    beside = run(["keepalived", "--version"], check=False)
    return {
        "when": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": run(["git", "describe", "--always", "--dirty"], cwd=REPOSITORY, check=False).stdout.strip(),
        "processor": f"{os.cpu_count()} cores, {_field('/proc/cpuinfo', 'model name')}",
        "memory": f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) >> 20} GiB",
        "kernel": platform.release(),
        "Docker engine": host.docker("version", "--format", "{{.Server.Version}}").stdout.strip(),
        "keepalived in the float": _first_line(inside.stdout + inside.stderr),
        "keepalived beside it": _first_line(beside.stdout + beside.stderr),
        "managers": str(len(lab.hosts)),
    }


def _field(path: str, name: str) -> str:
    lines = (line.partition(":") for line in Path(path).read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "unknown")


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip() or "unknown"
