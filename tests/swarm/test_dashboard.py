"""The dashboard as an operator sees it: a real browser on the LAN, through the virtual IP, through a failover."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.buoy.chromium import Page, chromium
from tests.buoy.programs import installed
from tests.lab.cluster import Lab
from tests.lab.observe import BUOY_PORT
from tests.swarm.audit import SLACK, assert_healthy
from tests.swarm.moves import taken_over

pytestmark = pytest.mark.swarm

PROMISE = 1.0
"""Seconds after a failover until the page shows the new holder."""


@pytest.fixture
def page(lab: Lab, tmp_path: Path) -> Iterator[Page]:
    """A window of a browser in the client's namespace."""
    program = installed("chromium", "chromium", "fonts-dejavu-core")
    on_the_lan = tmp_path / "chromium-on-the-lan"
    on_the_lan.write_text(f'#!/bin/sh\nexec ip netns exec {lab.plan.lan_namespace} {program} "$@"\n')
    on_the_lan.chmod(0o700)
    with chromium(str(on_the_lan), tmp_path / "profile") as browser:
        page = Page(browser)
        yield page
        page.close()


def test_the_page_behind_the_vip_shows_the_holder_and_after_a_failover_the_new_one(
    lab: Lab, holder: str, page: Page
) -> None:
    page.open(f"http://{lab.vip}:{BUOY_PORT}/")
    page.seconds_until(_held_by(holder), 5)

    with lab.watch_addresses() as watch:
        struck = lab.kill_keepalived(holder, "parent")  # an anchor that Swarm has just replaced may die without a move
        heir = taken_over(lab, watch, since=struck, besides=holder, within=5)
        waited = page.seconds_until(_held_by(heir), 10)

    assert waited <= PROMISE + SLACK
    assert_healthy(lab)


def _held_by(node: str) -> str:
    return f"document.querySelector('[data-holder]')?.dataset.holder === '{node}'"
