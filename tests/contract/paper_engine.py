"""An engine of paper: Docker's API on a real Unix socket, with answers that a test writes."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


@dataclass
class PaperEngine:
    """Answers by path, in JSON except for bytes; `hang` keeps a path waiting until the test is over."""

    socket: Path
    answers: dict[str, tuple[int, object]] = field(default_factory=dict)
    lines: dict[str, list[object]] = field(default_factory=dict)
    hang: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """One request; what to answer is in the server's engine."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:  # http.server's name
        path, engine = self.path.partition("?")[0].removeprefix("/v1.41"), self.server.engine
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        engine.asked.append((self.command, self.path, dict(self.headers)))
        if path in engine.hang:
            engine.over.wait(30)
            self.close_connection = True
        elif path in engine.lines:
            self._stream(engine.lines[path])
        else:
            self._once(*engine.answers.get(path, (404, {"message": f"no such thing: {path}"})))

    do_POST = do_DELETE = do_GET  # noqa: N815  # http.server's names

    def _once(self, code: int, body: object) -> None:
        plain = isinstance(body, bytes)
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/html" if plain else "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _stream(self, lines: list[object]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in lines:
            payload = json.dumps(line).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(payload), payload))
        self.wfile.write(b"0\r\n\r\n")

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: Any) -> None: ...


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens on the engine's socket."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, engine: PaperEngine) -> None:
        self.engine = engine
        super().__init__(str(engine.socket), Handler)


@contextmanager
def paper_engine(socket: Path) -> Iterator[PaperEngine]:
    """One that answers at that path, and so far only which version it speaks."""
    engine = PaperEngine(socket)
    engine.answers["/version"] = (200, {"ApiVersion": "1.41"})
    with Server(engine) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield engine
        finally:
            engine.over.set()
            server.shutdown()
            thread.join()
