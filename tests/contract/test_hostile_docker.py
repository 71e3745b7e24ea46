"""A real anchor and a Docker that stalls, lies and breaks off: what it cannot see it leaves alone, and it goes on."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.link_protocol import GoodbyeReason
from tests.contract import hostile_docker as docker
from tests.contract.hostile_docker import FLOAT, Fault
from tests.contract.hostile_world import World, world

pytestmark = [pytest.mark.lab, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

TROUBLE = 4.0
"""Seconds of it: shorter than what an engine may be silent for."""

MADE = [f"create {FLOAT}", f"start {FLOAT}"]
NO_LEADER = {"message": "rpc error: code = Unknown desc = The swarm does not have a leader."}
PAGE = b"<html><body>502 Bad Gateway</body></html>"

EVERYWHERE: dict[str, tuple[str, Fault]] = {
    "silence": (".", docker.hanging),
    "slowness": (".", docker.slowly(1.5)),
    "500": (".", docker.answering(500, {"message": "something broke"})),
    "503 of a proxy": (".", docker.saying(503, PAGE, "text/html")),
    "404 of a proxy": (".", docker.saying(404, b"404 page not found\n")),
    "404 of another engine": (".", docker.answering(404, {"message": "page not found"})),
    "404 without a reason": (".", docker.answering(404, {})),
    "400 for the version": (".", docker.answering(400, {"message": "client version 1.47 is too new"})),
    "truncated bodies": (".", docker.truncated),
    "torn connections": (".", docker.reset),
    "trickling bodies": (".", docker.trickling),
    "endless bodies": (".", docker.endless),
    "no JSON": (".", docker.saying(200, b"{]")),
    "null": (".", docker.answering(200, None)),
    "an empty object": (".", docker.answering(200, {})),
    "a list of other things": (".", docker.answering(200, [7, None, "x"])),
    "nobody in the lists": (r"/(nodes|containers/json)$", docker.answering(200, [])),
    "no list of nodes, a null": ("GET /nodes", docker.saying(200, b"null\n", "application/json")),
    "nodes without what is needed": ("GET /nodes", docker.answering(200, [{"ID": "node1", "Spec": {}}])),
    "no leader": (r"/(nodes|services)", docker.answering(500, NO_LEADER)),
    "answers of all kinds in turn": (
        ".",
        docker.in_turn(docker.truncated, None, docker.answering(500, {"message": "x"}), docker.reset, None),
    ),
    "events that end at once": ("/events", docker.ending),
    "events that nobody knows": ("/events", docker.babbling),
    "no events": ("/events", docker.hanging),
}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A node whose anchor and float have found each other; a service has a virtual IP, too."""
    with world(tmp_path_factory.mktemp("h")) as node:
        node.docker.services = [docker.user_service("web", "10.0.0.50")]
        node.begin()
        node.settle()
        yield node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[World]:
    """A node without an anchor yet."""
    with world(tmp_path) as node:
        yield node


@pytest.mark.parametrize("name", EVERYWHERE)
def test_what_cannot_be_seen_is_left_alone_and_said_once_and_all_is_well_again_by_itself(
    settled: World, name: str
) -> None:
    said, specs, asked = len(settled.log.splitlines()), len(settled.the_float.specs), len(settled.docker.asked)
    began = time.monotonic()
    settled.docker.fail(*EVERYWHERE[name])
    settled.docker.end_events()
    time.sleep(TROUBLE)
    settled.docker.heal()
    settled.docker.tell("container", "start", "x", **{"keepalived.stack": "other"})
    healed = time.monotonic()
    settled.until(lambda: _asks_well(settled), "the anchor asks and understands again", 15)

    assert settled.alive
    assert settled.docker.journal == MADE
    assert settled.the_float.specs[specs:] == []
    assert settled.the_float.longest_silence(began) < 3.0
    lines = settled.log.splitlines()[said:]
    assert len(lines) <= 8, lines
    assert "Traceback" not in "\n".join(lines)
    assert len(settled.docker.asked) - asked < 40 * (time.monotonic() - began)
    assert time.monotonic() - healed < 15


