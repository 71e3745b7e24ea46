"""`make bench`: what every kind of fault costs a client, beside plain keepalived and the protocol's own limit."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.bench import chart, figures, report
from tests.bench.bench import TROUBLES, Bench
from tests.bench.findings import Findings
from tests.lab import packages
from tests.lab.cluster import Lab
from tests.lab.plan import REPOSITORY

NAME = os.environ.get("LAB_NAME", "keepalived-bench")
SUBNET = os.environ.get("LAB_SUBNET", "10.97.0.0/24")
RESULTS = REPOSITORY / "reports" / "bench.json"
DOCUMENT = REPOSITORY / "docs" / "benchmarks.md"
INTERVALS = (0.1, 0.05, 0.02, 0.01)
SIZES = (1, 10, 50, 250)
SERVICES = (1, 50, 250)
PARTS = ("one", "trials", "old", "sizes", "services", "many")
"""In the order in which they are made: a Swarm of one manager grows to three, and to seven."""


def main() -> int:
    options = _parser().parse_args()
    findings = Findings.load(options.results) if options.add or options.render else Findings()
    if options.remark:
        findings.machine["remark"] = options.remark
    if options.render:
        return render(findings, options.document)
    lab = Lab(NAME, SUBNET)
    bench = Bench(lab, options, findings)
    if options.plan:
        bench.run(dry=True)
        print(f"together {bench.minutes():.0f} minutes, and the building of the images")
        return 0
    reason = packages.why_not_here()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    return _measure(lab, bench, options)


def _measure(lab: Lab, bench: Bench, options: argparse.Namespace) -> int:
    try:
        if not (lab.is_up and options.no_build):
            lab.down()
            lab.up(bench.managers())
            lab.build()
            lab.preload()
        bench.run()
    except TROUBLES as error:
        print(f"the benchmark ends early: {error}", file=sys.stderr)
        return 1
    finally:
        if bench.findings.trials:
            render(bench.findings, options.document)
        if not options.keep:
            lab.down()
    return 1 if bench.findings.failures else 0


def render(findings: Findings, document: Path) -> int:
    """Table and chart."""
    document.write_text(report.markdown(findings))
    document.with_suffix(".svg").write_text(chart.svg(figures.rows(findings.trials)))
    print(f"written: {document} and {document.with_suffix('.svg').name}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="of each fault at the first interval (default 20)")
    parser.add_argument("--few", type=int, default=5, help="of those that are dear to undo, where 20 would take hours")
    parser.add_argument("--rest", type=int, default=2, help="of the other faults at the other intervals")
    parser.add_argument("--old-trials", type=int, default=5, help="of each fault with plain keepalived")
    parser.add_argument("--intervals", type=float, nargs="+", default=INTERVALS, help="seconds between adverts")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="parts of the plan")
    parser.add_argument("--faults", nargs="*", default=(), help="only faults with one of these words in their name")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="how many virtual IPs")
    parser.add_argument("--services", type=int, nargs="*", default=SERVICES, help="how many with routers of their own")
    parser.add_argument("--busy", type=float, default=60.0, help="seconds with all cores busy; 0 for none")
    parser.add_argument("--no-checks", dest="checks", action="store_false", help="fail no check that a node must pass")
    parser.add_argument("--minutes", type=float, help="end then, with what was found; --add goes on")
    parser.add_argument("--plan", action="store_true", help="only tell what would be done, and how long it may take")
    parser.add_argument("--render", action="store_true", help="only make table and chart of the last run again")
    parser.add_argument("--add", action="store_true", help="go on where the last run ended")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    parser.add_argument("--remark", help="a sentence for the document, on how this run was made")
    parser.add_argument("--no-build", action="store_true", help="the lab is up, with the images that are meant")
    parser.add_argument("--keep", action="store_true", help="leave the Swarm up at the end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
