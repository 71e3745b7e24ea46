"""A Docker of paper that lies, stalls and breaks off: a Swarm's answers on a Unix socket, and faults by route.

What changes the world (create, start, stop, remove, rename) is done to containers in a dictionary and written down in
`journal`, so that a test can say what an anchor did and what it left alone. A fault is a function that is given the
request's handler in place of the true answer; it is chosen by a regular expression on `METHOD /path`, with the API's
version taken off.
"""

from __future__ import annotations

import contextlib
import copy
import json
import queue
import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ANCHOR, TASK, SERVICE, NODE = "a" * 64, "task1", "service1", "node1"
FLOAT = "keepalived-float"
IMAGE = "registry:5000/keepalived-anchor:1"
_RFC3339 = "2026-01-01T00:00:0{}.5Z"

Json = dict[str, Any]
Fault = Callable[["Handler"], None]


def node(number: int) -> Json:
    """As Docker 28 lists a manager; Docker 20.10 has all of these fields, too."""
    return {
        "ID": f"node{number}",
        "Version": {"Index": 10 + number},
        "CreatedAt": _RFC3339.format(number),
        "UpdatedAt": "2026-01-02T00:00:00Z",
        "Spec": {"Labels": {}, "Role": "manager", "Availability": "active"},
        "Description": {
            "Hostname": f"host{number}",
            "Platform": {"Architecture": "x86_64", "OS": "linux"},
            "Resources": {"NanoCPUs": 2000000000, "MemoryBytes": 1},
            "Engine": {"EngineVersion": "28.0.1", "Plugins": [{"Type": "Log", "Name": "json-file"}]},
        },
        "Status": {"State": "ready", "Addr": f"10.0.0.{number}"},
        "ManagerStatus": {"Leader": number == 1, "Reachability": "reachable", "Addr": f"10.0.0.{number}:2377"},
    }


def user_service(name: str, vip: str) -> Json:
    """A service that asks for a virtual IP of its own."""
    return {
        "ID": f"id-{name}",
        "CreatedAt": _RFC3339.format(9),
        "Spec": {"Name": name, "Labels": {"keepalived.vip": vip}, "EndpointSpec": {"Mode": "vip"}},
    }


