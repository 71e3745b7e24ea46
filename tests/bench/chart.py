"""PURE: rows -> an SVG: for each fault a bar to the median gap and a whisker to p95, on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from tests.bench.figures import ANCESTOR, PRODUCT, Row

LEFT, WIDTH, LINE, TOP = 210, 560, 15, 64
FROM, TO = 0.001, 10.0
"""Seconds at both ends of the axis; what is shorter is drawn as the shortest."""

COLOURS = ("#0b6e99", "#3a9bc1", "#79bfd9", "#b5dcea")
OLD = "#c8553d"
STYLE = "font-family:system-ui,sans-serif;font-size:12px"


def svg(table: Sequence[Row]) -> str:
    """The whole picture; the faults in the order in which they come."""
    series = _series(table)
    faults = list(dict.fromkeys(row.fault for row in table))
    height = TOP + sum(LINE * len(_of(table, fault)) + 10 for fault in faults) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 70} {height}" style="{STYLE}">',
        '<rect width="100%" height="100%" fill="#fff"/><text x="10" y="20" font-weight="bold">'
        "Client gap by fault: median (bar) and p95 (line); an answer is asked for every 2 ms</text>",
        *_legend(series),
        *_axis(height),
    ]
    y = TOP
    for fault in faults:
        group = _of(table, fault)
        middle = y + LINE * len(group) / 2 + 4
        parts.append(f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end">{escape(fault)}</text>')
        for row in group:
            parts += _bar(row, series[_key(row)], y)
            y += LINE
        y += 10
    return "\n".join([*parts, "</svg>"]) + "\n"


def position(seconds: float) -> float:
    """Pixels from the left for that many seconds."""
    inside = min(max(seconds, FROM), TO)
    return LEFT + WIDTH * math.log(inside / FROM) / math.log(TO / FROM)


def _key(row: Row) -> tuple[str, float]:
    return row.subject, row.interval


def _series(table: Sequence[Row]) -> dict[tuple[str, float], str]:
    ours = sorted({_key(row) for row in table if row.subject == PRODUCT}, key=lambda key: -key[1])
    colours: dict[tuple[str, float], str] = dict(zip(ours, COLOURS, strict=False))
    return colours | {_key(row): OLD for row in table if row.subject == ANCESTOR}


def _of(table: Sequence[Row], fault: str) -> list[Row]:
    return [row for row in table if row.fault == fault and (row.subject == ANCESTOR or _key(row) in _series(table))]


def _legend(series: dict[tuple[str, float], str]) -> list[str]:
    parts = []
    for number, ((subject, interval), colour) in enumerate(series.items()):
        x = 10 + 165 * number
        parts.append(f'<rect x="{x}" y="32" width="11" height="11" fill="{colour}"/>')
        parts.append(f'<text x="{x + 16}" y="42">{escape(subject)}, {interval:g} s</text>')
    return parts


def _axis(height: int) -> list[str]:
    parts = []
    for seconds, label in ((0.001, "≤ 1 ms"), (0.01, "10 ms"), (0.1, "100 ms"), (1.0, "1 s"), (10.0, "10 s")):
        x = position(seconds)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - 20}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 5}" text-anchor="middle" fill="#555">{label}</text>')
    return parts


def _bar(row: Row, colour: str, y: float) -> list[str]:
    median, far = position(row.gap_median), position(row.gap_p95)
    middle = y + LINE / 2 - 1
    return [
        f'<rect x="{LEFT}" y="{y}" width="{max(1.5, median - LEFT):.1f}" height="{LINE - 3}" fill="{colour}"/>',
        f'<line x1="{median:.1f}" y1="{middle}" x2="{far:.1f}" y2="{middle}" stroke="#222"/>',
        f'<text x="{max(median, far) + 5:.1f}" y="{y + LINE - 4}" fill="#555">{row.gap_median * 1000:.0f} ms</text>',
    ]
