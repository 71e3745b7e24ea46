"""The whole plan of a benchmark, stage by stage; what was found is kept after every job."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tests.bench import crowd, growth, idle, jobs, machine, trial
from tests.bench.ancestor import Ancestor
from tests.bench.figures import ANCESTOR, Failure, Trial
from tests.bench.findings import Findings
from tests.bench.jobs import Job, Pace
from tests.bench.product import Product
from tests.bench.subject import Fault, Subject
from tests.campaign.audit import FailedAuditError
from tests.lab.cluster import Lab
from tests.lab.shell import LabError

TROUBLES = (LabError, FailedAuditError, AssertionError)
DEPLOYING = 25.0
"""Seconds for a first guess."""


@dataclass(frozen=True)
class Stage:
    """Jobs that need the same thing deployed on the same number of managers."""

    name: str
    managers: int
    deploy: Callable[[], None]
    jobs: Sequence[Job]
    remove: Callable[[], None] = lambda: None


class Bench:
    """Everything that was asked for and is not among the findings yet, one after the other."""

    def __init__(self, lab: Lab, options: argparse.Namespace, findings: Findings) -> None:
        self._lab = lab
        self._options = options
        self._pace = Pace()
        self._done = 0
        self._until = time.monotonic() + 60 * options.minutes if options.minutes else math.inf
        self.findings = findings

    def run(self, *, dry: bool = False) -> None:
        """Raises LabError or AssertionError where the lab itself does not come up. With `dry` the plan is told only."""
        stages = self._ahead()
        for number, stage in enumerate(stages):
            if self._time_is_up():
                break
            if dry:
                print(f"{stage.name}: {len(stage.jobs)} jobs, {self._left([stage]) / 60:.1f} minutes")
            else:
                self._stage(stage, stages[number + 1 :])

    def minutes(self) -> float:
        """The first guess for all of it."""
        return self._left(self._ahead()) / 60

    def managers(self) -> int:
        """How many the first stage needs."""
        return next((stage.managers for stage in self._ahead()), 1)

    def _ahead(self) -> list[Stage]:
        return [stage for stage in self._stages() if stage.jobs]

    def _stage(self, stage: Stage, later: Sequence[Stage]) -> None:
        began = time.monotonic()
        self._provide(stage.managers)
        try:
            stage.deploy()
            self._pace.note("deploy", time.monotonic() - began)
            for number, job in enumerate(stage.jobs):
                if self._time_is_up():
                    break
                self._do(stage, job)
                left = self._pace.left(stage.jobs[number + 1 :]) + self._left(later)
                end = datetime.now().astimezone() + timedelta(seconds=left)
                print(f"    {self._done} done, {left / 60:.0f} minutes left, end at about {end:%H:%M}", flush=True)
            stage.remove()
        except TROUBLES as error:
            self._fail(Failure(stage.name, 0.0, "the stage ended early", str(error)))

    def _time_is_up(self) -> bool:
        return time.monotonic() > self._until

    def _do(self, stage: Stage, job: Job) -> None:
        began = time.monotonic()
        found = job.run()
        self._pace.note(job.kind, time.monotonic() - began)
        self._done += 1
        print(f"{stage.name}, {job.label}: {found}", flush=True)
        self.findings.keep(self._options.results)

    def _left(self, stages: Sequence[Stage]) -> float:
        deploying = self._pace.left([Job("deploy", "", DEPLOYING, str)]) * len(stages)
        return deploying + sum(self._pace.left(stage.jobs) for stage in stages)

    def _provide(self, managers: int) -> None:
        if len(self._lab.hosts) < managers:
            self._lab.grow(managers)
            self._lab.preload()
        elif len(self._lab.hosts) > managers:
            self._lab.down()
            self._lab.up(managers)
            self._lab.build()
            self._lab.preload()

    def _stages(self) -> Iterator[Stage]:
        makers = {"one": self._one, "trials": self._all_trials, "old": self._old, "sizes": self._sizes}
        makers["services"] = self._services
        makers["many"] = lambda: iter([self._size(1, 7), self._crowd(50, 1, 7), self._crowd(250, 1, 7)])
        for part in self._options.parts:
            yield from makers[part]()

    def _one(self) -> Iterator[Stage]:
        for subject in (self._product(self._options.intervals[0]), Ancestor(self._lab)):
            yield self._trials("one manager, " + subject.name, 1, subject, first=True)

    def _all_trials(self) -> Iterator[Stage]:
        for number, interval in enumerate(self._options.intervals):
            yield self._trials(f"{interval:g} s", 3, self._product(interval, checks=True), first=number == 0)

    def _old(self) -> Iterator[Stage]:
        yield self._trials(ANCESTOR, 3, Ancestor(self._lab), first=True)

    def _sizes(self) -> Iterator[Stage]:
        for vips in self._options.sizes:
            yield self._size(vips, 3)

    def _services(self) -> Iterator[Stage]:
        for services in self._options.services:
            yield self._crowd(services, 1, 3)
        yield self._crowd(10, 100, 3)

    def _product(self, interval: float, *, checks: bool = False) -> Product:
        return Product(self._lab, interval, checks=checks and self._options.checks)

    def _trials(self, name: str, managers: int, subject: Subject, *, first: bool) -> Stage:
        ours = isinstance(subject, Product)
        columns = [self._of_a_fault(subject, fault, first=first) for fault in subject.faults(managers)]
        quiet = list(self._quiet_jobs(subject.interval)) if ours and managers > 1 else []
        remove = subject.remove if isinstance(subject, Ancestor) else lambda: None
        return Stage(name, managers, subject.deploy, [*quiet, *jobs.in_turn(columns)], remove)

    def _quiet_jobs(self, interval: float) -> Iterator[Job]:
        if self._options.busy and f"{interval:g}" not in self.findings.false_failovers:
            yield Job("busy", "both cores busy", self._options.busy + 2, partial(self._busy, interval))

    def _of_a_fault(self, subject: Subject, fault: Fault, *, first: bool) -> list[Job]:
        options = self._options
        if options.faults and not any(word in fault.name for word in options.faults):
            return []
        trials = options.trials if isinstance(subject, Product) else options.old_trials
        count = jobs.wanted(
            first=first,
            silent=fault.silent,
            slow=fault.slow,
            rare=fault.rare,
            trials=trials,
            few=options.few,
            rest=options.rest,
        )
        made = self.findings.made(subject.name, subject.interval, fault.name)
        kind = f"{subject.name} {fault.name}"
        return [
            Job(kind, f"{fault.name} {number}", fault.seconds, partial(self._trial, subject, fault))
            for number in range(made + 1, count + 1)
        ]

    def _size(self, vips: int, managers: int) -> Stage:
        product = self._product(self._options.intervals[0])
        name = f"{vips} virtual IPs, {managers} managers"
        known = any((size.vips, size.managers) == (vips, managers) for size in self.findings.sizes)
        ahead = [] if known else [Job("size", "growth", 30 + vips / 10, partial(self._measure, vips, product))]
        if vips == 1 and managers == 3 and not self.findings.appetites:
            ahead.insert(0, Job("idle", "idle", 21, self._idle))
        return Stage(name, managers, partial(product.deploy_with, growth.setting(self._lab, vips)), ahead)

    def _crowd(self, services: int, each: int, managers: int) -> Stage:
        product = self._product(self._options.intervals[0])
        vips = services * each
        name = f"{services} services with {vips} virtual IPs, {managers} managers"
        wanted = (services, vips, managers)
        known = any((found.services, found.vips, found.managers) == wanted for found in self.findings.crowds)
        job = Job("crowd", "services", 90 + services, partial(self._measure_crowd, services, each, product))
        return Stage(name, managers, product.deploy, [] if known else [job])

    def _idle(self) -> str:
        self.findings.machine |= machine.describe(self._lab)
        self.findings.appetites = idle.appetites(self._lab)
        return ", ".join(f"{a.part} {a.memory:.1f} MiB {a.cpu:.2f} %" for a in self.findings.appetites)

    def _busy(self, interval: float) -> str:
        self.findings.machine |= machine.describe(self._lab)
        count = idle.false_failovers(self._lab, self._options.busy)
        self.findings.false_failovers[f"{interval:g}"] = count
        return f"{count} false failovers in {self._options.busy:g} s"

    def _measure(self, vips: int, product: Product) -> str:
        size = growth.measure(self._lab, vips, product.troubles)
        self.findings.sizes.append(size)
        return f"gap {size.gap * 1000:.0f} ms, the last moved after {size.last * 1000:.0f} ms"

    def _measure_crowd(self, services: int, each: int, product: Product) -> str:
        found = crowd.measure(self._lab, services, each, product.troubles)
        self.findings.crowds.append(found)
        return f"held after {found.held:.1f} s, moved after {found.last * 1000:.0f} ms, {found.adverts:.0f} adverts/s"

    def _trial(self, subject: Subject, fault: Fault) -> str:
        """One that cannot be made is kept as a failure; the subject is mended for the next."""
        try:
            found = trial.run(self._lab, subject, fault)
        except TROUBLES as error:
            self._fail(Failure(subject.name, subject.interval, fault.name, str(error)))
            subject.mend()
            return "failed"
        self.findings.trials.append(found)
        return sentence(found)

    def _fail(self, failure: Failure) -> None:
        self.findings.failures.append(failure)
        self.findings.keep(self._options.results)
        print(f"FAILED: {failure.subject}, {failure.fault}: {failure.reason}", flush=True)


def sentence(found: Trial) -> str:
    """A trial for people."""
    moved = "stayed" if found.moved is None else f"moved after {found.moved * 1000:.0f} ms"
    more = f", gone after {found.gone:.2f} s" if found.gone is not None else ""
    more += f", runs again after {found.back:.2f} s" if found.back is not None else ""
    return (
        f"gap {found.gap * 1000:.0f} ms, {found.lost} lost, {moved}, {found.moves} moves, two holders "
        f"{found.overlap * 1000:.0f} ms{more}; on return gap {found.returned * 1000:.0f} ms, two holders "
        f"{found.met_again * 1000:.0f} ms; whole {found.whole:.1f} s"
    )
