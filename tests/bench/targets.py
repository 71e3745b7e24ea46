"""PURE: what was promised for each kind of fault, and whether a row of figures keeps it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.bench.figures import Row, limit

HEIR = 229
"""Priority of the node that follows the holder, one rung below the top."""

DEFAULT_INTERVAL = 0.1
FAST_INTERVAL = 0.01
LINK_TIMEOUT = 3.0
SILENT = ("power cut", "kernel dead", "cable out")


@dataclass(frozen=True)
class Target:
    """A sentence of the promise, and the test of it."""

    words: str
    is_met: Callable[[Row], bool]


def verdicts(row: Row) -> list[tuple[str, bool]]:
    """Each target of that fault at that interval, and whether it is met; none where nothing was promised."""
    found = _AT_ANY.get(row.fault, ())
    if row.interval == DEFAULT_INTERVAL:
        found = (*_AT_DEFAULT.get(row.fault, ()), *found)
    if row.interval == FAST_INTERVAL and row.fault in SILENT:
        found = (*found, Target("median ≤ 60 ms", lambda r: r.gap_median <= 0.06))
    return [(target.words, target.is_met(row)) for target in found]


def _at_most(value: float | None, bound: float) -> bool:
    return (math.inf if value is None else value) <= bound


_SOFT = (
    Target("median 0 lost", lambda r: r.lost_median == 0),
    Target("p95 ≤ 10 ms", lambda r: r.gap_p95 <= 0.01),
)


def _leaves_softly(within: float) -> tuple[Target, ...]:
    return (*_SOFT, Target(f"moved within {within:g} s", lambda r: _at_most(r.moved_max, within)))


_SILENT_DEATH = (
    Target("median ≤ 0.35 s", lambda r: r.gap_median <= 0.35),
    Target("≤ 1.15 times the limit", lambda r: r.gap_median <= 1.15 * limit(r.interval, HEIR)),
)
_ENGINE_DEATH = (
    Target("median ≤ 20 ms", lambda r: r.gap_median <= 0.02),
    Target("two holders ≤ 0.3 s", lambda r: r.overlap_max <= 0.3),
)
_STAYS = (
    Target("0 moves", lambda r: r.moves_max == 0),
    Target("0 lost", lambda r: r.lost_max == 0),
)
_AT_DEFAULT: Mapping[str, tuple[Target, ...]] = {
    **dict.fromkeys(SILENT, _SILENT_DEATH),
    "partition": (Target("one master within 0.3 s of the healing", lambda r: r.met_again_max <= 0.3),),
    "anchor killed": _leaves_softly(1.0),
    "anchor hung": _leaves_softly(LINK_TIMEOUT + 1.0),
    "node drained": _leaves_softly(1.0),
    "float stopped": _leaves_softly(1.0),
    "float replaced": (*_SOFT, Target("at most 2 moves", lambda r: r.moves_max <= 2)),
    "handover asked for": _SOFT,
    "required check fails": (
        Target("median ≤ 20 ms", lambda r: r.gap_median <= 0.02),
        Target("p95 ≤ 60 ms", lambda r: r.gap_p95 <= 0.06),
    ),
    **{f"keepalived killed ({which})": _ENGINE_DEATH for which in ("parent", "child", "both")},
}
_AT_ANY: Mapping[str, tuple[Target, ...]] = {
    "float killed": (
        Target("a new float within 1.5 s", lambda r: _at_most(r.back_max, 1.5)),
        Target("no second holder after 1.5 s", lambda r: r.second_max <= 1.5),
    ),
    "node's containers killed": (Target("its VIP gone within 4 s", lambda r: _at_most(r.gone_max, 4.0)),),
    "anchors updated": (Target("0 moves", lambda r: r.moves_max == 0),),
    "all anchors killed": _STAYS,
    "only manager's anchor killed": _STAYS,
}
