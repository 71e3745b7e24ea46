"""The connection to Docker's API through its SDK: a limit on every call, and the SDK's errors as ours."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, NotFound, StreamParseError

from anchor import facts
from anchor.bounded import BoundedClient
from anchor.engine import LOOK
from anchor.threads import in_thread
from shared.errors import SettingsError

T = TypeVar("T")

DEFAULT_HOST = "unix:///var/run/docker.sock"
OLDEST_VERSION = "1.41"
"""Of the API, for asking which one the engine speaks: Docker 20.10's, the oldest engine that this is tested on."""

SDK_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, DockerException, OSError)
ODDITIES = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, StreamParseError)
"""What the SDK and our readers make of an answer that is not Docker's."""

MOST_CALLS = 64
"""Calls under way at once: what hangs beyond its limit holds a thread until Docker hangs up."""

_LONGEST_WORDS = 500
"""Characters of an error that are repeated: a proxy may answer with a whole page."""

_NO_QUORUM = (
    "Manager is being prepared",
    "does not have a leader",
    "context deadline exceeded",
    "DeadlineExceeded",
    "raft:",
)
_DOCKER_IS_AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_NOT_MANAGING = ("not a swarm manager", "not part of a swarm", "not connected to a swarm")


class Connection:
    """One engine; every call runs in a thread of its own, so that none can block another.

    `auth_file`, in the form of Docker's config.json, is for logging in to registries. Raises SettingsError.
    """

    def __init__(self, host: str | None, *, auth_file: Path | None = None) -> None:
        if auth_file is not None:
            _check_auth(auth_file)
        self._host = host or DEFAULT_HOST
        self._made: dict[float, BoundedClient] = {}
        self._version = ""
        self._auth_file = auth_file
        self._making = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_CALLS)

    def client(self, read: float = LOOK) -> BoundedClient:
        """The client whose requests wait that long for a byte; all of them speak the version that the first found."""
        with self._making:
            if not self._version:
                self._version = self._negotiate()
            if read not in self._made:
                self._made[read] = self._make(self._version, read)
            return self._made[read]

    async def ask(
        self, call: Callable[[docker.APIClient], T], limit: float, what: str, *, read: float | None = None
    ) -> T:
        """Run one call of the SDK, and what reads its answer, in a thread.

        Raises EngineError, EngineSilentError once the limit is reached, OddAnswerError for what cannot be read.
        """
        if not self._places.acquire(blocking=False):
            raise facts.EngineSilentError(f"Docker has left {MOST_CALLS} calls unanswered ({what})")

        def run() -> T:
            try:
                return call(self.client(read or limit))
            except (*SDK_ERRORS, *ODDITIES) as error:
                raise ours(error, what) from error
            finally:
                self._places.release()

        try:
            async with asyncio.timeout(limit + 0.5):
                return await in_thread(run, name=f"docker {what}")
        except TimeoutError:
            raise facts.EngineSilentError(f"Docker did not answer within {limit:g} s ({what})") from None

    def _negotiate(self) -> str:
        """The API version that the engine speaks; the SDK's own way leaks a socket for every engine that is not up."""
        probe = self._make(OLDEST_VERSION, LOOK)
        try:
            return str(probe.version(api_version=False)["ApiVersion"])
        finally:
            probe.close()

    def _make(self, version: str, read: float) -> BoundedClient:
        client = BoundedClient(base_url=self._host, version=version, timeout=int(read))
        if self._auth_file is not None:
            client.reload_config(dockercfg_path=str(self._auth_file))
        return client


def ours(error: Exception, what: str) -> facts.EngineError:
    """The SDK's error as one of ours; the sentence keeps Docker's own words."""
    if isinstance(error, APIError):
        response = error.response
        if response is not None and _message(response) is None:  # Docker says why in JSON, a proxy in HTML or text
            return _of_a_proxy(response, what)
        return _of_docker(error, what)
    if isinstance(error, ODDITIES) and not isinstance(error, (requests.ConnectionError, requests.Timeout)):
        return facts.OddAnswerError(f"Docker's answer cannot be understood ({what}): {_shown(error)}")
    return facts.EngineSilentError(f"Docker does not answer ({what}): {_innermost(error)}")


def _of_docker(error: APIError, what: str) -> facts.EngineError:
    words = " ".join(str(error.explanation or error).split())[:_LONGEST_WORDS]
    sentence = f"Docker refused ({what}): {words}"
    if any(phrase in words for phrase in _NO_QUORUM):  # a manager that starts says "not a swarm manager", too
        return facts.NoQuorumError(sentence)
    if any(phrase in words for phrase in _NOT_MANAGING):
        return facts.NotManagingError(sentence)
    if isinstance(error, NotFound) and _says_so_itself(error):
        return facts.NotFoundError(sentence)
    if error.status_code == HTTPStatus.CONFLICT:
        return facts.ConflictError(sentence)
    return facts.EngineError(sentence)


def _says_so_itself(error: NotFound) -> bool:
    """Whether Docker does not have the thing, and not another engine that lacks the path."""
    message = _message(error.response) if error.response is not None else None
    return message is not None and message.lower().rstrip(".") != "page not found"


def _message(response: requests.Response) -> str | None:
    try:
        message = response.json()["message"]
    except ODDITIES:
        return None
    return message if isinstance(message, str) else None


def _of_a_proxy(response: requests.Response, what: str) -> facts.EngineError:
    """Not one of them says anything about the world: a 404 that is not Docker's is nothing that is not there."""
    said = f"{response.status_code} {response.reason}"
    if response.status_code in _DOCKER_IS_AWAY:
        return facts.EngineSilentError(f"Docker does not answer ({what}): the proxy in front of it says {said}")
    call = f"{response.request.method} {urlsplit(response.url).path}"
    return facts.EngineError(f"The proxy in front of Docker refused ({what}): {said} to {call}; let it through there")


def _shown(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:_LONGEST_WORDS]


def _innermost(error: BaseException) -> str:
    """The cause at the bottom, which says `No such file or directory` where the top says `Connection aborted`."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _check_auth(path: Path) -> None:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError([f"KEEPALIVED_REGISTRY_AUTH_FILE={path}: cannot be read as JSON: {error}"]) from None
    if not isinstance(content, dict) or not isinstance(content.get("auths"), dict):
        rule = 'must be a config.json with "auths", as `docker login` writes it'
        raise SettingsError([f"KEEPALIVED_REGISTRY_AUTH_FILE={path}: {rule}"])
