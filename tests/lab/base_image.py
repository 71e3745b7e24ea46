"""A stand-in for `debian:trixie-slim` made from Debian's packages, for machines that can pull no public image."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from tests.lab import cache
from tests.lab.engine import Engine
from tests.lab.plan import CACHE
from tests.lab.shell import run

NAME = "debian:trixie-slim"
SUITE = "trixie"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PASSED_ON = ("cert", "index-url", "proxy", "trusted-host")


def ensure(engine: Engine) -> None:
    """The engine has the image, made with this machine's certificates and its way to PyPI."""
    pip_configuration = _pip_configuration()
    key = _key(pip_configuration)
    known_as = f"keepalived-lab-base:{key}"
    if engine.docker("image", "inspect", known_as, check=False).returncode == 0:
        engine.docker("tag", known_as, NAME)
        return
    archive = CACHE / f"base-{key}.tar"
    with cache.alone():
        if not archive.exists():
            _make(archive, pip_configuration)
    engine.docker("import", "--change", 'CMD ["bash"]', str(archive), known_as, timeout=300)
    engine.docker("tag", known_as, NAME)


def _make(archive: Path, pip_configuration: str) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob("base-*.tar"):
        old.unlink()
    unfinished = archive.with_suffix(".new.tar")
    pip_conf = CACHE / "pip.conf"
    pip_conf.write_text(pip_configuration)
    hooks = [f"--customize-hook=upload {pip_conf} /etc/pip.conf"]
    if CERTIFICATES.exists():
        hooks.append(f"--customize-hook=upload {CERTIFICATES} {CERTIFICATES}")
    apart = ["unshare", "--mount"]  # what it mounts while it works goes with it, also when it is cut short
    make: list[str | Path] = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates", *hooks, SUITE, unfinished]
    run([*apart, *make], timeout=600)
    unfinished.rename(archive)


def _key(pip_configuration: str) -> str:
    """Changes when what goes into the image from this machine changes."""
    recipe = Path(__file__).read_bytes()
    certificates = CERTIFICATES.read_bytes() if CERTIFICATES.exists() else b""
    return hashlib.sha256(recipe + certificates + pip_configuration.encode()).hexdigest()[:16]


def _pip_configuration() -> str:
    """The settings with which this machine's pip reaches PyPI, without those that name local files."""
    listed = run([sys.executable, "-m", "pip", "config", "list"], check=False, env={**os.environ, "LC_ALL": "C"})
    settings: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in _PASSED_ON:
            settings[option] = value.strip("'\"")
    if settings.get("cert", str(CERTIFICATES)) != str(CERTIFICATES):
        del settings["cert"]
    return "\n".join(["[global]", *(f"{option} = {value}" for option, value in sorted(settings.items())), ""])
