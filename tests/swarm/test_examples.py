"""The documents' examples, deployed as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.cluster import Lab
from tests.lab.shell import wait_until
from tests.swarm import example_images, user_services
from tests.swarm.user_services import tasks

pytestmark = pytest.mark.swarm


def test_a_web_service_has_an_address_of_its_own_that_follows_its_tasks(lab: Lab) -> None:
    address = user_services.vip(lab, 55)
    with deployed(lab, "service-vip", WEB_IMAGE=user_services.image(lab), WEB_VIP=address):
        wait_until(lambda: _says(lab, address) is not None, 90, "the web service to answer at its address")
        holder = lab.wait_holder(address)
        lab.host(holder).docker("kill", tasks(lab, "service-vip_web")[holder])
        wait_until(lambda: lab.holders(address) not in ([], [holder]), 10, "another holder", interval=0.02)
        wait_until(lambda: _says(lab, address) is not None, 10, "the web service to answer again", interval=0.05)


def test_behind_the_ingress_services_see_the_clients_real_address(lab: Lab, tmp_path: Path) -> None:
    address = user_services.vip(lab, 56)
    images = {"HAPROXY_IMAGE": example_images.haproxy(lab, tmp_path), "WHOAMI_IMAGE": user_services.image(lab)}
    with deployed(lab, "ingress", INGRESS_VIP=address, **images):
        wait_until(lambda: _says(lab, address) == f"{lab.plan.gateway}\n", 90, "the client's own address")
        assert lab.wait_holder(address) in tasks(lab, "ingress_proxy")


@contextmanager
def deployed(lab: Lab, name: str, **env: str) -> Iterator[None]:
    """The example as a stack of that name, for the length of a `with`."""
    finished = lab.deploy(env, compose_files=(f"docs/examples/{name}.yml",), stack=name)
    assert finished.returncode == 0, finished.stderr
    assert "unsupported" not in finished.stderr
    try:
        yield
    finally:
        lab.remove_stack(name)


def _says(lab: Lab, address: str) -> str | None:
    """What a client in the LAN gets from port 80 of the address; None when it gets nothing good."""
    try:
        status, body = lab.http(address, "/", port=80, timeout=2)
    except OSError:
        return None
    return body if status == 200 else None
