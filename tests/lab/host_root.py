"""The root file system that the hosts see, and with it their engine: this machine's, or that of a newer Debian."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from tests.lab import cache
from tests.lab.plan import CACHE
from tests.lab.shell import LabError, run

VARIABLE = "LAB_ENGINE"
MACHINE = "machine"
SUITES = ("trixie",)
"""Debian's releases whose `docker.io` may be asked for: trixie has 26.1."""

PACKAGES = (
    "docker-cli",
    "docker-compose",
    "docker.io",
    "iproute2",
    "iptables",
    "keepalived",
    "libpython3-stdlib",
    "procps",
    "python3-minimal",
)
"""The engine, Compose, and what the tests call inside a host."""


def chosen() -> str:
    """The engine of a lab that is made now: LAB_ENGINE, by default this machine's. Raises LabError."""
    engine = os.environ.get(VARIABLE) or MACHINE
    if engine not in (MACHINE, *SUITES):
        raise LabError(f"{VARIABLE}={engine}: one of {', '.join((MACHINE, *SUITES))}")
    return engine


def folder(engine: str) -> Path:
    """Where that engine's root file system is, or will be; its name changes with what is in it."""
    if engine == MACHINE:
        return Path("/")
    contents = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:16]
    return CACHE / f"root-{engine}-{contents}"


def compose(engine: str) -> list[str | Path]:
    """The words that run the `docker-compose` of that engine's release: of trixie's it is Compose v2."""
    if engine == MACHINE:
        return ["docker-compose"]
    loader, library = (next(folder(engine).glob(f"usr/lib/*/{name}")) for name in ("ld-linux-*", "libc.so.6"))
    program = folder(engine) / "usr/libexec/docker/cli-plugins/docker-compose"
    return [loader, "--library-path", library.parent, program]


def ensure(engine: str) -> None:
    """It is there; made in a minute or two if it was not."""
    with cache.alone():
        if not folder(engine).exists():
            _make(engine, folder(engine))


def _make(suite: str, finished: Path) -> None:
    """In a mount namespace, so that what an interrupted run had mounted in the folder is gone when that is removed."""
    unfinished = finished.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    include = f"--include={','.join(PACKAGES)}"
    run(["unshare", "--mount", "mmdebstrap", "--variant=minbase", include, suite, unfinished], timeout=900)
    unfinished.rename(finished)
