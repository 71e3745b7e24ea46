"""A Docker engine's API as a caller of its socket sees it: does it answer, and the client's command line."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tests.lab.shell import Finished, LabError, run, wait_until


class Engine:
    """One dockerd behind a Unix socket."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path

    @property
    def url(self) -> str:
        return f"unix://{self.socket_path}"

    def docker(
        self,
        *arguments: str,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
        cwd: str | Path | None = None,
    ) -> Finished:
        """The docker client that a user of this machine would run, with `env` beside the environment."""
        environment = {**os.environ, **(env or {}), "DOCKER_HOST": self.url}
        return run(["docker", *arguments], check=check, env=environment, timeout=timeout, cwd=cwd)

    def get(self, path: str, *, timeout: float = 60.0) -> Any:
        """The JSON that the engine's API says to a GET: a look without a process. Raises LabError."""
        connection = HTTPConnection("docker", timeout=timeout)
        try:
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(timeout)
            connection.sock.connect(str(self.socket_path))
            connection.request("GET", path)
            answer = connection.getresponse()
            said = answer.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            raise LabError(f"the engine behind {self.socket_path} does not answer: {error!r}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise LabError(f"the engine behind {self.socket_path} says {answer.status} to {path}: {said.strip()}")
        return json.loads(said)

    def answers(self) -> bool:
        """True if the API says it is well, within a second."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(1.0)
                link.connect(str(self.socket_path))
                link.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 " in link.recv(64)
        except OSError:
            return False

    def wait_until_it_answers(self, timeout: float = 60.0) -> None:
        wait_until(self.answers, timeout, f"the Docker engine behind {self.socket_path} to answer")
