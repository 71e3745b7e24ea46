"""Claims about who may hold a stream open."""

from __future__ import annotations

from contextlib import ExitStack

from buoy.seats import MOST_OF_ONE, MOST_STREAMS, Seats

BUOYS = {"10.0.1.2", "10.0.1.3"}
STRANGERS = [f"192.0.2.{number}" for number in range(MOST_STREAMS // MOST_OF_ONE)]


def served(seats: Seats, stack: ExitStack, client: str, asked: int = 1) -> int:
    """How many of the streams that this client asks for it gets, and holds."""
    return sum(stack.enter_context(seats.seat(client, BUOYS)) for _ in range(asked))


def test_one_address_gets_a_part_of_the_streams_and_others_get_theirs() -> None:
    seats = Seats()
    with ExitStack() as stack:
        first = served(seats, stack, "192.0.2.1", 100)
        second = served(seats, stack, "192.0.2.2")

    assert (first, second) == (MOST_OF_ONE, 1)


def test_strangers_that_hold_all_that_there_is_for_them_keep_no_other_buoy_out() -> None:
    seats = Seats()
    with ExitStack() as stack:
        strangers = [served(seats, stack, address, 100) for address in STRANGERS]
        one_more = served(seats, stack, "192.0.2.200")
        buoys = [served(seats, stack, address) for address in BUOYS]

    assert sum(strangers) == MOST_STREAMS
    assert (one_more, buoys) == (0, [1, 1])


def test_the_other_buoys_take_nothing_from_strangers() -> None:
    seats = Seats()
    with ExitStack() as stack:
        for address in BUOYS:
            served(seats, stack, address, 5)

        assert sum(served(seats, stack, address, 100) for address in STRANGERS) == MOST_STREAMS


def test_a_stream_that_ends_makes_room() -> None:
    seats = Seats()
    with ExitStack() as stack:
        served(seats, stack, "192.0.2.1", MOST_OF_ONE)
    with ExitStack() as stack:
        assert served(seats, stack, "192.0.2.1", MOST_OF_ONE) == MOST_OF_ONE
