"""Claims about the whole process, over a real socket of this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import httpx

from buoy.__main__ import run
from shared.settings import BuoySettings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(client: httpx.AsyncClient, path: str) -> int:
    """The status code, as soon as somebody listens."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return (await client.get(path)).status_code
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0)


async def test_it_serves_without_a_status_and_ends_within_two_seconds_of_sigterm(
    tmp_path: Path,
) -> None:
    port = free_port()
    env = {"KEEPALIVED_BUOY_PORT": str(port), "DOCKER_NODE_HOSTNAME": "a"}
    settings = BuoySettings.from_environment(env).model_copy(update={"status_folder": tmp_path})
    process = asyncio.create_task(run(settings))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        codes = [await answers(client, path) for path in ("/livez", "/health", "/readyz")]
        async with client.stream("GET", "/events", headers={"accept": "text/event-stream"}) as stream:
            lines = stream.aiter_lines()
            first = await anext(lines)
            asked = time.monotonic()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(process, 2)

    assert codes == [200, 503, 503]
    assert first == "retry: 1000"
    assert time.monotonic() - asked < 2
