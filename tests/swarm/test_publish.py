"""The images as a person publishes them: built and pushed as `$VERSION`, then as `latest`, pulled back, and run.

With LAB_ENGINE=trixie by Compose v2, else by this machine's `docker-compose`.
"""

from __future__ import annotations

import pytest

from tests.lab import images
from tests.lab.cluster import Lab
from tests.lab.plan import REPOSITORY
from tests.lab.shell import run

pytestmark = pytest.mark.swarm

VERSION = "0.0.1-test"
SAY_RELEASE = "from importlib.metadata import version; print(version('docker-keepalived-swarm'))"


def test_what_was_pushed_as_the_version_and_as_latest_can_be_pulled_and_run(bare_swarm: Lab) -> None:
    namespace = f"{bare_swarm.registry}/published"
    host = bare_swarm.host("h1")
    pushed = [{"REGISTRY": namespace, "VERSION": version} for version in (VERSION, "latest")]

    for names in pushed:
        images.build_and_push(bare_swarm.plan, names)

    for names in pushed:
        for reference in images.references(names):
            host.docker("pull", "-q", reference, timeout=120)
    anchor, float_image, buoy = images.references(pushed[0])
    everything = [reference for names in pushed for reference in images.references(names)]
    release = run([REPOSITORY / ".ci" / "version"]).stdout
    assert {_release(bare_swarm, reference) for reference in everything} == {release}
    assert _label(bare_swarm, float_image, "org.opencontainers.image.version") == VERSION
    assert "KEEPALIVED_VIRTUAL_IPS" in _complaint(bare_swarm, anchor)
    assert "doctor" in host.docker("run", "--rm", float_image, "--help").stdout
    assert "KEEPALIVED_BUOY_PORT" in _complaint(bare_swarm, buoy, "-e", "KEEPALIVED_BUOY_PORT=no")


def _label(lab: Lab, reference: str, label: str) -> str:
    form = f'{{{{index .Config.Labels "{label}"}}}}'
    return lab.host("h1").docker("image", "inspect", "--format", form, reference).stdout.strip()


def _release(lab: Lab, reference: str) -> str:
    """What the code in the image says of itself: the anchor in its log, the float's status, the buoy's /version."""
    python = ["--entrypoint", "/opt/keepalived/bin/python", reference, "-I", "-c", SAY_RELEASE]
    return lab.host("h1").docker("run", "--rm", *python).stdout


def _complaint(lab: Lab, reference: str, *options: str) -> str:
    finished = lab.host("h1").docker("run", "--rm", *options, reference, check=False, timeout=60)
    assert finished.returncode == 2
    return finished.stdout + finished.stderr
