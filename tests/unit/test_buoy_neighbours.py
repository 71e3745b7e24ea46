"""Claims about how the buoys hear of each other, against a wire that the tests hold in their hands."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from buoy.api import HistoryMark, NodeAnswer
from buoy.board import Board
from buoy.cluster_api import Event, EventsAnswer
from buoy.events import frame
from buoy.neighbours import Neighbour, Neighbours, swarm_tasks
from buoy.texts import moment
from tests.unit.buoy_samples import BACKUP, MASTER, HandClock, answer, router

BEAT = frame("beat", b"{}")


class Wire(httpx.AsyncByteStream):
    """What the other buoy sends, piece by piece; a number of frames, and then the end or an error."""

    def __init__(
        self, *frames: bytes, error: Exception | None = None, between: Callable[[], None] | None = None
    ) -> None:
        self._frames = frames
        self._error = error
        self._between = between or (lambda: None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for one in self._frames:
            yield one
            self._between()
        if self._error:
            raise self._error


def word(said: NodeAnswer) -> bytes:
    return frame("node", said.encode())


def client(wire: Wire, *, status: int = 200, history: tuple[Event, ...] = ()) -> httpx.AsyncClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/events":
            return httpx.Response(200, content=EventsAnswer(events=history).encode())
        return httpx.Response(status, stream=wire)

    return httpx.AsyncClient(transport=httpx.MockTransport(handle))


def neighbour(board: Board, wires: httpx.AsyncClient, clock: HandClock | None = None) -> Neighbour:
    return Neighbour("http://b:3000", board, wires, clock or HandClock())


async def test_what_another_buoy_says_is_on_the_board() -> None:
    board = Board("a", "1")
    async with client(Wire(word(answer("b", router(MASTER))), error=httpx.ReadTimeout(""))) as wires:
        assert await neighbour(board, wires).listen(1)

    heard = board.neighbours["b"]
    assert heard.claims.keys() == {77}
    assert heard.error == "no answer within 1.6 s"


async def test_a_word_that_comes_in_pieces_and_has_odd_line_ends_in_a_text_is_understood() -> None:
    board = Board("a", "1")
    said = answer("b", router(MASTER)).model_copy(update={"buoy_version": "1\u20282\u00853"})
    pieces = (word(said)[:20], word(said)[20:50], word(said)[50:])
    async with client(Wire(*pieces, error=httpx.ReadTimeout(""))) as wires:
        assert await neighbour(board, wires).listen(1)
    assert board.neighbours["b"].claims.keys() == {77}


async def test_the_last_of_several_words_counts_and_a_beat_confirms_it() -> None:
    board, clock = Board("a", "1"), HandClock(10)
    seen: list[tuple[str, float]] = []

    def look() -> None:
        report = board.neighbours["b"]
        seen.append((report.answer.virtual_routers[0].state if report.answer else "", report.heard_at))
        clock.now += 1

    wire = Wire(word(answer("b", router(BACKUP))), word(answer("b", router(MASTER))), BEAT, between=look)
    async with client(wire) as wires:
        await neighbour(board, wires, clock).listen(1)

    assert seen == [("BACKUP", 10), ("MASTER", 11), ("MASTER", 12)]
    assert board.neighbours["b"].claims == {77: 11}


async def test_a_buoy_that_returns_is_reachable_again() -> None:
    board = Board("a", "1")
    async with client(Wire(word(answer("b", router(MASTER))))) as wires:
        other = neighbour(board, wires)
        await other.listen(1)
        gone = board.neighbours["b"].error
        await other.listen(1)

    assert gone == "its buoy ended the conversation"
    assert board.heard.value >= 3


async def test_this_buoy_knows_itself_and_does_not_listen_to_itself() -> None:
    board = Board("a", "1")
    async with client(Wire(word(board.node_answer()))) as wires:
        assert not await neighbour(board, wires).listen(1)

    assert board.neighbours == {}


async def test_a_refusal_and_nonsense_are_said_in_words() -> None:
    board = Board("a", "1")
    async with client(Wire(word(answer("b", router(MASTER))), frame("node", b"{}"))) as wires:
        await neighbour(board, wires).listen(1)
    nonsense = board.neighbours["b"].error
    async with client(Wire(), status=403) as wires:
        other = neighbour(board, wires)
        other_said = await other.listen(1)

    assert nonsense == "its buoy's answer is not understood"
    assert other_said


async def test_transitions_whose_times_have_no_zone_are_not_understood_and_end_nothing() -> None:
    board = Board("a", "1")
    event = Event(time=moment(7), node="a", virtual_router="keepalived", vrid=77, from_="BACKUP", to="MASTER")
    board.post_history((event,))
    zoneless = EventsAnswer(events=(event,)).encode().replace(b'Z"', b'"')
    grown = answer("b", router(MASTER)).model_copy(update={"history": HistoryMark(count=1, last=7)})

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/events":
            return httpx.Response(200, content=zoneless)
        return httpx.Response(200, stream=Wire(word(grown)))

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as wires:
        assert await neighbour(board, wires).listen(1)

    assert board.neighbours["b"].error == "its buoy's answer is not understood"


async def test_another_nodes_history_is_fetched_when_it_has_grown() -> None:
    board = Board("a", "1")
    event = Event(time=moment(7), node="b", virtual_router="keepalived", vrid=77, from_="BACKUP", to="MASTER")
    grown = answer("b", router(MASTER)).model_copy(update={"history": HistoryMark(count=1, last=7)})
    async with client(Wire(word(grown)), history=(event,)) as wires:
        await neighbour(board, wires).listen(1)

    assert board.events == (event,)


async def test_a_buoy_that_left_the_service_is_forgotten_and_a_silent_one_delays_nobody() -> None:
    board = Board("a", "1")
    found = [frozenset({"10.0.0.2", "10.0.0.3"}), frozenset({"10.0.0.3"})]
    looked = asyncio.Event()
    forever = asyncio.Event()

    async def resolve() -> frozenset[str]:
        if len(found) > 1:
            return found.pop(0)
        looked.set()
        return found[0]

    class Endless(Wire):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield word(answer("b", router(MASTER)))
            await forever.wait()

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "10.0.0.3":
            await forever.wait()
        return httpx.Response(200, stream=Endless())

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as wires:
        running = asyncio.create_task(Neighbours(board, wires, resolve, HandClock(), port=3000, interval=0.01).run())
        while "b" not in board.neighbours:
            await board.heard.beyond(board.heard.value, 5)
        await asyncio.wait_for(looked.wait(), 5)
        while "b" in board.neighbours:
            await board.heard.beyond(board.heard.value, 5)
        known = board.neighbour_addresses
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert known == {"10.0.0.3"}


class Resolverless(asyncio.SelectorEventLoop):
    """A loop whose every lookup ends with that error."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    async def getaddrinfo(self, *_: Any, **__: Any) -> Any:
        raise self._error