@dataclass
class HostileDocker:
    """The world as this Docker tells it, and how it fails to."""

    path: Path
    managers: int = 3
    api: str = "1.47"
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    containers: dict[str, Json] = field(default_factory=dict)
    services: list[Json] = field(default_factory=list)
    listeners: list[queue.SimpleQueue[bytes | None]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)
    made: int = 0

    def __post_init__(self) -> None:
        self.nodes = [node(number + 1) for number in range(self.managers)]
        labels = {
            "com.docker.stack.namespace": "keepalived",
            "com.docker.swarm.service.id": SERVICE,
            "com.docker.swarm.service.name": "keepalived_keepalived-anchor",
            "com.docker.swarm.task.id": TASK,
        }
        self.put(ANCHOR, "keepalived_keepalived-anchor.1", IMAGE, labels, state="running")
        self.containers[ANCHOR]["Mounts"] = [
            {"Type": "volume", "Name": f"keepalived_{name}", "Source": f"/x/{name}", "Destination": f"/run/{place}"}
            for name, place in (("link", "keepalived-link"), ("status", "keepalived-status"))
        ]

    def put(self, container: str, name: str, image: str, labels: Json, *, state: str, env: tuple[str, ...] = ()) -> str:
        """A container, as `GET /containers/{id}/json` tells it."""
        self.containers[container] = {
            "Id": container,
            "Name": f"/{name}",
            "Image": f"sha256:{image}",
            "State": {"Status": state, "Running": state == "running", "OOMKilled": False},
            "Config": {"Image": image, "Labels": labels, "Env": list(env)},
            "HostConfig": {"NetworkMode": "host"},
            "Mounts": [],
        }
        return container

    def fail(self, route: str, fault: Fault) -> None:
        """From now on, for every request that the expression finds."""
        self.faults.append((route, fault))

    def heal(self) -> None:
        """Answer truly again, also those who still wait."""
        self.faults.clear()
        self.over.set()
        self.over = threading.Event()

    def named(self, name: str) -> Json | None:
        """The container of that name or id."""
        return next((c for i, c in self.containers.items() if name in (i, c["Name"][1:])), None)

    def tell(self, kind: str, action: str, actor: str, **attributes: str) -> None:
        """An event, to everybody who listens."""
        event = {"Type": kind, "Action": action, "Actor": {"ID": actor, "Attributes": attributes}, "timeNano": 1}
        for listener in list(self.listeners):
            listener.put(json.dumps(event).encode() + b"\n")

    def end_events(self) -> None:
        """Every stream ends, as after a restart."""
        for listener in list(self.listeners):
            listener.put(None)

    @property
    def float_id(self) -> str:
        """The running float's container; empty where there is none."""
        found = self.named(FLOAT)
        return found["Id"] if found and found["State"]["Status"] == "running" else ""

    @property
    def token(self) -> str:
        """With which the running float calls."""
        found = self.named(FLOAT)
        env = found["Config"]["Env"] if found else []
        return next((entry.partition("=")[2] for entry in env if entry.startswith("KEEPALIVED_LINK_TOKEN=")), "")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.docker = self.server.docker

    def do_GET(self) -> None:  # http.server's name
        parts = urlsplit(self.path)
        self.route = unquote(re.sub(r"^/v[0-9.]+", "", parts.path))
        self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        request = f"{self.command} {self.route}"
        self.docker.asked.append(request)
        fault = next((fault for route, fault in self.docker.faults if re.search(route, request)), None)
        (fault or Handler.truly)(self)

    do_POST = do_DELETE = do_GET  # noqa: N815  # http.server's names

    def truly(self) -> None:
        """What a sound Docker says."""
        if self.route == "/events":
            self.stream()
            return
        with self.docker.lock:
            code, answer = self.answer()
        self.give(code, answer)

    def give(self, code: int, answer: object) -> None:
        """An answer, whole."""
        payload = b"" if answer is None else json.dumps(answer).encode()
        self.head(code, len(payload))
        self.wfile.write(payload)

    def head(self, code: int, length: int | None, kind: str = "application/json") -> None:
        """The beginning of an answer; without a length it is chunked."""
        self.send_response(code)
        self.send_header("Content-Type", kind)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def chunk(self, payload: bytes) -> None:
        """A piece of a chunked answer."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(payload), payload))

    def stream(self) -> None:
        """Events, until the connection or the world ends."""
        listener: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.docker.listeners.append(listener)
        self.head(200, None)
        try:
            while (line := listener.get()) is not None:
                self.chunk(line)
            self.chunk(b"")
        finally:
            self.docker.listeners.remove(listener)
            self.close_connection = True

    def answer(self) -> tuple[int, object]:
        """By path."""
        docker, route = self.docker, self.route
        if route in _SIMPLE:
            return 200, _SIMPLE[route](docker)
        if route in ("/containers/json", "/services"):
            return 200, docker.services if route == "/services" else self.listed()
        if route == "/containers/create":
            return self.create()
        if match := re.fullmatch(r"/containers/([^/]+)(?:/(\w+))?", route):
            return self.container(match[1], match[2] or "")
        if match := re.fullmatch(r"/images/(.+)/json", route):
            return 200, {"Id": f"sha256:{match[1].removeprefix('sha256:')}"}
        return 404, {"message": "page not found"}

    def listed(self) -> list[Json]:
        """`GET /containers/json`, by label."""
        wanted = json.loads(self.query.get("filters", "{}")).get("label", [])
        return [
            {
                "Id": c["Id"],
                "Names": [c["Name"]],
                "Image": c["Config"]["Image"],
                "ImageID": c["Image"],
                "State": c["State"]["Status"],
                "Status": "Up 5 seconds",
                "Labels": c["Config"]["Labels"],
            }
            for c in self.docker.containers.values()
            if (self.query.get("all") or c["State"]["Status"] == "running")
            and all(_has(c["Config"]["Labels"], label) for label in wanted)
        ]

    def create(self) -> tuple[int, object]:
        """`POST /containers/create`."""
        docker, name = self.docker, self.query["name"]
        if docker.named(name):
            return 409, {"message": f'Conflict. The container name "/{name}" is already in use'}
        docker.made += 1
        container = f"{docker.made:064x}"
        docker.put(container, name, self.body["Image"], self.body["Labels"], state="created", env=self.body["Env"])
        docker.journal.append(f"create {name}")
        return 201, {"Id": container, "Warnings": []}

    def container(self, name: str, verb: str) -> tuple[int, object]:
        """Everything about one container."""
        docker, found = self.docker, self.docker.named(name)
        if found is None:
            return 404, {"message": f"No such container: {name}"}
        own = found["Name"][1:]
        if self.command == "GET":
            return 200, copy.deepcopy(found)
        docker.journal.append(f"{verb or 'remove'} {own}")
        if verb in ("start", "stop"):
            found["State"]["Status"] = "running" if verb == "start" else "exited"
            labels = found["Config"]["Labels"]
            docker.tell("container", "start" if verb == "start" else "die", found["Id"], **labels)
        elif verb == "rename":
            found["Name"] = "/" + self.query["name"]
        elif found["State"]["Status"] == "running":
            return 409, {"message": "You cannot remove a running container"}
        else:
            del docker.containers[found["Id"]]
        return 204, None

    def log_message(self, format: str, *args: Any) -> None: ...

    def address_string(self) -> str:
        return "unix"


def _has(labels: Json, wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


_SIMPLE: dict[str, Callable[[HostileDocker], object]] = {
    "/_ping": lambda docker: "OK",
    "/version": lambda docker: {"ApiVersion": docker.api, "MinAPIVersion": "1.24", "Version": "28.0.1"},
    "/info": lambda docker: {
        "Name": "host1",
        "LoggingDriver": "json-file",
        "SecurityOptions": ["name=seccomp,profile=builtin"],
        "Swarm": {
            "NodeID": NODE,
            "NodeAddr": "10.0.0.1",
            "LocalNodeState": "active",
            "ControlAvailable": True,
            "Error": "",
            "RemoteManagers": [{"NodeID": n["ID"], "Addr": n["ManagerStatus"]["Addr"]} for n in docker.nodes],
        },
    },
    "/nodes": lambda docker: docker.nodes,
    "/images/create": lambda docker: {"status": "Status: Image is up to date"},
    f"/services/{SERVICE}": lambda docker: {
        "ID": SERVICE,
        "CreatedAt": _RFC3339.format(1),
        "Spec": {"Name": "keepalived_keepalived-anchor", "Labels": {}},
        "UpdateStatus": None,
    },
    "/tasks": lambda docker: [
        {"ID": TASK, "NodeID": NODE, "Status": {"State": "running"}, "Spec": {"ContainerSpec": {"Image": IMAGE}}}
    ],
    f"/tasks/{TASK}": lambda docker: {"ID": TASK, "Spec": {"ContainerSpec": {"Image": IMAGE}, "ForceUpdate": 0}},
}


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens on the socket."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, docker: HostileDocker) -> None:
        self.docker = docker
        super().__init__(str(docker.path), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news here."""


