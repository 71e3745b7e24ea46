"""News as they come: server-sent events of the transitions, and of this node for the other buoys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from functools import partial

from buoy.board import Board
from buoy.cluster_api import Event
from buoy.history import unseen
from buoy.memo import Memo
from buoy.seats import Seats


class Streams:
    """Every open stream of this buoy; bounded, and ended when the buoy ends."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._seats = Seats()
        self._ended = False
        self._word = Memo[bytes]()
        self._ids = Memo[frozenset[str]]()
        self._news = Memo[tuple[bytes, ...]]()

    def seat(self, client: str) -> AbstractContextManager[bool]:
        """Whether one more is not too many for this client; what it is given ends with the block."""
        return self._seats.seat(client, self._board.neighbour_addresses)

    def end(self) -> None:
        """Let all streams end; called when the buoy stops."""
        self._ended = True
        self._board.seen.bump()
        self._board.told.bump()

    async def node(self, beat: float) -> AsyncIterator[bytes]:
        """This node's own word, whenever it is another; what the other buoys listen to."""
        told = -1
        while not self._ended:
            changed = await self._board.told.beyond(told, beat)
            told = self._board.told.value
            yield self._node_now() if changed else frame("beat", b"{}")

    async def events(self, *, last_id: str, replay: int, beat: float) -> AsyncIterator[bytes]:
        """What was missed since the event of that id (without one: the last few), then all that is new.

        `transition` is one transition; `change` says that the view of all nodes is another; `beat` that nothing is new.
        """
        known = _known(self._board.events, last_id, replay)
        seen = -1
        yield b"retry: 1000\n\n"
        while not self._ended:
            changed = await self._board.seen.beyond(seen, beat)
            seen, events = self._board.seen.value, self._board.events
            if changed:
                for transition in self._news.made(partial(_transitions, events, known), events, known):
                    yield transition
                known = self._ids.made(partial(_ids, events), events)
            yield frame("change" if changed else "beat", b'{"revision":%d}' % seen)

    def _node_now(self) -> bytes:
        made_from = self._board.node, self._board.own_history
        return self._word.made(lambda: frame("node", self._board.node_answer().encode()), *made_from)


def _known(events: Sequence[Event], last_id: str, replay: int) -> frozenset[str]:
    """The ids of all events that are not to be sent."""
    ids = [event.id for event in events]
    return frozenset(ids[ids.index(last_id) if last_id in ids else replay :])


def _ids(events: Sequence[Event]) -> frozenset[str]:
    return frozenset(event.id for event in events)


def _transitions(events: Sequence[Event], known: frozenset[str]) -> tuple[bytes, ...]:
    return tuple(frame("transition", event.encode(), event.id) for event in unseen(events, known))


def frame(kind: str, data: bytes, event_id: str = "") -> bytes:
    """One server-sent event."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {kind}\n".encode() + b"data: " + data + b"\n\n"
