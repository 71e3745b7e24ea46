"""Claims about what Prometheus is given: the metrics, the alert rules, and the exporter's dashboard."""

from __future__ import annotations

import re
import subprocess

import pytest

from buoy.metrics import COUNTERS
from tests.buoy.fleet import ROOT, Fleet, wait_until
from tests.lab.shell import run

pytestmark = pytest.mark.lab

MONITORING = ROOT / "docs" / "monitoring"


def said_of(promtool: str, metrics: bytes) -> list[str]:
    checked = subprocess.run([promtool, "check", "metrics"], input=metrics, capture_output=True, check=False)
    return checked.stderr.decode().splitlines()


def test_promtool_finds_nothing_wrong_with_the_metrics_of_any_node(promtool: str, nodes: Fleet) -> None:
    said = {node: said_of(promtool, nodes.get(node, "/metrics")) for node in ("swarm-1", "swarm-2", "swarm-3")}

    assert said == {"swarm-1": [], "swarm-2": [], "swarm-3": []}


def test_promtool_finds_nothing_wrong_with_the_metrics_of_a_node_whose_float_is_silent(
    promtool: str, nodes: Fleet
) -> None:
    nodes.silence("swarm-3")
    wait_until(lambda: b"keepalived_up 0.0" in nodes.get("swarm-3", "/metrics"), "swarm-3 is not stale")

    assert said_of(promtool, nodes.get("swarm-3", "/metrics")) == []


def test_the_alert_rules_say_what_they_should_and_when(promtool: str) -> None:
    tested = run([promtool, "test", "rules", "alerts_test.yml"], cwd=MONITORING)

    assert "SUCCESS" in tested.stdout


def test_the_example_configuration_is_one_that_prometheus_takes(promtool: str) -> None:
    checked = run([promtool, "check", "config", "prometheus.yml"], cwd=MONITORING)

    assert "SUCCESS" in checked.stdout


def test_every_alert_is_tested_and_explained() -> None:
    alerts = set(re.findall(r"alert: (\w+)", (MONITORING / "alerts.yml").read_text()))
    tested = (MONITORING / "alerts_test.yml").read_text()
    explained = (ROOT / "docs" / "monitoring.md").read_text()

    assert {name for name in alerts if f"alertname: {name}\n        exp_alerts:" not in tested} == set()
    assert {name for name in alerts if f"`{name}`" not in explained} == set()


def test_every_counter_has_the_name_under_which_the_exporters_dashboard_asks_for_it_too() -> None:
    rules = re.findall(r"record: (\w+), expr: (\w+)", (MONITORING / "exporter_dashboard.yml").read_text())

    assert dict(rules) == {f"keepalived_{name}": f"{family}_total" for family, (name, _) in COUNTERS.items()}