@contextlib.contextmanager
def serving(docker: HostileDocker) -> Iterator[HostileDocker]:
    """That Docker, listening."""
    with Server(docker) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield docker
        finally:
            docker.heal()
            docker.end_events()
            server.shutdown()
            thread.join()


# Faults.


def answering(code: int, body: object) -> Fault:
    """That, and nothing of it is done."""
    return lambda handler: handler.give(code, body)


def saying(code: int, text: bytes, kind: str = "text/plain") -> Fault:
    """Those bytes, whatever they are."""

    def fault(handler: Handler) -> None:
        handler.head(code, len(text), kind)
        handler.wfile.write(text)

    return fault


def hanging(handler: Handler) -> None:
    """Not a word until all is well again."""
    handler.docker.over.wait(120)
    handler.close_connection = True


def slowly(seconds: float) -> Fault:
    """The truth, later."""

    def fault(handler: Handler) -> None:
        time.sleep(seconds)
        handler.truly()

    return fault


def truncated(handler: Handler) -> None:
    """Half of what was promised, and the end."""
    handler.head(200, 4096)
    handler.wfile.write(b'[{"ID": "node1", ')
    handler.close_connection = True


def reset(handler: Handler) -> None:
    """The connection is torn in the middle of the body."""
    handler.head(200, 4096)
    handler.wfile.write(b"[")
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def trickling(handler: Handler) -> None:
    """A byte now and then, for ever."""
    handler.head(200, 10_000_000)
    over = handler.docker.over
    while not over.wait(0.3):
        handler.wfile.write(b" ")


def endless(handler: Handler) -> None:
    """A body that does not end, as fast as it is taken."""
    handler.head(200, None)
    over = handler.docker.over
    while not over.is_set():
        handler.chunk(b" " * 65536)


def done_but_unsaid(handler: Handler) -> None:
    """It is done, and the answer is lost."""
    with handler.docker.lock:
        handler.answer()
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def breaking_off(handler: Handler) -> None:
    """A pull that has begun, and is torn."""
    handler.head(200, None)
    handler.chunk(b'{"status": "Downloading", "progressDetail": {"current": 1, "total": 9}}\n')
    handler.chunk(b'{"status": "Downl')
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def ending(handler: Handler) -> None:
    """A stream that stands, and ends at once."""
    handler.head(200, None)
    handler.chunk(b"")
    handler.close_connection = True


def babbling(handler: Handler) -> None:
    """A stream of what no Docker says, then silence."""
    handler.head(200, None)
    for line in (b"7\n", b"null\n", b'{"Type": 5}\n', b'{"Actor": []}\n', b"{nonsense\n"):
        handler.chunk(line)
    hanging(handler)


def in_turn(*faults: Fault | None) -> Fault:
    """One after the other, for ever; None is the truth."""
    counter = iter(range(10**9))

    def fault(handler: Handler) -> None:
        (faults[next(counter) % len(faults)] or Handler.truly)(handler)

    return fault
