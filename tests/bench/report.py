"""PURE: everything that was measured -> docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.figures import ANCESTOR, PRODUCT, Row, Trial, limit, rows
from tests.bench.growth import Size
from tests.bench.idle import Appetite

SILENT = ("power cut", "cable out")
HEIR = 229
"""Priority of the node that follows the holder, one rung below the top."""


@dataclass
class Findings:
    """All of a run, as far as it came."""

    machine: dict[str, str] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    appetites: list[Appetite] = field(default_factory=list)
    false_failovers: dict[str, int] = field(default_factory=dict)
    """By advert interval."""

    sizes: list[Size] = field(default_factory=list)


def markdown(findings: Findings) -> str:
    """The whole document."""
    table = rows(findings.trials)
    intervals = sorted({row.interval for row in table if row.subject == PRODUCT}, reverse=True)
    sections = [
        _HEAD,
        *(_section(f"This project, an advert every {a:g} s", _of(table, PRODUCT, a)) for a in intervals),
        _section("Plain keepalived, an advert a second, `pgrep` a second", _of(table, ANCESTOR, 1.0)),
        _limits(table),
        _appetite(findings),
        _growth(findings.sizes),
        _machine(findings.machine),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


_HEAD = """\
# Benchmarks

Made by `make bench` on a real Docker Swarm of three managers, each host a set of namespaces with a Docker engine of
its own, all on one machine (see the end). A client on the same segment asks the virtual IP every 2 ms; an answer later
than 20 ms counts as missing. The host that holds the virtual IP meets the fault. All figures of one run; do not expect
the same from another machine.

- **gap**: the longest silence that the client met from the fault until the virtual IP had settled.
- **moved**: from the fault until another host had the address.
- **two holders**: how long more than one host had the address (both sides of a partition are meant to have one).
- **on return**: the longest silence while the fault was undone (power back, cable in, node active again).
- **redundant**: until every host could take over again; from the fault, or from its undoing where somebody undoes it.

![Client gap by fault](benchmarks.svg)"""


def _of(table: Iterable[Row], subject: str, interval: float) -> list[Row]:
    return [row for row in table if row.subject == subject and row.interval == interval]


def _section(title: str, table: Sequence[Row]) -> str:
    if not table:
        return ""
    columns = "fault|trials|gap median|p95|max|moved after|two holders, median|max|on return, max|redundant"
    header = f"| {' | '.join(columns.split('|'))} |"
    return "\n".join([f"## {title}", "", header, "|---|" + "---:|" * 9, *(_row(row) for row in table)])


def _row(row: Row) -> str:
    moved = "stays" if row.moved_median is None else _ms(row.moved_median)
    cells = (
        row.fault,
        str(row.trials),
        _ms(row.gap_median),
        _ms(row.gap_p95),
        _ms(row.gap_max),
        moved,
        _ms(row.overlap_median),
        _ms(row.overlap_max),
        _ms(row.returned_max),
        f"{row.whole_median:.1f} s",
    )
    return f"| {' | '.join(cells)} |"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _limits(table: Iterable[Row]) -> str:
    """A silent death beside what VRRP itself allows: no BACKUP may act earlier than three intervals and its skew."""
    silent = [row for row in table if row.fault in SILENT]
    if not silent:
        return ""
    lines = [
        "## The protocol's own limit",
        "",
        "A BACKUP takes over three advert intervals and its skew after the last advert (RFC 9568, section 6.1), and",
        "the holder dies up to one interval after that advert: a client meets between two and three intervals.",
        "",
        "| | advert interval | limit | median gap | of the limit |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in silent:
        bound = limit(row.interval, HEIR if row.subject == PRODUCT else 90)
        cells = (f"{row.subject}, {row.fault}", f"{row.interval:g} s", _ms(bound), _ms(row.gap_median))
        lines.append(f"| {' | '.join(cells)} | {row.gap_median / bound:.2f} |")
    return "\n".join(lines)


def _appetite(findings: Findings) -> str:
    if not findings.appetites:
        return ""
    lines = [
        "## Idle, and busy",
        "",
        "On each host, without page cache (`RssAnon`); two processes of keepalived are one line:",
        "",
        "| part | processes | memory | CPU |",
        "|---|---:|---:|---:|",
        *(f"| {a.part} | {a.processes} | {a.memory:.1f} MiB | {a.cpu:.2f} % of a core |" for a in findings.appetites),
        "",
        *(
            f"False failovers in 60 s with eight busy loops on all cores, an advert every {interval} s: {count}."
            for interval, count in findings.false_failovers.items()
        ),
    ]
    return "\n".join(lines)


def _growth(sizes: Sequence[Size]) -> str:
    if not sizes:
        return ""
    lines = [
        "## More virtual IPs",
        "",
        "One power cut each; the client asks the first virtual IP, the kernels tell of the last.",
        "",
        "| virtual IPs | gap | the last one moved after | float | keepalived | anchor |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for size in sizes:
        by_part: Mapping[str, Appetite] = {appetite.part: appetite for appetite in size.appetites}
        parts = [by_part.get(name) for name in ("float", "keepalived", "anchor")]
        words = [f"{part.memory:.1f} MiB, {part.cpu:.1f} %" if part else "-" for part in parts]
        lines.append(f"| {size.vips} | {_ms(size.gap)} | {_ms(size.last)} | {' | '.join(words)} |")
    return "\n".join(lines)


def _machine(machine: Mapping[str, str]) -> str:
    if not machine:
        return ""
    lines = [f"| {name} | {value} |" for name, value in machine.items()]
    return "\n".join(["## The machine", "", "| | |", "|---|---|", *lines])
