"""PURE: what the rounds of a campaign showed -> the lines that people read."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from tests.campaign.choice import Kind, Round
from tests.campaign.leaks import MEBIBYTE, Usage


@dataclass(frozen=True)
class Result:
    """A round whose audits found nothing."""

    round: Round
    settled: float
    """Seconds from the first look at the faulty Swarm until it had its one holder for good."""

    whole: float
    """Seconds from the repair until everything was whole."""

    gap: float
    """The longest silence that the client met, faults, repair and all; seconds."""

    overlap: float
    """The longest time with two holders outside of a partition; seconds."""

    moves: int
    missed: tuple[str, ...] = ()


def line(result: Result) -> str:
    """One round in one line."""
    words = (
        f"{result.round.number:4} {result.round!s:85} "
        f"one holder after {result.settled:4.1f} s, whole after {result.whole:4.1f} s, "
        f"gap {result.gap * 1000:5.0f} ms, two holders {result.overlap * 1000:4.0f} ms, {result.moves} moves"
    )
    return words + "".join(f"\n     {missed}" for missed in result.missed)


def table(results: Sequence[Result]) -> str:
    """Markdown: what rounds with one fault, without load and update, cost the client, by kind of fault."""
    plain = defaultdict(list)
    for result in results:
        if len(result.round.strikes) == 1 and not result.round.load and result.round.update == "none":
            plain[result.round.strikes[0].kind].append(result)
    rows = [_row(kind, plain[kind]) for kind in Kind if plain[kind]]
    return "\n".join(
        ("| fault alone | rounds | median gap | longest gap | longest two holders |", "|---|---|---|---|---|", *rows)
    )


def verdict(seed: int, results: Sequence[Result], *, wanted: int, failed: str = "") -> str:
    """The last line of a campaign."""
    strikes = sum(len(result.round.strikes) for result in results)
    done = f"seed {seed}: {len(results)} of {wanted} rounds passed, {strikes} faults"
    return f"{done}; FAILED: {failed}" if failed else f"{done}, no failed audit"


def usage(before: Mapping[str, Usage], now: Mapping[str, Usage]) -> str:
    """What each part took at first and takes now, on the host where it takes most."""
    words = (
        f"{part} {before[part].memory / MEBIBYTE:.1f} to {now[part].memory / MEBIBYTE:.1f} MiB "
        f"and {before[part].files} to {now[part].files} files"
        for part in sorted({*before} & {*now})
    )
    return "memory without page cache and open files, first to last: " + ", ".join(words)


def logs(logged: Sequence[Mapping[str, int]]) -> str:
    """What the parts of all hosts wrote in a round, at first and at last: means of a third of the rounds each."""
    third = max(1, len(logged) // 3)
    first, last = (
        {part: statistics.mean(round_[part] for round_ in some) for part in {*chain(*some)}}
        for some in (logged[:third], logged[-third:])
    )
    words = (f"{part} {first[part] / 1024:.1f} to {last[part] / 1024:.1f} KiB" for part in sorted({*first} & {*last}))
    return f"logged in a round, mean of the first {third} to that of the last {third}: " + ", ".join(words)


def _row(kind: Kind, results: Iterable[Result]) -> str:
    listed = list(results)
    gaps = [result.gap * 1000 for result in listed]
    overlap = max(result.overlap for result in listed) * 1000
    return f"| {kind} | {len(listed)} | {statistics.median(gaps):.0f} ms | {max(gaps):.0f} ms | {overlap:.0f} ms |"
