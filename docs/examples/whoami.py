"""Answers every GET with the address of the client, as the proxy in front of it saw it."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WhoAmI(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """Say who asks."""
        body = f"{self.headers.get('X-Forwarded-For', 'nobody')}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8000), WhoAmI).serve_forever()
