"""`make bench`: what every kind of fault costs a client, beside plain keepalived and the protocol's own limit."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import chart, figures, growth, idle, machine, report, trial
from tests.bench.ancestor import Ancestor
from tests.bench.figures import Trial
from tests.bench.growth import Size
from tests.bench.idle import Appetite
from tests.bench.product import Product
from tests.bench.report import Findings
from tests.bench.subject import Subject
from tests.campaign.audit import FailedAuditError
from tests.lab import packages
from tests.lab.cluster import Lab
from tests.lab.plan import REPOSITORY
from tests.lab.shell import LabError
from tests.swarm.repair import stand_up

NAME = "keepalived-campaign"
SUBNET = "10.90.0.0/24"
RESULTS = REPOSITORY / "reports" / "bench.json"
DOCUMENT = REPOSITORY / "docs" / "benchmarks.md"
INTERVALS = (0.1, 0.05, 0.02, 0.01)
SIZES = (1, 10, 50, 250)


class Bench:
    """Everything that was asked for, one after the other; what was found is kept after every step."""

    def __init__(self, lab: Lab, options: argparse.Namespace) -> None:
        self._lab = lab
        self._options = options
        self.findings = load_findings(RESULTS) if options.add else Findings()

    def run(self) -> None:
        """Raises LabError, AssertionError or FailedAuditError where a subject does not come up at all."""
        for interval in self._options.intervals:
            product = Product(self._lab, interval, checks=self._options.checks)
            product.deploy()
            if not self.findings.appetites:
                self._quiet(interval)
            self._busy(interval)
            self._trials(product)
        self._grow()
        if self._options.ancestor:
            ancestor = Ancestor(self._lab)
            ancestor.deploy()
            self._trials(ancestor)
            ancestor.remove()

    def _quiet(self, interval: float) -> None:
        self.findings.machine = machine.describe(self._lab)
        self.findings.appetites = idle.appetites(self._lab)
        taken = (f"{a.part} {a.memory:.1f} MiB {a.cpu:.2f} %" for a in self.findings.appetites)
        _say(f"idle at {interval:g} s: {', '.join(taken)}")

    def _busy(self, interval: float) -> None:
        if self._options.busy:
            count = idle.false_failovers(self._lab, self._options.busy)
            self.findings.false_failovers[f"{interval:g}"] = count
            _say(f"false failovers at {interval:g} s: {count}")

    def _trials(self, subject: Subject) -> None:
        for fault in subject.faults():
            if self._options.faults and not any(word in fault.name for word in self._options.faults):
                continue
            for number in range(1, self._options.trials + 1):
                name = f"{subject.name} {fault.name} {number}"
                self._once(partial(trial.run, self._lab, subject, fault), name)

    def _once(self, measure: Callable[[], Trial], name: str) -> None:
        """A trial that cannot be made is told and left out: the others still count."""
        try:
            found = measure()
        except (LabError, FailedAuditError) as error:
            _say(f"{name}: no figure, {error}")
            return
        self.findings.trials.append(found)
        moved = "stayed" if found.moved is None else f"moved after {found.moved * 1000:.0f} ms"
        _say(
            f"{name} at {found.interval:g} s: gap {found.gap * 1000:.0f} ms, {moved}, two holders "
            f"{found.overlap * 1000:.0f} ms, on return {found.returned * 1000:.0f} ms, whole {found.whole:.1f} s"
        )
        self.keep()

    def _grow(self) -> None:
        for vips in self._options.sizes:
            try:
                product = Product(self._lab, self._options.intervals[0], checks=self._options.checks)
                size = growth.measure(self._lab, vips, product.deploy_with)
            except (LabError, AssertionError) as error:
                _say(f"{vips} virtual IPs: no figure, {error}")
                continue
            self.findings.sizes.append(size)
            _say(f"{vips} virtual IPs: gap {size.gap * 1000:.0f} ms, the last moved after {size.last * 1000:.0f} ms")
            self.keep()

    def keep(self) -> None:
        """As JSON, from which `--render` makes table and chart again."""
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(asdict(self.findings), indent=1))


def render(findings: Findings, document: Path) -> None:
    """Table and chart."""
    document.write_text(report.markdown(findings))
    document.with_suffix(".svg").write_text(chart.svg(figures.rows(findings.trials)))
    print(f"written: {document} and {document.with_suffix('.svg').name}")


def load_findings(path: Path) -> Findings:
    """What `keep` wrote."""
    read = json.loads(path.read_text())
    return Findings(
        machine=read["machine"],
        trials=figures.from_json(read["trials"]),
        appetites=list(_appetites(read["appetites"])),
        false_failovers=read["false_failovers"],
        sizes=[Size(**{**entry, "appetites": _appetites(entry["appetites"])}) for entry in read["sizes"]],
    )


def _appetites(entries: list[dict[str, Any]]) -> tuple[Appetite, ...]:
    return tuple(Appetite(**entry) for entry in entries)


def main() -> int:
    options = _parser().parse_args()
    if options.render:
        render(load_findings(RESULTS), options.document)
        return 0
    reason = packages.why_not_here()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    lab = Lab(NAME, SUBNET)
    bench = Bench(lab, options)
    try:
        stand_up(lab)
        if not options.no_build:
            lab.build()
        lab.preload()
        bench.run()
    except (LabError, AssertionError, FailedAuditError) as error:
        print(f"the benchmark ends early: {error}", file=sys.stderr)
        return 1
    finally:
        if bench.findings.trials:
            render(bench.findings, options.document)
        if not options.keep:
            lab.down()
    return 0


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--intervals", type=float, nargs="+", default=INTERVALS, help="seconds between adverts")
    parser.add_argument("--faults", nargs="*", default=(), help="only faults with one of these words in their name")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="how many virtual IPs")
    parser.add_argument("--busy", type=float, default=60.0, help="seconds with all cores busy; 0 for none")
    parser.add_argument("--checks", action="store_true", help="also fail a check that a node is required to pass")
    parser.add_argument("--no-ancestor", dest="ancestor", action="store_false")
    parser.add_argument("--render", action="store_true", help="only make table and chart of the last run again")
    parser.add_argument("--add", action="store_true", help="to what the last run found")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    parser.add_argument("--no-build", action="store_true", help="the registry has the images already")
    parser.add_argument("--keep", action="store_true", help="leave the Swarm up at the end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
