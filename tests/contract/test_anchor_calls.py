"""Every call of the door to Docker, against an engine of paper: directly, and behind HAProxy as the example has it."""

from __future__ import annotations

import gc
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from anchor.connection import Connection
from anchor.engine import Engine
from anchor.facts import EngineError, EngineSilentError
from anchor.swarm import Docker
from tests.buoy.fleet import free_port
from tests.buoy.programs import unpacked
from tests.contract.paper_engine import PaperEngine, paper_engine
from tests.docs.socket_proxy import CFG, allowed
from tests.lab.shell import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

IMAGE = "registry.example:5000/team/keepalived-float"
DIGEST = "sha256:" + "0" * 64
CALLS: dict[str, list[Callable[[Docker], Awaitable[object]]]] = {
    "describe": [lambda d: d.describe()],
    "ping": [lambda d: d.ping()],
    "nodes": [lambda d: d.nodes()],
    "service": [lambda d: d.service("svc1")],
    "services_labelled": [lambda d: d.services_labelled("keepalived.vip")],
    "services_named": [lambda d: d.services_named(("web", "api"))],
    "tasks_here": [lambda d: d.tasks_here("svc1"), lambda d: d.tasks_here()],
    "task_template": [lambda d: d.task_template("task1")],
    "own_container": [lambda d: d.own_container("task1", "0123abc")],
    "labelled": [lambda d: d.labelled("hidden")],
    "running": [lambda d: d.running()],
    "container": [lambda d: d.container("keepalived-float"), lambda d: d.container("my_float.2")],
    "last_words": [lambda d: d.last_words("keepalived-float")],
    "image_id": [
        lambda d: d.image_id(f"{IMAGE}:1"),
        lambda d: d.image_id(DIGEST),
        lambda d: d.image_id(f"{IMAGE}:1@{DIGEST}"),
        lambda d: d.image_id("[fd00::1]:5000/float"),
    ],
    "pull": [lambda d: d.pull(f"{IMAGE}:1", first_word=5), lambda d: d.pull(f"{IMAGE}@{DIGEST}", first_word=5)],
    "create": [lambda d: d.create("keepalived-float", {"Image": IMAGE})],
    "start": [lambda d: d.start("keepalived-float")],
    "stop": [lambda d: d.stop("keepalived-float")],
    "remove": [lambda d: d.remove("keepalived-float")],
    "rename": [lambda d: d.rename("keepalived-float-next", "keepalived-float")],
}
VERSIONS = ("", "/v1.41", "/v1.52")
OTHERS = [
    ("GET", "/volumes"),
    ("GET", "/secrets"),
    ("GET", "/swarm"),
    ("GET", "/swarm/unlockkey"),
    ("GET", "/containers/keepalived-float/archive?path=/"),
    ("GET", "/images/json"),
    ("GET", "/images/x/../../secrets/json"),
    ("GET", "/images/x/%2e%2e/%2E%2e/secrets/json"),
    ("GET", "//info"),
    ("GET", "/info/"),
    ("HEAD", "/_ping"),
    ("POST", "/info"),
    ("POST", "/build"),
    ("POST", "/services/create"),
    ("POST", "/images/create?fromSrc=http://example"),
    ("POST", "/images/create?fromImage="),
    ("POST", "/containers/keepalived-float/exec"),
    ("POST", "/containers/keepalived-float/kill"),
    ("POST", "/containers/keepalived-float/attach"),
    ("POST", "/containers/prune"),
    ("POST", "/nodes/n1/update"),
    ("DELETE", "/images/x"),
    ("DELETE", "/containers/x/y"),
    ("PUT", "/containers/x/archive"),
]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[PaperEngine]:
    with paper_engine(tmp_path / "docker.sock") as engine:
        yield engine
    gc.collect()


@pytest.fixture(scope="session")
def haproxy() -> str:
    return unpacked("haproxy", "haproxy", libraries=True)


