"""PURE: one line of keepalived's notify FIFO -> the transition that it tells of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.models import VrrpState

_LINE = re.compile(r'^INSTANCE "(?P<name>[^"]+)" (?P<state>[A-Z]+) (?P<priority>\d{1,3})$')
_STATES = {
    "MASTER": VrrpState.MASTER,
    "BACKUP": VrrpState.BACKUP,
    "FAULT": VrrpState.FAULT,
    "STOP": VrrpState.INIT,
}
"""DELETED is not among them: it is the end of a name, and the instance may go on under another."""


@dataclass(frozen=True)
class Notice:
    """One transition as keepalived told it."""

    router: str
    state: VrrpState
    priority: int


def parse_line(line: str) -> Notice | None:
    """The transition in one line of the FIFO, or None where it tells of something else (keepalived.conf(5))."""
    match = _LINE.match(line.strip())
    if not match or match["state"] not in _STATES:
        return None
    return Notice(match["name"], _STATES[match["state"]], int(match["priority"]))
