"""Claims about what Prometheus is given: the metrics, the alert rules, and the exporter's dashboard."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from buoy.metrics import COUNTERS
from tests.buoy.fleet import ROOT, Fleet, free_port, wait_until
from tests.lab.shell import run

pytestmark = pytest.mark.lab

MONITORING = ROOT / "docs" / "monitoring"

DASHBOARD = (
    'keepalived_up{node_name="swarm-1"}',
    'keepalived_vrrp_state{node_name="swarm-1"}',
    *(f'irate(keepalived_{name}{{node_name="swarm-1"}}[1m])' for name, _ in COUNTERS.values()),
)
"""What the panels of the exporter's dashboard ask for, those of its check scripts left out."""


def said_of(promtool: str, metrics: bytes) -> list[str]:
    checked = subprocess.run([promtool, "check", "metrics"], input=metrics, capture_output=True, check=False)
    return checked.stderr.decode().splitlines()


@contextlib.contextmanager
def running(prometheus: str, nodes: Fleet, folder: Path) -> Iterator[Callable[[str], list[Any]]]:
    """A Prometheus with our example of a configuration, in more of a hurry; gives what answers a query."""
    for file in MONITORING.glob("*.yml"):
        text = re.sub(r"192\.168\.1\.1(\d):8082", rf"127.0.0.\1:{nodes.port}", file.read_text())
        hurried = re.sub(r"interval: \d+s", "interval: 1s", text).replace("timeout: 3s", "timeout: 1s")
        (folder / file.name).write_text(hurried)
    port = free_port()
    switches = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--log.level=error")
    process = subprocess.Popen([prometheus, *switches, f"--web.listen-address=127.0.0.1:{port}"])

    def ask(query: str) -> list[Any]:
        address = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return list(json.load(answer)["data"]["result"])
        except OSError:
            return []

    try:
        yield ask
    finally:
        process.terminate()
        process.wait(20)


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


def test_a_real_prometheus_with_the_example_configuration_has_data_for_every_panel_of_the_exporters_dashboard(
    prometheus: str, nodes: Fleet, tmp_path: Path
) -> None:
    with running(prometheus, nodes, tmp_path) as ask:
        wait_until(lambda: all(ask(query) for query in DASHBOARD), f"not all of {DASHBOARD} have data")

        assert [sample["metric"]["alertname"] for sample in ask("ALERTS")] == []
