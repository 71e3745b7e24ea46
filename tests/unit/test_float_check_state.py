"""A check turns only after enough findings in a row, and a float that never saw its service does not serve."""

from __future__ import annotations

import pytest

from float.check_state import CheckState, Finding, condition, describe, first
from shared.additions import Pace, PortCheck, Script, ScriptCheck, UrlCheck
from shared.models import Strength

PACE = Pace(interval=5, timeout=1, rise=2, fall=3)
GOOD, BAD = Finding(ok=True, reason="listened on"), Finding(ok=False, reason="nothing listens")


def after(state: CheckState, *findings: Finding) -> CheckState:
    for finding in findings:
        state = state.after(finding, PACE)
    return state


def test_a_fresh_float_starts_with_a_failing_check() -> None:
    assert first(serving=False).ok is False


def test_a_check_that_is_new_to_a_serving_float_holds_until_it_fails() -> None:
    state = first(serving=True)
    assert state.ok
    assert after(state, BAD, BAD).ok
    assert not after(state, BAD, BAD, BAD).ok


def test_another_port_for_the_same_check_changes_nothing_before_it_was_looked_at() -> None:
    assert first(serving=True, before=CheckState(ok=False, reason="gone")).ok is False
    assert first(serving=False, before=CheckState(ok=True, reason="there", contrary=1)) == CheckState(True, "there")


@pytest.mark.parametrize(("findings", "pending"), [([], True), ([GOOD], True), ([GOOD, GOOD], False), ([BAD], False)])
def test_a_check_that_fails_because_nobody_knows_yet_says_so(findings: list[Finding], pending: bool) -> None:
    check = PortCheck(port=80, rise=2)
    assert condition(check, after(first(serving=False), *findings)).pending is pending
    assert condition(check, first(serving=True)).pending is False


@pytest.mark.parametrize(("findings", "ok"), [([GOOD], False), ([GOOD, GOOD], True), ([GOOD, BAD, GOOD], False)])
def test_it_takes_rise_successes_in_a_row_to_hold(findings: list[Finding], ok: bool) -> None:
    assert after(first(serving=False), *findings).ok is ok


@pytest.mark.parametrize(
    ("findings", "ok"), [([BAD, BAD], True), ([BAD, BAD, BAD], False), ([BAD, BAD, GOOD, BAD, BAD], True)]
)
def test_it_takes_fall_failures_in_a_row_to_fail(findings: list[Finding], ok: bool) -> None:
    assert after(first(serving=False), GOOD, GOOD, *findings).ok is ok


def test_the_reason_is_that_of_the_last_finding_that_agrees() -> None:
    failing = after(first(serving=False), BAD, Finding(ok=False, reason="cut"))
    assert failing.reason == "cut"
    assert after(failing, GOOD).reason == "cut"
    assert after(failing, GOOD, GOOD).reason == "listened on"


def test_a_start_does_not_wait_for_long_intervals() -> None:
    half_way = after(first(serving=False), GOOD)
    assert half_way.pause(PACE) == 1.0
    assert after(half_way, GOOD).pause(PACE) == 5.0


def test_a_service_that_is_not_there_is_looked_for_at_the_pace_that_was_asked_for() -> None:
    assert after(first(serving=False), BAD).pause(PACE) == 5.0


def test_a_check_forbids_the_virtual_ip_and_says_why() -> None:
    told = condition(PortCheck(port=80), CheckState(ok=False, reason="nothing listens"))
    assert (told.name, told.ok, told.strength) == ("check:port", False, Strength.REQUIRE)
    assert told.reason == "nothing listens"
    assert told.routers is None


def test_every_kind_is_described() -> None:
    assert describe(PortCheck(port=80)) == "TCP port 80 on any address"
    assert describe(UrlCheck(url="http://127.0.0.1/")) == "http://127.0.0.1/"
    assert describe(ScriptCheck(script=Script(name="/check.sh"))) == "/check.sh"
