"""The door to Docker and its SDK, against an engine of paper that answers on a real Unix socket."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchor.connection import MOST_CALLS, Connection
from anchor.facts import (
    ConflictError,
    EngineError,
    EngineSilentError,
    NoQuorumError,
    NotFoundError,
    NotManagingError,
    OddAnswerError,
    PullError,
)
from anchor.swarm import Docker
from shared.errors import SettingsError
from tests.contract.paper_engine import PaperEngine, paper_engine

# The SDK leaves sockets to the garbage collector when a connection or an answer does not come about.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

CONTAINER = {
    "Id": "c1",
    "Name": "/keepalived-float",
    "Image": "sha256:1",
    "State": {"Status": "exited"},
    "Config": {"Image": "float:1", "Labels": {}, "Env": ["KEEPALIVED_LINK_TOKEN=t"]},
    "Mounts": [],
}
NO_LEADER = "rpc error: code = Unknown desc = The swarm does not have a leader."
NOT_A_MANAGER = "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state."


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[PaperEngine]:
    with paper_engine(tmp_path / "docker.sock") as engine:
        yield engine
    gc.collect()


@pytest.fixture
def docker(engine: PaperEngine) -> Docker:
    return Docker(Connection(f"unix://{engine.socket}"))


async def test_a_container_is_told_in_our_words(engine: PaperEngine, docker: Docker) -> None:
    engine.answers["/containers/keepalived-float/json"] = (200, CONTAINER)
    container = await docker.container("keepalived-float")
    assert (container.id, container.state, container.token) == ("c1", "exited", "t")


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (404, "No such container: x", NotFoundError),
        (409, "name is in use", ConflictError),
        (500, "something broke", EngineError),
        (503, NOT_A_MANAGER, NotManagingError),
        (503, NO_LEADER, NoQuorumError),
        (500, "rpc error: code = DeadlineExceeded desc = context deadline exceeded", NoQuorumError),
    ],
)
async def test_dockers_refusals_become_ours_and_keep_its_words(
    engine: PaperEngine, docker: Docker, code: int, message: str, expected: type[EngineError]
) -> None:
    engine.answers["/nodes"] = (code, {"message": message})
    with pytest.raises(EngineError, match="list of nodes") as error:
        await docker.nodes()
    assert type(error.value) is expected
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("code", "expected", "words"),
    [
        (403, EngineError, r"refused .*: 403 Forbidden to GET /v1\.41/services/s1"),
        (404, EngineError, "refused .*: 404 Not Found"),
        (409, EngineError, "refused .*: 409 Conflict"),
        (502, EngineSilentError, "does not answer .*: .* 502 Bad Gateway"),
        (503, EngineSilentError, "does not answer .*: .* 503 Service Unavailable"),
        (504, EngineSilentError, "does not answer .*: .* 504 Gateway Timeout"),
    ],
)
async def test_an_answer_that_is_a_proxys_says_nothing_about_the_world(
    engine: PaperEngine, docker: Docker, code: int, expected: type[EngineError], words: str
) -> None:
    engine.answers["/services/s1"] = (code, b"<html>message of a proxy, does not have a leader</html>")
    with pytest.raises(EngineError, match=words) as error:
        await docker.service("s1")
    assert type(error.value) is expected


async def test_nobody_there_is_silence_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(EngineSilentError, match="No such file or directory"):
        await Docker(Connection(f"unix://{tmp_path}/none.sock")).ping()
    gc.collect()


async def test_an_engine_that_is_there_again_is_spoken_to_again(engine: PaperEngine, docker: Docker) -> None:
    engine.answers["/version"] = (503, {"message": "starting"})
    with pytest.raises(EngineError):
        await docker.ping()
    engine.answers.update({"/version": (200, {"ApiVersion": "1.41"}), "/_ping": (200, "OK")})
    await docker.ping()


async def test_a_hung_engine_is_silence_once_the_limit_is_reached(engine: PaperEngine, docker: Docker) -> None:
    engine.hang.add("/nodes")
    with pytest.raises(EngineSilentError):
        await docker.nodes(limit=1)


async def test_one_hung_call_holds_up_no_other(engine: PaperEngine, docker: Docker) -> None:
    engine.answers["/_ping"] = (200, "OK")
    engine.hang.add("/nodes")
    hung = asyncio.create_task(docker.nodes(limit=1))
    await docker.ping()
    assert not hung.done()
    with pytest.raises(EngineSilentError):
        await hung


@pytest.mark.parametrize("verb", ["stop", "remove"])
async def test_what_is_gone_already_needs_no_stop_and_no_removal(docker: Docker, verb: str) -> None:
    await getattr(docker, verb)("keepalived-float")


async def test_an_image_that_is_not_here_is_none_and_trouble_is_not(engine: PaperEngine, docker: Docker) -> None:
    assert await docker.image_id("float:1") is None
    engine.answers["/images/float:1/json"] = (500, {"message": "broken"})
    with pytest.raises(EngineError, match="broken"):
        await docker.image_id("float:1")


async def test_a_pull_that_fails_on_the_way_keeps_the_registrys_words(engine: PaperEngine, docker: Docker) -> None:
    engine.lines["/images/create"] = [{"status": "Pulling"}, {"error": "unexpected EOF"}]
    with pytest.raises(PullError, match="unexpected EOF"):
        await docker.pull("float:1", first_word=5)


async def test_a_pull_that_is_refused_keeps_the_registrys_words(engine: PaperEngine, docker: Docker) -> None:
    engine.answers["/images/create"] = (404, {"message": "manifest unknown"})
    with pytest.raises(PullError, match="manifest unknown"):
        await docker.pull("float:1", first_word=5)


async def test_a_registry_that_says_nothing_is_given_up(engine: PaperEngine, docker: Docker) -> None:
    engine.hang.add("/images/create")
    with pytest.raises(PullError, match=r"said nothing for 0\.2 s"):
        await docker.pull("float:1", first_word=0.2)


async def test_a_pull_names_one_tag_and_logs_in_with_the_secrets_file(engine: PaperEngine, tmp_path: Path) -> None:
    secret = tmp_path / "auth.json"
    secret.write_text(json.dumps({"auths": {"registry.example:5000": {"auth": "dXNlcjpwYXNz"}}}))
    docker = Docker(Connection(f"unix://{engine.socket}", auth_file=secret))
    engine.lines["/images/create"] = [{"status": "done"}]
    await docker.pull("registry.example:5000/float:1", first_word=5)
    _, path, headers = engine.asked[-1]
    assert "tag=1" in path
    assert "fromImage=registry.example%3A5000%2Ffloat" in path
    assert headers["X-Registry-Auth"]


@pytest.mark.parametrize("content", ["", "[]", '{"auths": []}', '{"credsStore": "pass"}'])
def test_a_registry_file_of_another_form_is_named(tmp_path: Path, content: str) -> None:
    secret = tmp_path / "auth.json"
    secret.write_text(content)
    with pytest.raises(SettingsError, match="KEEPALIVED_REGISTRY_AUTH_FILE"):
        Connection(None, auth_file=secret)


def test_the_stream_says_that_it_is_there_then_its_events_and_its_end_is_a_fault(
    engine: PaperEngine, docker: Docker
) -> None:
    engine.lines["/events"] = [{"Type": "node", "Action": "update", "Actor": {"ID": "n1"}}]
    stream = docker.events()
    assert next(stream) is None
    event = next(stream)
    assert event is not None
    assert (event.kind, event.action, event.id) == ("node", "update", "n1")
    with pytest.raises(EngineSilentError, match="ended the stream"):
        next(stream)


async def test_a_stream_can_be_cut_from_outside(engine: PaperEngine, docker: Docker) -> None:
    engine.lines["/events"] = []
    with pytest.raises(EngineSilentError):
        list(docker.events())
    docker.end_events()


@pytest.mark.parametrize("body", [None, {}, 7, "x", [7], [{}], [{"ID": "n1"}]])
async def test_a_list_that_is_none_is_an_odd_answer_and_not_an_empty_list(
    engine: PaperEngine, docker: Docker, body: object
) -> None:
    engine.answers["/nodes"] = (200, body)
    with pytest.raises(OddAnswerError, match="list of nodes"):
        await docker.nodes()


@pytest.mark.parametrize("body", [{}, {"Swarm": None}, {"Swarm": {}}, []])
async def test_an_engine_that_says_nothing_of_its_swarm_is_not_one_that_has_left_it(
    engine: PaperEngine, docker: Docker, body: object
) -> None:
    engine.answers["/info"] = (200, body)
    with pytest.raises(OddAnswerError, match="info"):
        await docker.describe()


@pytest.mark.parametrize("message", [{"message": "page not found"}, {}, [], "x"])
async def test_a_path_that_nobody_knows_does_not_say_that_a_service_was_removed(
    engine: PaperEngine, docker: Docker, message: object
) -> None:
    engine.answers["/services/s1"] = (404, message)
    with pytest.raises(EngineError) as error:
        await docker.service("s1")
    assert not isinstance(error.value, NotFoundError)


async def test_a_container_that_was_created_without_an_id_is_an_odd_answer(engine: PaperEngine, docker: Docker) -> None:
    engine.answers["/containers/create"] = (201, {"Warnings": []})
    with pytest.raises(OddAnswerError, match="Id is missing"):
        await docker.create("keepalived-float", {"Image": "float:1"})


def test_a_stream_of_other_things_than_events_ends_as_a_fault(engine: PaperEngine, docker: Docker) -> None:
    engine.lines["/events"] = [7]
    stream = docker.events()
    assert next(stream) is None
    with pytest.raises(OddAnswerError):
        next(stream)


def test_events_in_one_piece_are_no_stream(engine: PaperEngine, docker: Docker) -> None:
    engine.answers["/events"] = (200, {})
    with pytest.raises(OddAnswerError, match="not as a stream"):
        next(docker.events())


async def test_a_pull_that_speaks_of_other_things_fails_as_a_pull(engine: PaperEngine, docker: Docker) -> None:
    engine.lines["/images/create"] = [7]
    with pytest.raises(PullError):
        await docker.pull("float:1", first_word=5)


async def test_calls_that_are_left_unanswered_have_an_end(engine: PaperEngine, docker: Docker) -> None:
    engine.hang.add("/_ping")
    hung = [asyncio.create_task(docker.ping()) for _ in range(MOST_CALLS)]
    await asyncio.sleep(0)
    with pytest.raises(EngineSilentError, match="unanswered"):
        await docker.ping()
    engine.over.set()
    await asyncio.gather(*hung, return_exceptions=True)
