"""The programs and the three nodes that the buoy's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.buoy.chromium import Browser, Page, chromium
from tests.buoy.fleet import Fleet, fleet
from tests.buoy.programs import installed, unpacked


@pytest.fixture(scope="session")
def promtool() -> str:
    """Debian's promtool."""
    return unpacked("promtool", "prometheus", libraries=False)


@pytest.fixture(scope="session")
def prometheus() -> str:
    """Debian's Prometheus."""
    return unpacked("prometheus", "prometheus", libraries=False)


@pytest.fixture(scope="session")
def haproxy() -> str:
    """Debian's HAProxy."""
    return unpacked("haproxy", "haproxy", libraries=True)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One headless Chromium for all tests."""
    program = installed("chromium", "chromium", "fonts-dejavu-core")
    with chromium(program, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of 1280 by 900 pixels."""
    page = Page(browser)
    yield page
    page.close()


@pytest.fixture(scope="session")
def three_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Started once."""
    with fleet(tmp_path_factory.mktemp("nodes")) as nodes:
        yield nodes


@pytest.fixture
def nodes(three_nodes: Fleet) -> Fleet:
    """Three nodes where all is well; swarm-1 holds the VIPs."""
    three_nodes.reset()
    return three_nodes
