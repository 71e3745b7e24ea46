"""What the lab needs of the machine: root on Linux, and Debian packages that it installs when they are missing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.lab.shell import LabError, run

PROGRAMS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "docker-compose": "docker-compose",
    "docker-registry": "docker-registry",
    "iptables": "iptables",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "keepalived": "keepalived",
    "tcpdump": "tcpdump",
    "arping": "iputils-arping",
    "ps": "procps",
    "nsenter": "util-linux",
    "openssl": "openssl",
}
POLICY = Path("/usr/sbin/policy-rc.d")
SBIN = "/usr/sbin:/sbin"


def why_not_here() -> str | None:
    """The sentence that says why no lab can run on this machine, or None."""
    if sys.platform != "linux":
        return "The lab needs Linux: its hosts are network, mount and process namespaces."
    if os.geteuid() != 0:
        return "The lab needs root: its hosts are namespaces with a Docker engine each."
    return None


def missing() -> list[str]:
    """The Debian packages of the programs that are not there, sorted."""
    path = f"{os.environ.get('PATH', '')}:{SBIN}"
    return sorted({package for program, package in PROGRAMS.items() if not shutil.which(program, path=path)})


def ensure() -> None:
    """Installs what is missing without letting a new package start a service."""
    wanted = missing()
    if not wanted:
        return
    if not shutil.which("apt-get"):
        raise LabError(f"The lab needs {', '.join(wanted)}, and there is no apt-get to install them with.")
    held_back = _forbid_services()
    try:
        _install(wanted)
    finally:
        if held_back:
            POLICY.unlink(missing_ok=True)


def _install(packages: list[str]) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    patient = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
    run([*patient, "update"], env=quiet, timeout=300)
    run([*patient, "install", "-y", "--no-install-recommends", *packages], env=quiet, timeout=900)


def _forbid_services() -> bool:
    """Debian's own switch against post-install starts; True if it is ours to take away again."""
    if POLICY.exists():
        return False
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    return True