def looked_up(error: OSError) -> frozenset[str] | None:
    with asyncio.Runner(loop_factory=lambda: Resolverless(error)) as runner:
        return runner.run(swarm_tasks())


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_name_that_nobody_has_means_that_there_are_no_buoys(code: int) -> None:
    assert looked_up(socket.gaierror(code, "Name or service not known")) == frozenset()


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), OSError(errno.EMFILE, "Too many open files")]
)
def test_a_resolver_that_does_not_answer_says_nothing_of_the_other_buoys(error: OSError) -> None:
    assert looked_up(error) is None


async def test_a_buoy_that_was_found_is_listened_to_while_the_resolver_does_not_answer() -> None:
    board = Board("a", "1")
    found = [frozenset({"10.0.0.2"}), None, None]
    looked, forever = asyncio.Event(), asyncio.Event()

    async def resolve() -> frozenset[str] | None:
        if found:
            return found.pop(0)
        looked.set()
        return None

    class Endless(Wire):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield word(answer("b", router(MASTER)))
            await forever.wait()

    async with client(Endless()) as wires:
        running = asyncio.create_task(Neighbours(board, wires, resolve, HandClock(), port=3000, interval=0.01).run())
        while "b" not in board.neighbours:
            await board.heard.beyond(board.heard.value, 5)
        await asyncio.wait_for(looked.wait(), 5)
        kept = (board.neighbours["b"].error, board.neighbour_addresses)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert kept == ("", {"10.0.0.2"})


async def test_a_task_that_was_replaced_does_not_speak_for_the_new_one() -> None:
    board = Board("a", "1")
    said = {"old": answer("b", router(MASTER)), "new": answer("b", router(BACKUP))}
    wires = {"old": iter([Wire(word(said["old"])), Wire()]), "new": iter([Wire(word(said["new"]))])}

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=next(wires[request.url.host]))

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        old, new = (Neighbour(f"http://{host}", board, client, HandClock()) for host in ("old", "new"))
        await old.listen(1)
        await new.listen(1)
        current = board.neighbours["b"]
        await old.listen(1)

    assert board.neighbours["b"] is current


async def test_an_address_that_passes_to_another_nodes_buoy_leaves_no_word_of_the_old_one() -> None:
    board = Board("a", "1")
    wires = iter([Wire(word(answer("b", router(MASTER)))), Wire(word(answer("c", router(MASTER))))])
    clock = HandClock(10)

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=next(wires)))
    ) as client:
        other = neighbour(board, client, clock)
        await other.listen(1)
        clock.now = 20
        await other.listen(1)

    assert board.neighbours.keys() == {"c"}
    assert board.neighbours["c"].claims == {77: 20}
