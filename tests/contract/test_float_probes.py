"""The real doors of the checks: the kernel's sockets and NAT rules, an HTTP server, programs of every bad kind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from float.probe_port import probe_port
from float.probe_url import probe_url
from float.scripts import Scripts, UnrunnableError
from shared.additions import PortCheck, Script
from tests.contract.float_world import own_network, run


@pytest.fixture
def network() -> Iterator[None]:
    with own_network("probes"):
        yield


# Ports.


@pytest.mark.lab
@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.3", "127.0.0.1"])
async def test_a_listening_socket_is_found_without_connecting(network: None, address: str) -> None:
    with socket.create_server((address, 8080)) as server:
        server.setblocking(False)
        finding = await probe_port(PortCheck(port=8080))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert (finding.ok, finding.reason) == (True, "port 8080 is listened on")


@pytest.mark.lab
async def test_a_port_that_nobody_listens_on_fails_with_a_sentence(network: None) -> None:
    finding = await probe_port(PortCheck(port=8080, address="192.0.2.100"))
    assert (finding.ok, finding.reason) == (False, "nothing listens on 192.0.2.100 port 8080 of this node")


@pytest.mark.lab
async def test_a_published_port_without_a_proxy_is_found_in_the_nat_rules(network: None) -> None:
    to_container = ["-p", "tcp", "--dport", "8080", "-j", "DNAT", "--to-destination", "172.17.0.2:80"]
    run("iptables", "-t", "nat", "-A", "PREROUTING", *to_container)
    assert (await probe_port(PortCheck(port=8080))).reason == "port 8080 is forwarded to a container"
    assert (await probe_port(PortCheck(port=8081))).ok is False


# URLs.


@contextlib.asynccontextmanager
async def server(answer: bytes | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Gives that answer to everybody, or none at all; the port that it listens on."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await reader.read()
            writer.write(answer or b"")
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "ok", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True, "{} answers 200"),
        (b"HTTP/1.0 200\r\n\r\n", True, "{} answers 200"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False, "{} answers 503"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n", False, "{} answers 302"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False, "{} does not speak HTTP"),
        (b"", False, "{}: the connection was closed without an answer"),
    ],
)
async def test_only_200_is_a_success(answer: bytes, ok: bool, reason: str) -> None:
    async with server(answer) as port:
        url = f"http://127.0.0.1:{port}/health?full=1"
        finding = await probe_url(url)
    assert (finding.ok, finding.reason) == (ok, reason.format(url))


async def test_a_port_without_a_server_is_refused() -> None:
    finding = await probe_url("http://127.0.0.1:1/")
    assert (finding.ok, finding.reason) == (False, "http://127.0.0.1:1/: connection refused")


async def test_a_name_that_is_not_known_fails() -> None:
    assert (await probe_url("http://nobody.invalid/")).ok is False


async def test_a_server_that_never_answers_is_cut_by_the_callers_timeout() -> None:
    async with server(None) as port:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(probe_url(f"http://127.0.0.1:{port}/"), 0.2)


async def test_a_certificate_of_ones_own_making_is_good_enough(tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=nobody"]
    run("openssl", "req", *options, "-keyout", key, "-out", certificate)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with server(b"HTTP/1.1 200 OK\r\n\r\n", tls) as port:
        assert (await probe_url(f"https://127.0.0.1:{port}/")).ok


# Scripts.


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path / "scripts")


def carried(scripts: Scripts, text: str, *, user: str | None = None) -> Script:
    """A script whose content came through the link."""
    script = Script(name="/etc/check.sh", content=text.encode(), user=user)
    scripts.keep([script])
    return script


async def test_a_script_runs_with_its_arguments_and_its_name(scripts: Scripts) -> None:
    ended = await scripts.run(carried(scripts, '#!/bin/sh\necho "${0##*/} $*"\n'), "INSTANCE", "VI_1", limit=5)
    assert (ended.code, ended.output) == (0, ("check.sh INSTANCE VI_1",))


async def test_both_streams_are_kept_without_what_a_terminal_would_obey(scripts: Scripts) -> None:
    ended = await scripts.run(carried(scripts, "#!/bin/sh\nprintf 'a\\033[1mb\\n\\n'; echo c >&2; exit 3\n"), limit=5)
    assert (ended.code, ended.output) == (3, ("a [1mb", "c"))


async def test_no_setting_and_no_secret_is_in_a_scripts_environment(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPALIVED_PASSWORD", "hunter2")
    ended = await scripts.run(carried(scripts, "#!/bin/sh\ntr '\\0' '\\n' < /proc/$$/environ\n"), limit=5)
    assert {line.partition("=")[0] for line in ended.output} == {"PATH", "LANG"}


async def test_a_hanging_script_is_cut_with_its_children(scripts: Scripts, tmp_path: Path) -> None:
    mark = tmp_path / "child"
    hanging = carried(scripts, f"#!/bin/sh\nsleep 60 & echo $! > {mark}\nsleep 60\n")
    began = asyncio.get_running_loop().time()
    ended = await scripts.run(hanging, limit=0.3)
    assert ended.code is None
    assert asyncio.get_running_loop().time() - began < 2
    await _until_gone(int(mark.read_text()))


async def test_children_that_a_script_leaves_behind_end_with_it(scripts: Scripts, tmp_path: Path) -> None:
    mark = tmp_path / "child"
    ended = await scripts.run(carried(scripts, f"#!/bin/sh\nsleep 60 & echo $! > {mark}\n"), limit=5)
    assert ended.code == 0
    await _until_gone(int(mark.read_text()))


async def test_more_output_than_anybody_reads_blocks_nothing(scripts: Scripts) -> None:
    ended = await scripts.run(carried(scripts, "#!/bin/sh\nyes | head -c 2000000; echo last\n"), limit=10)
    assert (ended.code, ended.output[-1]) == (0, "last")


@pytest.mark.parametrize(
    ("text", "why"),
    [("exit 0\n", "Exec format error"), ("#!/no/such/shell\n", "No such file or directory")],
)
async def test_content_that_no_kernel_executes_is_never_a_success(scripts: Scripts, text: str, why: str) -> None:
    with pytest.raises(UnrunnableError, match=f"^/etc/check.sh cannot be executed: {why}$"):
        await scripts.run(carried(scripts, text), limit=5)


async def test_a_file_without_permission_to_execute_is_never_a_success(scripts: Scripts, tmp_path: Path) -> None:
    plain = tmp_path / "plain.sh"
    plain.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(UnrunnableError, match=r"plain\.sh cannot be executed: Permission denied"):
        await scripts.run(Script(name=str(plain)), limit=5)


async def test_an_unknown_user_is_never_a_success(scripts: Scripts) -> None:
    with pytest.raises(UnrunnableError, match="there is no user or group 'nosuchuser'"):
        await scripts.run(carried(scripts, "#!/bin/sh\n", user="nosuchuser"), limit=5)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("user", "ids"), [("nobody", "65534 65534 65534"), ("1234", "1234 1234 1234"), ("1234:5", "1234 5 5")]
)
async def test_a_script_runs_as_the_user_that_was_named(user: str, ids: str) -> None:
    scripts = Scripts(Path("/run") / f"scripts-test-{os.getpid()}")
    try:
        ended = await scripts.run(carried(scripts, "#!/bin/sh\necho $(id -u) $(id -g) $(id -G)\n", user=user), limit=5)
        assert ended.output == (ids,)
    finally:
        scripts.keep([])


async def test_only_the_scripts_of_the_spec_are_kept(scripts: Scripts, tmp_path: Path) -> None:
    carried(scripts, "#!/bin/sh\n# one\n")
    carried(scripts, "#!/bin/sh\n# two\n")
    assert [path.read_text() for path in (tmp_path / "scripts").rglob("check.sh")] == ["#!/bin/sh\n# two\n"]


async def _until_gone(pid: int) -> None:
    """A killed process takes a moment to die; TimeoutError for one that does not."""
    async with asyncio.timeout(5):
        while not _gone(pid):
            await asyncio.sleep(0.01)


def _gone(pid: int) -> bool:
    """No process of that number, but for one that waits to be buried."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat[stat.rfind(")") + 2] in "ZX"
