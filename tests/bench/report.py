"""PURE: everything that was measured -> docs/benchmarks.md."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from tests.bench.crowd import Crowd
from tests.bench.figures import ANCESTOR, PRODUCT, Failure, Row, Trial, limit, rows
from tests.bench.findings import Findings
from tests.bench.growth import Size
from tests.bench.idle import Appetite
from tests.bench.targets import DEFAULT_INTERVAL, HEIR, SILENT, verdicts

ANCESTORS_HEIR = 90


def markdown(findings: Findings) -> str:
    """The whole document."""
    table = rows(findings.trials)
    intervals = sorted({row.interval for row in table if row.subject == PRODUCT}, reverse=True)
    sections = [
        _HEAD,
        _targets([row for row in table if row.subject == PRODUCT]),
        *(_section(f"This project, an advert every {a:g} s", _of(table, PRODUCT, a)) for a in intervals),
        _section("Plain keepalived, an advert a second, `pgrep` a second", _of(table, ANCESTOR, 1.0)),
        _limits(table),
        _failures(findings.failures),
        _appetite(findings),
        _growth(findings.sizes),
        _crowds(findings.crowds),
        _machine(findings),
        _REPEAT if table else "",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


_HEAD = """\
# Benchmarks

Made by `make bench` on a real Docker Swarm of three managers, each host a set of namespaces with a Docker engine of
its own, all on one machine (see the end). A client on the same segment asks the virtual IP every 2 ms; an answer later
than 20 ms counts as missing. The host that holds the virtual IP meets the fault. Do not expect the same figures from
another machine. The buoy has [a page of its own](benchmarks-buoy.md).

- **gap**: the longest silence that the client met from the fault on; until the fault was undone, where somebody
  undoes it, else until every host could take over again.
- **lost**: the requests in that time that were never answered; one every 2 ms is sent. The median, and the most.
- **moved**: from the fault until another host had the address (median).
- **two holders**: how long more than one host had the address (both sides of a partition are meant to have one); the
  last column is the time after the fault was undone.
- **on return**: the longest silence while the fault was undone (power back, cable in, node active again).
- **redundant**: until the kernels showed one holder and every float said that nothing stands against its node; from
  the fault, or from its undoing where somebody undoes it (median).

![Client gap by fault](benchmarks.svg)"""

_REPEAT = """\
## To repeat this

