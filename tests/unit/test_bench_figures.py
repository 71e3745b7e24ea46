"""The benchmark's arithmetic, its table and its chart."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.bench import chart, figures, jobs
from tests.bench.crowd import OWN_VRID, Crowd, labels, wanted
from tests.bench.figures import ANCESTOR, PRODUCT, Failure, Row, Trial
from tests.bench.findings import Findings
from tests.bench.growth import Size, addresses
from tests.bench.idle import Appetite
from tests.bench.jobs import Job, Pace
from tests.bench.report import markdown
from tests.bench.targets import verdicts
from tests.bench.trial import without_the_dead
from tests.lab.address_watch import Change


def trial(
    gap: float,
    *,
    subject: str = PRODUCT,
    interval: float = 0.1,
    fault: str = "power cut",
    moved: float | None = 0.35,
    **more: Any,
) -> Trial:
    seen = {"lost": 3, "overlap": 0.0, "returned": 0.0, "whole": 2.0, **more}
    return Trial(subject, interval, fault, gap, moved=moved, **seen)


def row(fault: str, gap: float = 0.0, **more: Any) -> Row:
    return figures.rows([trial(gap, fault=fault, **more)])[0]


def job(kind: str, seconds: float = 5.0, label: str = "") -> Job:
    return Job(kind, label, seconds, str)


TRIALS = [*(trial(0.30 + number / 100) for number in range(20)), trial(3.2, subject=ANCESTOR, interval=1.0)]


def test_p95_of_twenty_trials_leaves_out_the_worst_alone() -> None:
    assert figures.p95([trial.gap for trial in TRIALS[:20]]) == pytest.approx(0.48)
    assert figures.p95([7.0]) == 7.0


def test_the_limit_is_three_intervals_and_the_skew() -> None:
    assert figures.limit(0.1, 229) == pytest.approx(0.3 + 27 / 2560)


def test_trials_become_one_row_a_fault_and_subject() -> None:
    ours, theirs = figures.rows(TRIALS)

    assert ours.trials == 20
    assert [ours.gap_median, ours.gap_max] == pytest.approx([0.395, 0.49])
    assert (theirs.subject, theirs.gap_median) == (ANCESTOR, 3.2)


def test_a_vip_that_stays_is_said_to_stay() -> None:
    assert row("power cut", moved=None).moved_median is None
    assert "| stays |" in markdown(Findings(trials=[trial(0.0, moved=None)]))


def test_trials_survive_their_file() -> None:
    assert figures.from_json(figures.as_json(TRIALS)) == TRIALS


def test_the_document_has_all_that_was_measured() -> None:
    appetite = Appetite("float", 2, 21.5, 0.31)
    findings = Findings(
        machine={"kernel": "6.1"},
        trials=TRIALS,
        appetites=[appetite],
        false_failovers={"0.1": 0},
        failures=[Failure(PRODUCT, 0.1, "anchor hung", "not whole")],
        sizes=[Size(250, 3, 0.33, 0.4, (appetite,))],
        crowds=[Crowd(50, 100, 3, 0.112, 2.5, 0.41, 1014.2, (appetite,))],
    )

    text = markdown(findings)

    assert "| power cut | 20 | 395 ms | 480 ms | 490 ms | 3 | 3 | 350 ms | 0 ms | 0 ms | 0 ms | 0 ms | 2.0 s |" in text
    assert "| this project, power cut | 0.1 s | 311 ms | 395 ms | 1.27 |" in text
    assert "| float | 2 | 21.5 MiB | 0.31 % of a core |" in text
    assert "an advert every 0.1 s: 0." in text
    assert "| 250 | 3 | 330 ms | 400 ms | 21.5 MiB, 0.3 % | - | - | - | - |" in text
    assert "| 50 | 100 | 3 | 2.5 s | 112 ms | 410 ms | 1014 | 21.5 MiB, 0.3 % | - | - | - | - |" in text
    assert "| kernel | 6.1 |" in text
    assert "- this project, 0.1 s, anchor hung: not whole" in text
    assert "| power cut | 0.1 s | 20 | median ≤ 0.35 s | **missed** |" in text


def test_a_run_that_measured_nothing_makes_no_tables() -> None:
    assert "##" not in markdown(Findings())


def test_the_chart_is_an_svg_with_a_bar_a_row() -> None:
    root = ET.fromstring(chart.svg(figures.rows(TRIALS)))

    labels = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert labels[-3:] == ["power cut", "395 ms, p95 480 ms", "3.2 s, p95 3.2 s"]


def test_the_axis_is_logarithmic_and_ends_where_it_ends() -> None:
    assert chart.position(0.0) == chart.LEFT
    assert chart.position(100.0) == chart.LEFT + chart.WIDTH
    assert chart.position(0.1) == pytest.approx(chart.LEFT + chart.WIDTH / 2)


def test_further_virtual_ips_have_a_subnet_of_their_own() -> None:
    assert addresses(2) == ["172.30.0.1/32@eth0", "172.30.0.2/32@eth0"]
    assert len(set(addresses(249))) == 249


def test_findings_survive_their_file(tmp_path: Path) -> None:
    size = Size(10, 3, 0.3, 0.3, (Appetite("float", 1, 20.0, 0.1),))
    findings = Findings({"a": "b"}, TRIALS, [Failure(ANCESTOR, 1.0, "x", "y")], [], {"0.1": 0}, [size])
    findings.crowds.append(Crowd(50, 100, 3, 0.112, 2.5, 0.41, 1014.2, ()))

    findings.keep(tmp_path / "bench.json")

    assert Findings.load(tmp_path / "bench.json") == findings


def test_a_failed_trial_counts_as_made() -> None:
    findings = Findings(trials=TRIALS, failures=[Failure(PRODUCT, 0.1, "power cut", "not whole")])

    assert findings.made(PRODUCT, 0.1, "power cut") == 21
    assert findings.made(PRODUCT, 0.05, "power cut") == 0


def test_a_silent_death_is_held_against_the_protocols_limit() -> None:
    assert [met for _, met in verdicts(row("cable out", 0.35))] == [True, True]
    assert [met for _, met in verdicts(row("cable out", 0.36))] == [False, False]
    assert verdicts(row("cable out", 0.061, interval=0.01)) == [("median ≤ 60 ms", False)]


def test_an_address_that_never_left_a_dead_node_misses_its_target() -> None:
    assert [met for _, met in verdicts(row("node's containers killed", gone=None))] == [False]
    assert [met for _, met in verdicts(row("node's containers killed", gone=3.6))] == [True]


def test_a_move_that_never_came_misses_its_target() -> None:
    assert dict(verdicts(row("anchor killed", lost=0, moved=None))) == {
        "median 0 lost": True,
        "p95 ≤ 10 ms": True,
        "moved within 1 s": False,
    }


def test_the_end_is_guessed_until_it_can_be_reckoned() -> None:
    pace = Pace()
    pace.note("fast", 1.0)
    pace.note("fast", 3.0)

    assert pace.left([job("fast"), job("fast"), job("unknown")]) == 2.0 + 2.0 + 5.0


def test_faults_take_turns_so_that_a_short_run_has_some_of_each() -> None:
    first, second, other = job("a", label="1"), job("a", label="2"), job("b", label="1")

    assert jobs.in_turn([[first, second], [other]]) == [first, other, second]


def test_dear_faults_are_not_repeated_at_every_interval() -> None:
    counts = {"trials": 20, "few": 5, "rest": 2}

    assert jobs.wanted(first=True, silent=False, slow=True, rare=False, **counts) == 10
    assert jobs.wanted(first=True, silent=False, slow=False, rare=True, **counts) == 5
    assert jobs.wanted(first=False, silent=True, slow=False, rare=False, **counts) == 20
    assert jobs.wanted(first=False, silent=True, slow=True, rare=False, **counts) == 5
    assert jobs.wanted(first=False, silent=False, slow=False, rare=False, **counts) == 2
    assert jobs.wanted(first=False, silent=False, slow=True, rare=False, **counts) == 0


def test_a_dead_hosts_address_counts_no_longer_than_until_it_was_struck() -> None:
    seen = [Change(1.0, "h1", "a", True), Change(5.1, "h2", "a", True), Change(5.3, "h1", "a", False)]

    changes = without_the_dead(seen, "h1", 5.0, 9.0)

    assert [(c.when, c.host, c.present) for c in changes] == [(1.0, "h1", True), (5.0, "h1", False), (5.1, "h2", True)]


def test_services_of_a_crowd_have_vrids_and_addresses_of_their_own() -> None:
    assert len({address for addresses in wanted(250, 2).values() for address in addresses}) == 500
    assert OWN_VRID not in wanted(250)
    assert labels(1, 2) == {"s1": {"keepalived.vip": "172.31.1.1/32@eth0 172.31.1.2/32@eth0", "keepalived.vrid": "1"}}