def _asks_well(node: World) -> bool:
    """Whether a whole turn of the loop was answered after the trouble, the Swarm's list included."""
    before = len(node.docker.asked)
    time.sleep(0.3)
    new = node.docker.asked[before:]
    return bool(new) and not node.docker.faults and any(FLOAT in route or "/containers/" in route for route in new)


def test_ten_seconds_without_an_answer_fail_the_engine_and_five_of_answers_bring_it_back(settled: World) -> None:
    settled.until(lambda: settled.the_float.conditions.get("engine") is True, "engine is well")
    settled.docker.fail(".", docker.hanging)
    failed = settled.until(lambda: not settled.the_float.conditions["engine"], "engine fails", 25)
    settled.docker.heal()
    back = settled.until(lambda: settled.the_float.conditions["engine"], "engine is well again", 25)
    assert 9.5 < failed < 22
    assert 4.5 < back < 17
    assert settled.docker.journal == MADE
    assert all(len(router.peers) == 2 for spec in settled.the_float.specs for router in spec.virtual_routers)


def test_bodies_without_an_end_do_not_fill_the_memory_and_hung_calls_leave_no_threads(settled: World) -> None:
    for fault in (docker.endless, docker.trickling):
        settled.docker.fail(".", fault)
        settled.docker.end_events()
        time.sleep(TROUBLE + 4)
        settled.docker.heal()
    assert settled.process is not None
    told = Path(f"/proc/{settled.process.pid}/status").read_text()
    kilobytes, threads = (int(re.findall(rf"{name}:\s+(\d+)", told)[0]) for name in ("VmHWM", "Threads"))
    assert kilobytes < 200_000
    assert threads < 20


@pytest.mark.parametrize("fault", [docker.answering(500, NO_LEADER), docker.answering(200, []), docker.truncated])
def test_an_anchor_whose_first_look_at_the_swarm_fails_takes_no_services_virtual_ip_away(
    node: World, fault: Fault
) -> None:
    node.docker.services = [docker.user_service("web", "10.0.0.50")]
    node.begin()
    node.settle()
    node.kill()
    node.docker.fail(r"/(nodes|services)", fault)
    specs, beats = len(node.the_float.specs), node.the_float.beats
    node.begin()
    node.until(lambda: node.the_float.beats > beats + 8, "the next anchor beats")
    assert [len(spec.virtual_routers) for spec in node.the_float.specs[specs:]] == [2] * len(
        node.the_float.specs[specs:]
    )
    assert all(spec == node.the_float.specs[0] for spec in node.the_float.specs)
    assert node.docker.journal == MADE


def test_an_anchor_that_has_never_seen_the_swarm_tells_no_spec_until_it_has(node: World) -> None:
    node.docker.fail("GET /nodes", docker.answering(500, NO_LEADER))
    node.begin()
    node.until(lambda: node.the_float.beats > 8, "the anchor beats")
    assert node.the_float.specs == []
    node.docker.heal()
    node.settle()
    assert all(len(router.peers) == 2 for spec in node.the_float.specs for router in spec.virtual_routers)


@pytest.mark.parametrize(
    "fault", [docker.hanging, docker.saying(404, b"404 page not found\n"), docker.answering(200, {}), docker.truncated]
)
def test_an_anchor_that_is_stopped_while_docker_makes_no_sense_leaves_the_float(node: World, fault: Fault) -> None:
    node.begin()
    node.settle()
    node.docker.fail(".", fault)
    assert node.kill(signal.SIGTERM) == 0
    assert node.docker.journal == MADE
    node.until(lambda: bool(node.the_float.goodbyes), "the float hears the goodbye")
    assert [goodbye.reason for goodbye in node.the_float.goodbyes] == [GoodbyeReason.UPDATE]