As root on a Debian with Docker's engine (the lab installs what is missing): `make bench` makes all of it. `ARGS` takes
the options that `ARGS=--help` lists. One fault: `make bench ARGS="--parts trials --intervals 0.1 --faults
'anchor hung' --trials 20"`; one part: `ARGS="--parts sizes"`; a run that was cut short goes on with `ARGS=--add`;
`ARGS=--plan` tells what would be done and how long it may take."""


def _of(table: Iterable[Row], subject: str, interval: float) -> list[Row]:
    return [row for row in table if row.subject == subject and row.interval == interval]


def _targets(table: Sequence[Row]) -> str:
    lines = [
        f"| {row.fault} | {row.interval:g} s | {row.trials} | {words} | {'met' if met else '**missed**'} |"
        for row in table
        for words, met in verdicts(row)
        if row.interval == DEFAULT_INTERVAL or row.fault in SILENT
    ]
    if not lines:
        return ""
    head = ["## Targets", "", "| fault | advert interval | trials | target | |", "|---|---:|---:|---|---|"]
    return "\n".join([*head, *lines])


def _section(title: str, table: Sequence[Row]) -> str:
    if not table:
        return ""
    columns = (
        "fault|trials|gap median|p95|max|lost median|max|moved after|two holders, median|max"
        "|on return, max|two holders on return, max|redundant"
    )
    header = f"| {' | '.join(columns.split('|'))} |"
    return "\n".join([f"## {title}", "", header, "|---|" + "---:|" * 12, *(_row(row) for row in table)])


def _row(row: Row) -> str:
    moved = "stays" if row.moved_median is None else _ms(row.moved_median)
    cells = (
        row.fault,
        str(row.trials),
        _ms(row.gap_median),
        _ms(row.gap_p95),
        _ms(row.gap_max),
        f"{row.lost_median:g}",
        str(row.lost_max),
        moved,
        _ms(row.overlap_median),
        _ms(row.overlap_max),
        _ms(row.returned_max),
        _ms(row.met_again_max),
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
        bound = limit(row.interval, HEIR if row.subject == PRODUCT else ANCESTORS_HEIR)
        cells = (f"{row.subject}, {row.fault}", f"{row.interval:g} s", _ms(bound), _ms(row.gap_median))
        lines.append(f"| {' | '.join(cells)} | {row.gap_median / bound:.2f} |")
    return "\n".join(lines)


def _failures(failures: Sequence[Failure]) -> str:
    if not failures:
        return ""
    lines = [f"- {f.subject}, {f.interval:g} s, {f.fault}: {_plain(f.reason)}" for f in failures]
    return "\n".join(["## Trials that failed", "", "They are in no figure above.", "", *lines])


def _plain(reason: str) -> str:
    """On one line; a command in it is none that a reader is to type."""
    return " ".join(reason.replace("`", "").split())


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
            f"False failovers in 60 s with eight busy loops on all cores, an advert every {interval} s: {count}.  "
            for interval, count in findings.false_failovers.items()
        ),
    ]
    return "\n".join(lines)


def _growth(sizes: Sequence[Size]) -> str:
    if not sizes:
        return ""
    lines = [
        "## More virtual IPs, more managers",
        "",
        "The holder's cable is pulled, three times each; the client asks the first virtual IP, the kernels tell of the",
        "last. Memory and CPU of each part on each host, idle.",
        "",
        "| virtual IPs | managers | gap | the last moved after | float | lease keeper | keepalived | anchor | buoy |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size in sizes:
        figures = f"{size.vips} | {size.managers} | {_ms(size.gap)} | {_ms(size.last)}"
        lines.append(f"| {figures} | {_by_part(size.appetites)} |")
    return "\n".join(lines)


def _crowds(crowds: Sequence[Crowd]) -> str:
    if not crowds:
        return ""
    lines = [
        "## Services with virtual routers of their own",
        "",
        "Deployed at once as one stack, each with a VRID of its own. **held**: from the end of `docker stack deploy`",
        "until each address was on one host. **moved**: the cable of the host with most of them pulled, until all of",
        "those were on others, median of three. **pause**: the longest silence of the stack's own virtual router while",
        "they came. **adverts**: packets a second on the segment. Memory and CPU on each host, idle.",
        "",
        "| services | virtual IPs | managers | held | pause | moved | adverts "
        "| float | lease keeper | keepalived | anchor | buoy |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for crowd in crowds:
        size = f"{crowd.services} | {crowd.vips} | {crowd.managers}"
        times = f"{crowd.held:.1f} s | {_ms(crowd.pause)} | {_ms(crowd.last)}"
        lines.append(f"| {size} | {times} | {crowd.adverts:.0f} | {_by_part(crowd.appetites)} |")
    return "\n".join(lines)


def _by_part(appetites: Sequence[Appetite]) -> str:
    by_part: Mapping[str, Appetite] = {appetite.part: appetite for appetite in appetites}
    names = ("float", "float's lease keeper", "keepalived", "anchor", "buoy")
    parts = [by_part.get(name) for name in names]
    return " | ".join(f"{part.memory:.1f} MiB, {part.cpu:.1f} %" if part else "-" for part in parts)


def _machine(findings: Findings) -> str:
    if not findings.machine:
        return ""
    lines = [f"| {name} | {value} |" for name, value in (findings.machine | _load(findings.trials)).items()]
    return "\n".join(["## The machine", "", "| | |", "|---|---|", *lines])


def _load(trials: Sequence[Trial]) -> dict[str, str]:
    loads = sorted(trial.load for trial in trials)
    if not loads:
        return {}
    words = f"{statistics.median(loads):.1f} in the median, {loads[0]:.1f} to {loads[-1]:.1f}"
    return {"load average before the trials": words}
