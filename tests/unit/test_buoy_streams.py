"""Claims about what comes over a stream, and when."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from buoy.board import Board, Signal
from buoy.cluster import ClusterLoop
from buoy.cluster_api import Event
from buoy.events import Streams
from buoy.texts import moment
from tests.unit.buoy_samples import BACKUP, MASTER, HandClock, node, router

SHORT = 0.01
LONG = 60.0


def event(time: float, name: str = "a") -> Event:
    return Event(time=moment(time), node=name, virtual_router="keepalived", vrid=77, from_="BACKUP", to="MASTER")


def board(*events: Event) -> Board:
    made = Board("a", "1")
    made.post_node(node(router(MASTER)))
    made.post_history(events)
    return made


async def frames(stream: AsyncIterator[bytes], count: int) -> list[dict[str, str]]:
    """The next frames, each by its fields."""
    found = [await anext(stream) for _ in range(count)]
    return [dict(line.split(": ", 1) for line in frame.decode().splitlines() if ": " in line) for frame in found]


async def test_a_stream_starts_with_the_last_transitions_the_oldest_first() -> None:
    stream = Streams(board(event(1), event(2), event(3))).events(last_id="", replay=2, beat=LONG)

    _, first, second, change = await frames(stream, 4)

    assert [json.loads(f["data"])["time"][17:19] for f in (first, second)] == ["02", "03"]
    assert change["event"] == "change"


async def test_a_client_that_returns_gets_what_it_missed_and_nothing_twice() -> None:
    stream = Streams(board(event(1), event(2), event(3))).events(last_id=event(1).id, replay=10, beat=LONG)

    _, *missed = await frames(stream, 3)

    assert [f["id"] for f in missed] == [event(2).id, event(3).id]


async def test_a_transition_comes_at_once() -> None:
    known = board(event(1))
    stream = Streams(known).events(last_id="", replay=0, beat=LONG)
    await frames(stream, 2)
    known.post_history((event(1), event(2)))

    new, change = await frames(stream, 2)

    assert (new["id"], change["event"]) == (event(2).id, "change")


async def test_a_late_transition_with_an_earlier_time_is_not_lost() -> None:
    known = board(event(5))
    stream = Streams(known).events(last_id="", replay=0, beat=LONG)
    await frames(stream, 2)
    known.post_neighbour_history("b", (event(4.9, "b"),))

    assert (await frames(stream, 1))[0]["id"] == event(4.9, "b").id


async def test_silence_is_filled_with_beats() -> None:
    stream = Streams(board()).events(last_id="", replay=0, beat=SHORT)

    assert [f.get("event") for f in await frames(stream, 3)] == [None, "change", "beat"]


async def test_the_other_buoys_hear_this_nodes_word_first_and_then_only_when_it_is_another() -> None:
    known = board()
    stream = Streams(known).node(SHORT)
    first, beat = await frames(stream, 2)
    known.post_node(node(router(BACKUP)))

    (second,) = await frames(stream, 1)

    assert [f["event"] for f in (first, beat, second)] == ["node", "beat", "node"]
    assert json.loads(second["data"])["virtualRouters"][0]["state"] == "BACKUP"


async def test_what_many_streams_say_is_made_once() -> None:
    known = board(event(1))
    streams = Streams(known)
    listening = [streams.events(last_id="", replay=0, beat=LONG) for _ in range(2)]
    for stream in listening:
        await frames(stream, 2)
    known.post_history((event(1), event(2)))

    transitions = [await anext(stream) for stream in listening]
    words = [await anext(streams.node(LONG)) for _ in range(2)]

    assert transitions[0] is transitions[1]
    assert words[0] is words[1]


async def test_streams_end_when_the_buoy_ends() -> None:
    streams = Streams(board())
    open_streams = [streams.events(last_id="", replay=0, beat=LONG), streams.node(LONG)]
    for stream in open_streams:
        await frames(stream, 1)

    streams.end()

    rests = [[frame async for frame in stream] for stream in open_streams]
    assert all(len(rest) <= 2 for rest in rests)


async def test_a_signal_wakes_those_that_wait_and_tells_those_that_were_late() -> None:
    signal = Signal()
    signal.bump()

    assert await signal.beyond(0, LONG)
    assert not await signal.beyond(1, SHORT)


async def test_the_view_of_all_nodes_follows_this_nodes_word() -> None:
    known = Board("a", "1")
    loop = ClusterLoop(known, HandClock())
    known.post_node(node(router(BACKUP)))
    loop.assemble()
    before = known.cluster.ok
    known.post_node(node(router(MASTER)))

    loop.assemble()

    assert (before, known.cluster.ok) == (False, True)
    assert known.seen.value > 1
