"""The transitions of the past: read from the float's bounded file, merged over the nodes. Pure, but for one read."""

from __future__ import annotations

import datetime
import heapq
import json
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from buoy.cluster_api import Event
from buoy.texts import moment

LONGEST_LINE = 2048
"""Bytes that a transition takes at most; the file is read from that many times the limit before its end."""


def read_history(path: Path, limit: int) -> tuple[Event, ...]:
    """The last transitions of the file, the oldest first; nothing where there is no file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - limit * LONGEST_LINE))
            return parse(file.read().splitlines(), limit)
    except OSError:
        return ()


def parse(lines: Sequence[bytes], limit: int) -> tuple[Event, ...]:
    """The last transitions of these lines; one that is cut short or makes no sense is left out.

    Only as many lines are read as are needed: the file is read anew with every transition.
    """
    kept = [*islice(filter(None, map(_event, reversed(lines))), limit)]
    kept.reverse()
    return tuple(sorted(kept, key=_when))


def merge(histories: Iterable[Sequence[Event]], limit: int) -> tuple[Event, ...]:
    """The last transitions of all nodes, the newest first, each once."""
    newest_first = heapq.merge(*(reversed(history) for history in histories), key=_when, reverse=True)
    seen: dict[str, Event] = {}
    for event in newest_first:
        seen.setdefault(event.id, event)
        if len(seen) >= limit:
            break
    return tuple(seen.values())


def unseen(events: Sequence[Event], known: Collection[str]) -> tuple[Event, ...]:
    """Of events that come newest first, those whose id is not known yet, the oldest first.

    By id and not by time: the other node's half of a move arrives later, and its clock may be behind.
    """
    return tuple(reversed([event for event in events if event.id not in known]))


def _when(event: Event) -> datetime.datetime:
    return event.time


def _event(line: bytes) -> Event | None:
    try:
        entry = json.loads(line)
        return Event(
            time=moment(float(entry["time"])),
            node=str(entry["node"]),
            virtual_router=str(entry["router"]),
            vrid=entry["vrid"],
            from_=_state(entry["from"]),
            to=_state(entry["to"]),
            reason=str(entry.get("reason") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ValidationError):
        return None


def _state(value: object) -> str:
    return str(value) if value is not None else ""
