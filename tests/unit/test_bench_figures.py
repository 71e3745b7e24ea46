"""The benchmark's arithmetic, its table and its chart."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.bench import chart, figures
from tests.bench.figures import ANCESTOR, PRODUCT, Trial
from tests.bench.growth import Size, addresses
from tests.bench.idle import Appetite
from tests.bench.report import Findings, markdown


def trial(gap: float, *, subject: str = PRODUCT, interval: float = 0.1, moved: float | None = 0.35) -> Trial:
    return Trial(subject, interval, "power cut", gap, lost=3, moved=moved, overlap=0.0, returned=0.0, whole=2.0)


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
    (row,) = figures.rows([trial(0.0, moved=None)])

    assert row.moved_median is None
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
        sizes=[Size(250, 0.33, 0.4, (appetite,))],
    )

    text = markdown(findings)

    assert "| power cut | 20 | 395 ms | 480 ms | 490 ms | 350 ms | 0 ms | 0 ms | 0 ms | 2.0 s |" in text
    assert "| this project, power cut | 0.1 s | 311 ms | 395 ms | 1.27 |" in text
    assert "| float | 2 | 21.5 MiB | 0.31 % of a core |" in text
    assert "an advert every 0.1 s: 0." in text
    assert "| 250 | 330 ms | 400 ms | 21.5 MiB, 0.3 % | - | - |" in text
    assert "| kernel | 6.1 |" in text


def test_a_run_that_measured_nothing_makes_no_tables() -> None:
    assert "##" not in markdown(Findings())


def test_the_chart_is_an_svg_with_a_bar_a_row() -> None:
    root = ET.fromstring(chart.svg(figures.rows(TRIALS)))

    labels = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert labels[-3:] == ["power cut", "395 ms", "3200 ms"]


def test_the_axis_is_logarithmic_and_ends_where_it_ends() -> None:
    assert chart.position(0.0) == chart.LEFT
    assert chart.position(100.0) == chart.LEFT + chart.WIDTH
    assert chart.position(0.1) == pytest.approx(chart.LEFT + chart.WIDTH / 2)


def test_further_virtual_ips_have_a_subnet_of_their_own() -> None:
    assert addresses(2) == ["172.30.0.1/32@eth0", "172.30.0.2/32@eth0"]
    assert len(set(addresses(249))) == 249