def test_a_task_spec_that_docker_cannot_tell_at_the_start_is_learnt_later_and_the_float_stays(node: World) -> None:
    node.docker.fail(f"GET /tasks/{docker.TASK}", docker.answering(500, NO_LEADER))
    node.begin()
    node.settle()
    remembered = node.folder / "link" / "anchor-memory.json"
    assert '"settled_template":null' in remembered.read_text()
    node.docker.heal()
    node.until(
        lambda: '"settled_template":"' in remembered.read_text(), "the anchor learns from what its task was made"
    )
    assert node.docker.journal == MADE


@pytest.mark.parametrize("removed", [True, False])
def test_an_anchor_that_is_stopped_before_it_knows_who_it_is_takes_a_removed_services_float_along(
    node: World, *, removed: bool
) -> None:
    labels = {"keepalived.stack": "keepalived", "keepalived.service-id": docker.SERVICE}
    node.docker.put("f" * 64, FLOAT, "keepalived-float", labels, state="running")
    node.docker.fail("GET /info", docker.slowly(2.0))
    if removed:
        node.docker.fail("GET /services/", docker.answering(404, {"message": f"service {docker.SERVICE} not found"}))
    node.begin()
    node.until(lambda: any("/info" in asked for asked in node.docker.asked), "the anchor asks who it is")
    assert node.kill(signal.SIGTERM) == 0
    assert node.docker.journal == ([f"stop {FLOAT}", f"remove {FLOAT}"] if removed else [])


@pytest.mark.parametrize("fault", [docker.answering(200, {}), docker.saying(503, PAGE, "text/html"), docker.reset])
def test_a_docker_that_makes_no_sense_at_the_start_is_exit_code_3_and_one_sentence(node: World, fault: Fault) -> None:
    node.docker.fail("GET /info", fault)
    node.begin()
    node.until(lambda: not node.alive, "the anchor gives up", 40)
    assert node.process is not None
    assert node.process.returncode == 3
    assert len(node.log.splitlines()) == 1


def test_docker_20_10_is_spoken_to_in_its_version(node: World) -> None:
    node.docker.api = "1.41"
    node.begin()
    node.settle()


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        ("POST /containers/create", docker.done_but_unsaid),
        ("POST /containers/create", docker.answering(500, {"message": "no space left on device"})),
        ("POST /containers/create", docker.answering(409, {"message": "name in use"})),
        ("POST .*/start", docker.done_but_unsaid),
        ("POST .*/start", docker.answering(404, {"message": "No such container"})),
        ("POST .*/start", docker.answering(500, {"message": "OCI runtime create failed"})),
        ("DELETE /", docker.answering(409, {"message": "removal of container is already in progress"})),
        (r"GET /containers/json\?|GET /images", docker.in_turn(docker.reset, None)),
    ],
)
def test_races_around_a_floats_making_end_with_exactly_one_float(node: World, route: str, fault: Fault) -> None:
    node.begin()
    node.settle()
    dead = node.docker.float_id
    node.docker.fail(route, docker.in_turn(fault, fault, None, None, None, None, None, None))
    node.docker.containers[dead]["State"]["Status"] = "exited"
    node.docker.tell("container", "die", dead, **{"keepalived.stack": "keepalived"})
    node.until(lambda: node.docker.float_id not in ("", dead), "another float runs")
    node.until(lambda: node.the_float.runs is not None, "it has its spec")
    floats = [c for c in node.docker.containers.values() if FLOAT in c["Name"]]
    assert [(c["Name"], c["State"]["Status"]) for c in floats] == [(f"/{FLOAT}", "running")]
    assert node.alive


def test_a_pull_that_breaks_off_leaves_the_image_of_this_node(node: World) -> None:
    node.docker.fail("POST /images/create", docker.breaking_off)
    node.begin()
    node.settle()
    assert "the one on this node is used" in node.log
    assert node.docker.journal == MADE


