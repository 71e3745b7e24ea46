"""PURE: rows -> an SVG: for each fault a bar to the median gap and a whisker to p95, on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from tests.bench.figures import ANCESTOR, PRODUCT, Row, limit
from tests.bench.targets import HEIR, SILENT

LEFT, WIDTH, RIGHT = 215, 560, 175
LINE, SPACE, TOP, FOOT = 16, 9, 70, 26
FROM, TO = 0.001, 10.0
"""Seconds at both ends of the axis; what is shorter is drawn as the shortest."""

STYLE = """\
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .small { font-size: 12px; fill: #59636e }
  .title { font-size: 15px; font-weight: 600 }
  .paper { fill: #ffffff }
  .grid { stroke: #d1d9e0 }
  .ours { fill: #0b6e99 } .old { fill: #d1694b }
  .whisker { stroke: #1f2328; stroke-width: 1.5 }
  .limit { stroke: #8250df; stroke-width: 2.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .small { fill: #9198a1 }
    .paper { fill: #0d1117 }
    .grid { stroke: #3d444d }
    .ours { fill: #3fa7d6 } .old { fill: #e58b6f }
    .whisker { stroke: #f0f6fc }
    .limit { stroke: #bc8cff }
  }"""


def svg(table: Sequence[Row]) -> str:
    """The whole picture: the faults at the default interval in the order in which they come; silence at the others."""
    groups = _groups(table)
    height = TOP + sum(LINE * len(group) + SPACE for _, group in groups) + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}" role="img">',
        f"<style>\n{STYLE}\n</style>",
        '<rect class="paper" width="100%" height="100%" rx="6"/>',
        '<text class="title" x="12" y="24">What the client of the virtual IP meets: the longest silence</text>',
        *_legend(),
        *_axis(height),
    ]
    y = TOP
    for name, group in groups:
        middle = y + LINE * len(group) / 2 + 4
        parts.append(f'<text x="{LEFT - 10}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>')
        for row in group:
            parts += _bar(row, y)
            y += LINE
        y += SPACE
    return "\n".join([*parts, "</svg>"]) + "\n"


def position(seconds: float) -> float:
    """Pixels from the left for that many seconds."""
    inside = min(max(seconds, FROM), TO)
    return LEFT + WIDTH * math.log(inside / FROM) / math.log(TO / FROM)


def _groups(table: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """A name and its bars: ours at the slowest interval beside plain keepalived; then silent deaths at the others."""
    ours = [row for row in table if row.subject == PRODUCT]
    first = max((row.interval for row in ours), default=0.0)
    main = [row for row in table if row.subject == ANCESTOR or row.interval == first]
    faults = dict.fromkeys(row.fault for row in sorted(main, key=lambda row: row.subject == ANCESTOR))
    groups = [(fault, [row for row in main if row.fault == fault]) for fault in faults]
    faster = [row for row in ours if row.interval != first and row.fault in SILENT]
    return groups + [(f"{row.fault}, {row.interval:g} s", [row]) for row in faster]


def _legend() -> list[str]:
    parts = []
    entries = (("ours", f"{PRODUCT} (0.1 s, or as said)"), ("old", f"{ANCESTOR} (1 s, pgrep)"))
    for number, (name, words) in enumerate(entries):
        x = 12 + 225 * number
        parts.append(f'<rect class="{name}" x="{x}" y="38" width="12" height="12" rx="2"/>')
        parts.append(f'<text x="{x + 18}" y="49">{escape(words)}</text>')
    parts.append(
        '<line class="whisker" x1="470" y1="44" x2="494" y2="44"/><text x="500" y="49">bar: median, to p95</text>'
    )
    parts.append(
        '<line class="limit" x1="655" y1="37" x2="655" y2="51"/><text x="663" y="49">the protocol\'s limit</text>'
    )
    return parts


def _axis(height: int) -> list[str]:
    parts = []
    for seconds, label in ((0.001, "0"), (0.01, "10 ms"), (0.1, "100 ms"), (1.0, "1 s"), (10.0, "10 s")):
        x = position(seconds)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - FOOT}"/>')
        parts.append(f'<text class="small" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{label}</text>')
    return parts


def _bar(row: Row, y: float) -> list[str]:
    median, far = position(row.gap_median), position(row.gap_p95)
    middle = y + LINE / 2 - 1
    colour = "ours" if row.subject == PRODUCT else "old"
    width = max(2.0, median - LEFT)
    parts = [
        f'<rect class="{colour}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{LINE - 3}" rx="2"/>',
        f'<line class="whisker" x1="{median:.1f}" y1="{middle}" x2="{far:.1f}" y2="{middle}"/>',
    ]
    edge = max(median, far)
    if row.fault in SILENT:
        x = position(limit(row.interval, HEIR if row.subject == PRODUCT else 90))
        parts.append(f'<line class="limit" x1="{x:.1f}" y1="{y - 1}" x2="{x:.1f}" y2="{y + LINE - 2}"/>')
        edge = max(edge, x)
    words = f"{_seconds(row.gap_median)}, p95 {_seconds(row.gap_p95)}"
    return [*parts, f'<text class="small" x="{edge + 6:.1f}" y="{y + LINE - 4}">{words}</text>']


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"
