"""Other people's programs that the buoy is tested with, from Debian, installed when they are missing.

HAProxy and promtool are taken out of their packages and not installed: those would bring services that start with the
machine.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.lab.packages import SBIN
from tests.lab.plan import CACHE
from tests.lab.shell import LabError, run

APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300")
QUIET = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


def installed(program: str, *packages: str) -> str:
    """The path of the program, of packages without services."""
    if not _found(program):
        _need_apt(program)
        run([*APT, "update"], timeout=300)
        run([*APT, "install", "-y", "--no-install-recommends", *packages], env=QUIET, timeout=900)
    return _found(program) or program


def unpacked(program: str, package: str, *, libraries: bool) -> str:
    """The path of the program, out of its package; `libraries` when it needs those that the package depends on."""
    home = CACHE / "unpacked" / package
    if not (found := _found(program, home)):
        _need_apt(program)
        run([*APT, "update"], timeout=300)
        archive = _download(package, home.with_name(f"{package}.deb.d"))
        if libraries:
            wanted = run(["dpkg-deb", "-f", archive, "Depends"]).stdout.strip()
            run([*APT, "satisfy", "-y", "--no-install-recommends", wanted], env=QUIET, timeout=900)
        run(["dpkg-deb", "-x", archive, home])
        found = _found(program, home)
    return found or program


def _download(package: str, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run([*APT, "download", package], timeout=300, cwd=folder)
    return next(folder.glob("*.deb"))


def _found(program: str, home: Path = Path("/")) -> str | None:
    inside = os.pathsep.join(str(home / place) for place in ("usr/bin", "usr/sbin"))
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SBIN}:{inside}")


def _need_apt(program: str) -> None:
    if not shutil.which("apt-get"):
        raise LabError(f"The buoy's tests need {program}, and there is no apt-get to install it with.")
