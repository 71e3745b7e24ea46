from __future__ import annotations

from dataclasses import replace

import pytest

from anchor import followed
from anchor.facts import Event, LocalTask
from anchor.followed import Follow
from shared.models import Condition, Strength

TASK = LocalTask("c1", "web.1", "id-web", "running")
WEB = Follow("web", "id-web", ("web",))


def condition(*tasks: LocalTask, stopping: tuple[str, ...] = ()) -> Condition:
    (only,) = followed.conditions([WEB], {"id-web": tasks}, stopping, serving={})
    return only


def test_a_running_task_lets_its_node_hold_the_virtual_router_and_no_other_is_concerned() -> None:
    found = condition(TASK)
    assert (found.name, found.ok, found.strength, found.routers) == ("service:web", True, Strength.REQUIRE, ("web",))


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (replace(TASK, health="unhealthy"), "it is unhealthy"),
        (replace(TASK, health="starting"), "its first health check has not passed yet"),
        (replace(TASK, state="paused"), "it is paused"),
    ],
)
def test_a_task_that_cannot_serve_counts_as_none_and_the_reason_is_told(task: LocalTask, why: str) -> None:
    found = condition(task)
    assert not found.ok
    assert found.reason == f"no task of web on this node can serve: {why}"


def test_a_healthy_task_beside_an_unhealthy_one_is_enough() -> None:
    assert condition(replace(TASK, health="unhealthy"), replace(TASK, container_id="c2", health="healthy")).ok


def test_a_task_that_was_told_to_stop_counts_as_none_before_it_is_gone() -> None:
    assert condition(TASK, stopping=("c1",)).reason.endswith("it was told to stop")


def test_no_task_at_all_forbids_the_node() -> None:
    assert condition().reason == "no task of web runs on this node"


def test_what_was_not_looked_at_yet_is_forbidden() -> None:
    (found,) = followed.conditions([WEB], {}, (), serving={})
    assert not found.ok


def test_what_was_not_looked_at_yet_forbids_no_router_that_serves_but_every_new_one() -> None:
    both = replace(WEB, routers=("web", "VI_1"))
    (found,) = followed.conditions([both], {}, (), serving={"id-web": {"web"}})
    assert (found.ok, found.routers) == (False, ("VI_1",))
    assert followed.conditions([WEB], {}, (), serving={"id-web": {"web"}}) == ()


def test_a_service_that_the_swarm_does_not_have_is_forbidden_by_name() -> None:
    (found,) = followed.conditions([Follow("web", "", ("VI_1",))], {}, (), serving={})
    assert found.reason == "the Swarm has no service web"


@pytest.mark.parametrize(("signal", "fatal"), [("15", True), ("9", True), ("1", False), ("10", False)])
def test_only_signals_that_end_a_container_count_as_stopping(signal: str, fatal: bool) -> None:
    assert followed.stops(Event("container", "kill", "c1", {"signal": signal})) is fatal


def test_what_is_not_followed_any_more_is_what_is_left_of_before() -> None:
    before = [Follow("web", "id-web", ("VI_1", "web")), Follow("api", "id-api", ("api",))]
    assert followed.without(before, [WEB]) == (Follow("web", "id-web", ("VI_1",)), before[1])


def test_one_service_has_one_condition_for_all_its_routers() -> None:
    assert followed.joined([WEB, Follow("web", "id-web", ("VI_1",))]) == (Follow("web", "id-web", ("web", "VI_1")),)


@pytest.mark.parametrize(
    ("own", "number", "same"),
    [
        ("SIGWINCH", "28", True),
        ("WINCH", "28", True),
        ("28", "28", True),
        ("SIGRTMIN+3", "37", True),
        ("SIGTERM", "28", False),
        ("", "28", False),
        ("SIGRTMIN+x", "34", False),
        ("SIG_DFL", "0", False),
        ("nonsense", "28", False),
    ],
)
def test_an_images_stop_signal_is_read_by_name_and_number(own: str, number: str, same: bool) -> None:
    assert followed.is_signal(own, number) is same