def test_a_pull_that_breaks_off_where_there_is_no_image_is_exit_code_2_and_names_it(node: World) -> None:
    node.docker.fail("POST /images/create", docker.breaking_off)
    node.docker.fail("GET /images/", docker.answering(404, {"message": "No such image: x"}))
    node.begin()
    node.until(lambda: not node.alive, "the anchor gives up", 60)
    assert node.process is not None
    assert node.process.returncode == 2
    assert "KEEPALIVED_IMAGE=registry:5000/keepalived-float:1" in node.log.splitlines()[-1]


def test_somebody_elses_container_that_takes_the_name_in_between_is_not_touched(node: World) -> None:
    """The float died; before it is removed and made anew, its name is another's."""
    node.begin()
    node.settle()
    dead = node.docker.float_id

    def taken(handler: docker.Handler) -> None:
        world_ = handler.docker
        with world_.lock:
            if dead in world_.containers:
                del world_.containers[dead]
                world_.put("f" * 64, FLOAT, "nginx", {}, state="running")
        handler.truly()

    node.docker.fail("DELETE /", taken)
    node.docker.containers[dead]["State"]["Status"] = "exited"
    node.docker.tell("container", "die", dead, **{"keepalived.stack": "keepalived"})
    node.until(lambda: not node.alive, "the anchor says that the name is taken")
    assert node.process is not None
    assert node.process.returncode == 6
    assert node.docker.containers["f" * 64]["State"]["Status"] == "running"


def test_events_that_come_twice_or_in_another_order_or_not_at_all_change_nothing(settled: World) -> None:
    container = settled.docker.float_id
    for action in ("start", "die", "die", "destroy", "create", "start", "start", "kill"):
        settled.docker.tell("container", action, container, **{"keepalived.stack": "keepalived", "signal": "15"})
    settled.docker.tell("node", "remove", "node2")
    settled.docker.tell("service", "remove", "service1")
    time.sleep(2)
    assert settled.docker.journal == MADE
    assert settled.alive


def test_a_float_that_dies_without_an_event_is_made_anew(node: World) -> None:
    node.docker.fail("/events", docker.hanging)
    node.begin()
    node.settle()
    dead = node.docker.float_id
    node.docker.containers[dead]["State"]["Status"] = "exited"
    node.until(lambda: node.docker.float_id not in ("", dead), "another float runs", 20)


def test_full_volumes_are_said_once_and_end_nothing(tmp_path: Path) -> None:
    with world(tmp_path, volume_size="64k") as node:
        node.begin()
        node.settle()
        for volume in ("link", "status"):
            _fill(node.inside(volume))
        node.docker.services = [docker.user_service("web", "10.0.0.50")]
        node.docker.tell("service", "update", "id-web")
        node.until(lambda: len(node.the_float.specs[-1].virtual_routers) == 2, "the service has its virtual IP")
        beats = node.the_float.beats
        node.until(lambda: node.the_float.beats > beats + 8, "it beats on")
        assert node.alive
        assert node.docker.journal == MADE
        assert len(re.findall("No space left", node.log)) == 2


def _fill(folder: Path) -> None:
    """Until not a byte more fits."""
    with contextlib.suppress(OSError), (folder / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_clock_that_is_set_by_hours_moves_nothing(tmp_path: Path, hours: int) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    clock = tmp_path / "clock.py"
    clock.write_text(
        "import runpy, time, pathlib\n"
        "true = time.time\n"
        f"time.time = lambda: true() + float(pathlib.Path({str(offset)!r}).read_text() or 0)\n"
        "runpy.run_module('anchor', run_name='__main__', alter_sys=True)\n"
    )
    with world(tmp_path, program=str(clock)) as node:
        node.begin()
        node.settle()
        said, specs, began = len(node.log.splitlines()), len(node.the_float.specs), time.monotonic()
        offset.write_text(str(hours * 3600))
        time.sleep(TROUBLE + 8)
        assert node.the_float.longest_silence(began) < 3.0
        assert node.the_float.specs[specs:] == []
        assert all(node.the_float.conditions.values())
        assert node.docker.journal == MADE
        assert node.log.splitlines()[said:] == []
