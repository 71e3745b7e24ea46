"""One Swarm for all tests of this folder, whole again before each."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests.lab import socket_proxy
from tests.lab.cluster import Lab
from tests.lab.faults import ANCHOR, FLOAT
from tests.lab.shell import LabError
from tests.lab.status import table
from tests.swarm.audit import rows
from tests.swarm.repair import repair, repair_swarm, stand_up

NAME = os.environ.get("LAB_NAME", "keepalived-test")
SUBNET = os.environ.get("LAB_SUBNET", "10.89.0.0/24")
"""Another lab beside this one wants both variables."""


@pytest.fixture(scope="session")
def swarm() -> Iterator[Lab]:
    """Three managers that have the images; a lab that was up before the tests is left up after them."""
    lab = Lab(NAME, SUBNET)
    was_up = lab.is_up
    stand_up(lab)
    yield lab
    if not was_up:
        lab.down()


@pytest.fixture
def bare_swarm(swarm: Lab) -> Lab:
    """The Swarm whole, whatever runs on it."""
    repair_swarm(swarm)
    return swarm


@pytest.fixture
def lab(swarm: Lab) -> Lab:
    """The Swarm with the stack deployed, healthy in every respect."""
    repair(swarm)
    return swarm


@pytest.fixture
def holder(lab: Lab) -> str:
    """The host that has the virtual IP."""
    return lab.wait_holder()


@pytest.fixture(autouse=True)
def nothing_denied(request: pytest.FixtureRequest) -> Iterator[None]:
    """Behind a socket proxy a test fails as well when the proxy denied a call."""
    yield
    if socket_proxy.wanted() and "swarm" in request.fixturenames:
        lab: Lab = request.getfixturevalue("swarm")
        hosts = [host for host in lab.hosts_on() if host.answers()]
        assert [f"{host.name}: {call}" for host in hosts for call in socket_proxy.denied(host)] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what the Swarm looked like and what its parts said last."""
    report = yield
    funcargs: dict[str, Any] = getattr(item, "funcargs", {})
    if report.failed and "swarm" in funcargs:
        report.sections.append(("the Swarm when the test failed", _describe(funcargs["swarm"])))
    return report


def _describe(lab: Lab) -> str:
    try:
        logs = [text for host in lab.hosts_on() if host.answers() for text in _last_words(lab, host.name)]
        return "\n".join([table(lab), *logs])
    except (LabError, OSError) as error:
        return f"cannot be told: {error}"


def _last_words(lab: Lab, name: str) -> Iterator[str]:
    host = lab.host(name)
    for row in rows(host):
        if row.service.endswith(ANCHOR) or row.name.startswith(FLOAT):
            logs = host.docker("logs", "--timestamps", "--tail", "25", row.name, check=False, timeout=10)
            yield f"--- {name} {row.name} ({row.status})\n{logs.stdout}{logs.stderr}"
