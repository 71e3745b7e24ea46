"""The buoy against an Express hello-world, under the same load on the same machine, one after the other.

`python -m tests.bench.buoy_load [--write docs/benchmarks-buoy.md]` as root on Debian; it takes about a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.buoy.fleet import Fleet, fleet, free_port
from tests.buoy.programs import installed
from tests.lab.plan import CACHE
from tests.lab.shell import run

CONNECTIONS = 32
ROUNDS = 3
SECONDS = 3
"""Of one round; each of the two gets `ROUNDS` of them in turn."""

IDLE_SECONDS = 15
MANY = 100_000
EXPRESS = "5.3.0"
HELLO = """
const app = require("express")();
app.get("/health", (request, response) => response.send("Ok"));
app.listen(Number(process.argv[2]), "127.0.0.1");
"""


@dataclass(frozen=True)
class Round:
    """What wrk said."""

    requests: int
    per_second: float
    p99_ms: float
    errors: int


@dataclass(frozen=True)
class Memory:
    """Of one process, MiB."""

    anonymous: float
    """What it would cost in a container, page cache left out."""

    resident: float


def measure(url: str, seconds: int) -> Round:
    """One round of wrk."""
    wrk = installed("wrk", "wrk")
    said = run([wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url], timeout=seconds + 60).stdout
    p99 = _found(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    return Round(
        requests=int(_found(r"(\d+) requests in", said)[0]),
        per_second=float(_found(r"Requests/sec:\s+([\d.]+)", said)[0]),
        p99_ms=float(p99[0]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[1]],
        errors=sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", said))),
    )


def memory(pid: int) -> Memory:
    """From /proc (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = {key: int(_found(rf"{key}:\s+(\d+) kB", status)[0]) for key in ("RssAnon", "RssShmem", "VmRSS")}
    return Memory(anonymous=(kib["RssAnon"] + kib["RssShmem"]) / 1024, resident=kib["VmRSS"] / 1024)


def cpu_seconds(pid: int) -> float:
    """Used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def express() -> Iterator[str]:
    """The address of the hello-world's /health."""
    home = CACHE / f"express-{EXPRESS}"
    if not (home / "node_modules" / "express").exists():
        home.mkdir(parents=True, exist_ok=True)
        npm = installed("npm", "npm")
        run([npm, "install", "--no-audit", "--no-fund", "--prefix", home, f"express@{EXPRESS}"], timeout=300)
    (home / "hello.js").write_text(HELLO)
    port = free_port()
    environment = {**os.environ, "NODE_ENV": "production"}
    process = subprocess.Popen([installed("node", "nodejs"), home / "hello.js", str(port)], env=environment)
    try:
        url = f"http://127.0.0.1:{port}/health"
        _await(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def table(nodes: Fleet) -> list[tuple[str, str, str, str]]:
    """Everything measured, as rows: what, the buoy, Express, what is promised."""
    pid, url = nodes.pid("swarm-1"), nodes.url("swarm-1", "/health")
    time.sleep(2)
    idle, before = memory(pid), cpu_seconds(pid)
    time.sleep(IDLE_SECONDS)
    idle_cpu = (cpu_seconds(pid) - before) / IDLE_SECONDS * 100
    with express() as other:
        measure(url, 1)
        measure(other, 1)
        rounds = [(measure(url, SECONDS), measure(other, SECONDS)) for _ in range(ROUNDS)]
    ours, theirs = ([pair[i] for pair in rounds] for i in (0, 1))
    warm, done = memory(pid), 0
    while done < MANY:
        done += measure(url, SECONDS).requests
    grown = memory(pid).anonymous - warm.anonymous
    rates = [statistics.median(each.per_second for each in side) for side in (ours, theirs)]
    slowest = [statistics.median(each.p99_ms for each in side) for side in (ours, theirs)]
    return [
        ("requests a second", f"{rates[0]:,.0f}", f"{rates[1]:,.0f}", ""),
        ("times Express", f"{rates[0] / rates[1]:.2f}", "1", "at least 1.5"),
        ("p99, ms", f"{slowest[0]:.1f}", f"{slowest[1]:.1f}", "under 20"),
        ("errors", str(sum(r.errors for r in ours)), str(sum(r.errors for r in theirs)), "0"),
        ("idle memory without page cache, MiB", f"{idle.anonymous:.1f}", "", "at most 60"),
        ("idle resident set, MiB", f"{idle.resident:.1f}", "", ""),
        ("idle CPU with cluster view, % of a core", f"{idle_cpu:.2f}", "", "at most 1"),
        (f"memory grown over {done:,} more requests, MiB", f"{grown:+.2f}", "", "flat"),
    ]


def markdown(rows: list[tuple[str, str, str, str]]) -> str:
    """The rows as a page of the documentation."""
    cores, version = os.cpu_count(), ".".join(map(str, sys.version_info[:3]))
    node = run([installed("node", "nodejs"), "--version"]).stdout.strip()
    lines = [
        "# The buoy under load",
        "",
        "`/health` of one of three buoys that watch each other, against a hello-world of Express",
        f"{EXPRESS} ({node}), in turn on the same machine: the median of {ROUNDS} rounds of {SECONDS} s each with",
        f"`wrk -t1 -c{CONNECTIONS} --latency`. Measured on {time.strftime('%Y-%m-%d')} with Python {version} on",
        f"{platform.system()} {platform.machine()}, {cores} cores, load average {os.getloadavg()[0]:.1f} at the end.",
        "Made by `python -m tests.bench.buoy_load`.",
        "",
        "| | buoy | Express | promised |",
        "|---|---:|---:|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _found(pattern: str, text: str) -> tuple[str, ...]:
    match = re.search(pattern, text)
    if not match:
        raise ValueError(f"{pattern!r} is not in {text!r}")
    return match.groups()


def _await(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def main() -> None:
    """Measure and print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="write the table into this Markdown file too")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON instead")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, fleet(Path(folder) / "nodes", beat=1.0) as nodes:
        rows = table(nodes)
    print(json.dumps(rows) if asked.json else markdown(rows))
    if asked.write:
        asked.write.write_text(markdown(rows))


if __name__ == "__main__":
    main()
