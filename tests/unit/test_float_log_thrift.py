"""keepalived's lines under a flood: the first of each kind, and a sum."""

from __future__ import annotations

from float.log_thrift import MOST, WINDOW, LogThrift


def bad_packet(number: int) -> str:
    return f"(VI_1) unicast source address 192.0.2.{number % 250} not a unicast peer"


def test_the_first_lines_of_a_kind_pass_and_the_others_are_summed_up() -> None:
    thrift = LogThrift()
    passed = [thrift.passes(bad_packet(number), 10.0) for number in range(MOST + 70)]
    assert passed.count(True) == MOST
    assert thrift.left_out() == (f"70 more lines like: {bad_packet(MOST + 69)}",)
    assert thrift.left_out() == ()


def test_a_line_of_another_kind_passes_in_the_midst_of_a_flood() -> None:
    thrift = LogThrift()
    for number in range(1000):
        thrift.passes(bad_packet(number), 10.0)
    assert thrift.passes("(VI_1) Entering MASTER STATE", 10.0)


def test_a_new_window_begins_with_the_sum() -> None:
    thrift = LogThrift()
    for number in range(MOST + 1):
        thrift.passes(bad_packet(number), 10.0)
    thrift.left_out()
    assert thrift.passes(bad_packet(1), 10.0 + WINDOW)


def test_lines_that_come_now_and_then_are_never_left_out() -> None:
    thrift = LogThrift()
    assert all(thrift.passes(bad_packet(number), float(number)) for number in range(1000))


def test_kinds_without_end_share_one_count() -> None:
    thrift = LogThrift()
    words = ("".join(letters) for letters in _words())
    assert sum(thrift.passes(word, 10.0) for word in words) <= 1024 + MOST


def _words() -> list[str]:
    letters = "ghijklmnopqr"
    return [a + b + c + d for a in letters for b in letters for c in letters for d in letters]
