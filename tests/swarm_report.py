"""A pytest plugin for `make test`: no test on the real Swarm may go missing unnoticed.

Loaded with `-p tests.swarm_report`. It counts the tests that carry the marker `swarm`, prints how
many ran, and fails the run when there is none or when one was skipped or deselected.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

MARKER = "swarm"


class SwarmReport:
    """What became of the tests on the real Swarm, by node id."""

    def __init__(self) -> None:
        self.expected: set[str] = set()
        self.ran: set[str] = set()
        self.missing: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.expected |= {item.nodeid for item in _on_the_swarm(items)}

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.missing |= {item.nodeid: "deselected" for item in _on_the_swarm(items)}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self.expected:
            return
        if report.skipped:
            self.missing[report.nodeid] = "skipped"
        elif report.when == "call":
            self.ran.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        for nodeid in self.expected - self.ran:
            self.missing.setdefault(nodeid, "not run")
        if (self.missing or not self.ran) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("tests on the real Swarm")
        for nodeid, fate in sorted(self.missing.items()):
            terminalreporter.line(f"{fate}: {nodeid}", red=True)
        known = len(self.ran | set(self.missing))
        terminalreporter.line(f"{len(self.ran)} of {known} tests on the real Swarm ran")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SwarmReport(), "swarm-report")


def _on_the_swarm(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if item.get_closest_marker(MARKER)]
