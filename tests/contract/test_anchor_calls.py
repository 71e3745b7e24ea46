"""What the anchor asks of Docker is what the socket proxy's configuration lets through."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from anchor.connection import Connection
from anchor.engine import Engine
from anchor.swarm import Docker
from tests.contract.anchor_calls import CALLS, ask_everything
from tests.contract.paper_engine import PaperEngine, paper_engine
from tests.docs.socket_proxy import allowed

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[PaperEngine]:
    with paper_engine(tmp_path / "docker.sock") as engine:
        yield engine
    gc.collect()


def test_every_method_of_the_door_is_called_here() -> None:
    methods = {name for name in vars(Engine) if not name.startswith("_")}
    assert methods - {"events", "end_events"} == set(CALLS)


async def test_the_proxy_lets_through_what_the_door_asks_and_has_no_line_that_it_does_not_need(
    engine: PaperEngine,
) -> None:
    docker = Docker(Connection(f"unix://{engine.socket}"))
    await ask_everything(engine, docker)

    asked = [(method, urlsplit(url)) for method, url, _ in engine.asked]
    through = [
        [c for c in allowed() if c.method == method and c.pattern.fullmatch(url.path) and c.parameter in url.query]
        for method, url in asked
    ]
    assert [call for call, rules in zip(asked, through, strict=True) if len(rules) != 1] == []
    assert {rule for rules in through for rule in rules} == set(allowed())
