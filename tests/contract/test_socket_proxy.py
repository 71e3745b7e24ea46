"""The documents' socket proxy: Debian's HAProxy with the example's configuration before an engine of paper."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import unquote

import pytest

from anchor.connection import Connection
from anchor.facts import EngineError, EngineSilentError
from anchor.swarm import Docker
from tests.buoy.fleet import free_port
from tests.buoy.programs import unpacked
from tests.contract.anchor_calls import ask_everything
from tests.contract.paper_engine import PaperEngine, paper_engine
from tests.docs.socket_proxy import CFG, script
from tests.lab.shell import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

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
    config = _config(tmp_path, listen)
    process = subprocess.Popen([haproxy, "-db", "-f", config], stdout=subprocess.DEVNULL)
    wait_until(lambda: _status(host, "GET", "/denied") == HTTPStatus.FORBIDDEN, 10, "HAProxy to listen", interval=0.02)
    yield host
    process.kill()
    process.wait(10)


async def test_behind_the_proxy_every_call_reaches_docker(engine: PaperEngine, proxied: str) -> None:
    docker = Docker(Connection(proxied))
    await ask_everything(engine, docker)
    behind = [(method, unquote(url)) for method, url, _ in engine.asked]
    engine.asked.clear()
    await ask_everything(engine, Docker(Connection(f"unix://{engine.socket}")))

    assert behind == [(method, unquote(url)) for method, url, _ in engine.asked]


def test_the_proxy_denies_everything_else(engine: PaperEngine, proxied: str) -> None:
    statuses = {
        f"{verb} {version}{path}": _status(proxied, verb, f"{version}{path}")
        for verb, path in OTHERS
        for version in VERSIONS
    }

    assert [call for call, status in statuses.items() if status != HTTPStatus.FORBIDDEN] == []
    assert engine.asked == []


def test_events_come_through_the_proxy_at_once(engine: PaperEngine, proxied: str) -> None:
    engine.lines["/events"] = [{"Type": "node", "Action": "update", "Actor": {"ID": "n1"}}]
    stream = Docker(Connection(proxied)).events()

    assert next(stream) is None
    event = next(stream)
    assert event is not None
    assert event.id == "n1"


async def test_a_proxy_without_docker_behind_it_is_silence(proxied: str) -> None:
    with pytest.raises(EngineSilentError, match="503"):
        await Docker(Connection(proxied)).nodes()


async def test_what_the_proxy_forbids_is_named(engine: PaperEngine, proxied: str) -> None:
    with pytest.raises(EngineError, match=r"403 Forbidden to GET /v1\.41/services/a%20b"):
        await Docker(Connection(proxied)).service("a b")
    assert [url for _, url, _ in engine.asked] == ["/version"]


@pytest.fixture
def container(haproxy: str, engine: PaperEngine, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """What the example's container runs, its first process; the anchor would be told tmp_path/proxy.sock."""
    text = script().replace("/etc/socket-proxy.cfg", str(_config(tmp_path, f"unix@{tmp_path}/proxy.sock mode 600")))
    process = subprocess.Popen(["sh", "-c", text.replace("haproxy -db", f"{haproxy} -db")], start_new_session=True)
    host = f"unix://{tmp_path}/proxy.sock"
    wait_until(lambda: _status(host, "GET", "/version") == HTTPStatus.OK, 10, "HAProxy to serve", interval=0.02)
    yield process
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def test_a_proxy_that_is_told_to_stop_serves_until_the_last_stream_is_gone(
    engine: PaperEngine, container: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    engine.hang.add("/events")
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(tmp_path / "proxy.sock"))
        stream.sendall(b"GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n")
        wait_until(lambda: "/v1.41/events" in [url for _, url, _ in engine.asked], 10, "the stream")
        container.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            container.wait(1.5)
        assert _status(f"unix://{tmp_path}/proxy.sock", "GET", "/version") == HTTPStatus.OK

    with pytest.raises(subprocess.TimeoutExpired):  # who hangs up may call again at once
        container.wait(1)
    assert _status(f"unix://{tmp_path}/proxy.sock", "GET", "/version") == HTTPStatus.OK
    assert container.wait(15) == 0


def test_a_proxy_that_dies_takes_its_container_along(container: subprocess.Popen[bytes]) -> None:
    (child,) = Path(f"/proc/{container.pid}/task/{container.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)

    assert container.wait(10) == 128 + signal.SIGKILL


def _config(folder: Path, listen: str) -> Path:
    """The example's configuration with the sockets in that folder."""
    text = CFG.read_text().replace("unix@/run/socket-proxy/docker.sock mode 600", listen)
    config = folder / "proxy.cfg"
    config.write_text(text.replace("/var/run/docker.sock", f"{folder}/docker.sock"))
    return config


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