@pytest.fixture(params=["unix", "tcp"])
def proxied(request: pytest.FixtureRequest, haproxy: str, tmp_path: Path) -> Iterator[str]:
    """DOCKER_HOST of the example's HAProxy, which has its sockets in this test's folder and no other change."""
    place, address = tmp_path / "proxy.sock", f"127.0.0.1:{free_port()}"
    listen, host = {
        "unix": (f"unix@{place} mode 600", f"unix://{place}"),
        "tcp": (address, f"tcp://{address}"),
    }[request.param]
    text = CFG.read_text().replace("unix@/run/socket-proxy/docker.sock mode 600", listen)
    config = tmp_path / "proxy.cfg"
    config.write_text(text.replace("/var/run/docker.sock", f"{tmp_path}/docker.sock"))
    process = subprocess.Popen([haproxy, "-db", "-f", config], stdout=subprocess.DEVNULL)
    wait_until(lambda: _status(host, "GET", "/denied") == HTTPStatus.FORBIDDEN, 10, "HAProxy to listen", interval=0.02)
    yield host
    process.kill()
    process.wait(10)


def test_every_method_of_the_door_is_called_here() -> None:
    methods = {name for name in vars(Engine) if not name.startswith("_")}
    assert methods - {"events", "end_events"} == set(CALLS)


async def test_the_proxy_lets_through_what_the_door_asks_and_has_no_line_that_it_does_not_need(
    engine: PaperEngine,
) -> None:
    docker = Docker(Connection(f"unix://{engine.socket}"))
    await _ask_everything(engine, docker)

    asked = [(method, urlsplit(url)) for method, url, _ in engine.asked]
    through = [
        [c for c in allowed() if c.method == method and c.pattern.fullmatch(url.path) and c.parameter in url.query]
        for method, url in asked
    ]
    assert [call for call, rules in zip(asked, through, strict=True) if len(rules) != 1] == []
    assert {rule for rules in through for rule in rules} == set(allowed())


@pytest.mark.lab
async def test_behind_the_proxy_every_call_reaches_docker(engine: PaperEngine, proxied: str) -> None:
    docker = Docker(Connection(proxied))
    await _ask_everything(engine, docker)
    behind = [(method, unquote(url)) for method, url, _ in engine.asked]
    engine.asked.clear()
    await _ask_everything(engine, Docker(Connection(f"unix://{engine.socket}")))

    assert behind == [(method, unquote(url)) for method, url, _ in engine.asked]


@pytest.mark.lab
def test_the_proxy_denies_everything_else(engine: PaperEngine, proxied: str) -> None:
    statuses = {
        (verb, path): _status(proxied, verb, f"{version}{path}") for verb, path in OTHERS for version in VERSIONS
    }

    assert [call for call, status in statuses.items() if status != HTTPStatus.FORBIDDEN] == []
    assert engine.asked == []


@pytest.mark.lab
def test_events_come_through_the_proxy_at_once(engine: PaperEngine, proxied: str) -> None:
    engine.lines["/events"] = [{"Type": "node", "Action": "update", "Actor": {"ID": "n1"}}]
    stream = Docker(Connection(proxied)).events()

    assert next(stream) is None
    event = next(stream)
    assert event is not None
    assert event.id == "n1"


@pytest.mark.lab
async def test_a_proxy_without_docker_behind_it_is_silence(proxied: str) -> None:
    with pytest.raises(EngineSilentError, match="503"):
        await Docker(Connection(proxied)).nodes()


@pytest.mark.lab
async def test_what_the_proxy_forbids_is_named(engine: PaperEngine, proxied: str) -> None:
    with pytest.raises(EngineError, match=r"403 Forbidden to GET /v1\.41/services/a%20b"):
        await Docker(Connection(proxied)).service("a b")
    assert [url for _, url, _ in engine.asked] == ["/version"]


async def _ask_everything(engine: PaperEngine, docker: Docker) -> None:
    """What it answers is not the point; an event's stream that ends is an error like the others."""
    engine.answers["/containers/json"] = (200, [])
    for call in [call for calls in CALLS.values() for call in calls]:
        with suppress(EngineError):
            await call(docker)
    with suppress(EngineError):
        list(docker.events())


def _status(host: str, method: str, path: str) -> int:
    """The status code of the answer; 0 where nobody listens."""
    kind, _, place = host.partition("://")
    connection = HTTPConnection("docker" if kind == "unix" else place, timeout=5)
    try:
        if kind == "unix":
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(place)
        connection.request(method, path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
