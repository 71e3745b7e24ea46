"""What the documents refer to is there: links, headings, paths of the buoy, stack files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from buoy.app import build
from buoy.board import Board
from buoy.cluster_routes import ClusterRoutes
from buoy.events import Streams
from buoy.identity import OwnContainer
from buoy.page import Page
from buoy.routes import NodeRoutes
from tests.docs.pages import PAGES, blocks
from tests.docs.stack_files import STACK_FILES
from tests.lab.plan import REPOSITORY
from tests.unit.buoy_samples import HandClock

LINK = re.compile(r"\]\(([^)\s]+)\)")
SECTIONS = {"version", "services", "networks", "volumes", "configs", "secrets"}


def buoys_paths() -> set[str]:
    """Every path that the buoy answers, by its OpenAPI document."""
    clock, board = HandClock(), Board("a", "9.9")
    page, streams = Page(clock), Streams(board)
    node = NodeRoutes(board, OwnContainer(clock), page, streams).router()
    return set(build((node, ClusterRoutes(board, streams).router()), page, "9.9").openapi()["paths"])


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_somewhere(page: str) -> None:
    targets = [target for target in LINK.findall(PAGES[page]) if "://" not in target]

    assert [target for target in targets if not _leads_somewhere(target, REPOSITORY / page)] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_footnote_is_there_and_used(page: str) -> None:
    text = PAGES[page]
    explained = re.findall(r"^\[\^(\w+)\]: ", text, re.MULTILINE)

    assert len(explained) == len(set(explained))
    assert set(re.findall(r"\[\^(\w+)\](?!: )", text)) == set(explained)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_path_of_the_buoy_is_one(page: str) -> None:
    asked = re.findall(r":(?:8082|3000)(/[\w/.-]*)", PAGES[page])

    assert set(asked) <= buoys_paths()


def test_every_path_of_the_buoy_is_explained() -> None:
    page = PAGES["docs/monitoring.md"]

    assert [path for path in buoys_paths() if f"`{path}`" not in page] == []


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_every_stack_file_is_one(path: Path) -> None:
    stack = yaml.safe_load(path.read_text())

    assert set(stack) <= SECTIONS
    assert stack["services"]
    files = [each["file"] for each in stack.get("configs", {}).values()]
    places = (path.parent, REPOSITORY)  # Docker looks beside the first file of a deploy
    assert [name for name in files if not any((place / name).exists() for place in places)] == []


def test_every_example_is_named_by_a_page() -> None:
    names = [path.name for path in (REPOSITORY / "docs" / "examples").iterdir()]
    text = "".join([*PAGES.values(), *(path.read_text() for path in STACK_FILES)])

    assert [name for name in names if f"examples/{name}" not in text and f"./{name}" not in text] == []


def test_every_block_of_yaml_is_yaml() -> None:
    for block in blocks():
        if block.language in ("yaml", "yml"):
            assert yaml.safe_load(block.text)


def _leads_somewhere(target: str, page: Path) -> bool:
    file, _, heading = target.partition("#")
    path = (page.parent / file).resolve() if file else page
    return path.exists() and (not heading or heading in _headings(path))


def _headings(path: Path) -> set[str]:
    """What GitHub makes of them in addresses."""
    found = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}
