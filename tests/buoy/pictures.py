"""The pictures of the dashboard in the README: `python -m tests.buoy.pictures` takes them anew, in a real browser."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from shared.models import VrrpState
from tests.buoy.chromium import Page, chromium
from tests.buoy.fleet import ROOT, Fleet, Told, fleet
from tests.buoy.programs import installed
from tests.lab.shell import run

IMAGES = ROOT / "docs" / "images"
DAY = 86400.0
SIZE = (1120, 950)


def entry(ago: float, before: str, after: str, reason: str = "") -> dict[str, Any]:
    """A transition that many seconds ago."""
    return {"time": time.time() - ago, "from": before, "to": after, "reason": reason}


def tell_the_story(nodes: Fleet) -> None:
    """Last night swarm-1's anchor died and swarm-2 took over; before, swarm-3 had served during an update."""
    night = 0.3 * DAY
    gone = "link: the anchor is gone"
    nodes.record("swarm-3", [entry(3 * DAY, "BACKUP", "MASTER"), entry(2 * DAY, "MASTER", "BACKUP")])
    nodes.record("swarm-1", [entry(2 * DAY - 0.1, "BACKUP", "MASTER"), entry(night - 0.2, "MASTER", "BACKUP", gone)])
    taking = "the master at 192.168.1.11 is demoted (priority 25)"
    nodes.record("swarm-2", [entry(night, "BACKUP", "MASTER", taking)])
    for node in ("swarm-1", "swarm-3"):
        nodes.tell(node, Told(since=round(time.time() - night, 3), master="swarm-2"))
    nodes.tell("swarm-2", Told(VrrpState.MASTER, since=round(time.time() - night, 3), reason=taking))


def main() -> None:
    """Take both."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    program = installed("chromium", "chromium", "fonts-dejavu-core")
    with tempfile.TemporaryDirectory() as folder, fleet(Path(folder) / "nodes") as nodes:
        tell_the_story(nodes)
        with chromium(program, Path(folder) / "chromium") as browser:
            page = Page(browser)
            page.resize(*SIZE)
            page.open(nodes.url("swarm-2"))
            page.seconds_until("document.querySelector('[data-holder]')?.dataset.holder === 'swarm-2'", 20)
            page.seconds_until("document.querySelectorAll('.timeline li').length === 5", 20)
            page.seconds_until("document.getElementById('connection').innerText === 'live'", 20)
            for scheme in ("light", "dark"):
                page.prefer(scheme)
                _keep(IMAGES / f"dashboard-{scheme}.png", page.picture())


def _keep(path: Path, picture: bytes) -> None:
    """Save it with 256 colours: a third of the size, and the eye sees no difference."""
    path.write_bytes(picture)
    run([installed("pngquant", "pngquant"), "--force", "--strip", "--speed", "1", "--output", path, "256", path])


if __name__ == "__main__":
    main()
