"""Door: does a URL answer 200. One GET over HTTP/1.1, no redirects, no proxies; TLS certificates are not examined.

A redirect is an answer other than 200, so no other host is ever asked. A certificate says who answers, and the check
asks whether the service of this node does; a local service seldom has a certificate for `127.0.0.1`.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from float.check_state import Finding

_LONGEST_LINE = 8192


async def probe_url(url: str) -> Finding:
    """Whether it answers 200; every other end is a finding too, save for the caller's timeout."""
    try:
        status = await _status_line(url)
    except (OSError, EOFError, ValueError) as error:
        return Finding(ok=False, reason=f"{url}: {_why(error)}")
    words = status.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith("HTTP/"):
        return Finding(ok=False, reason=f"{url} does not speak HTTP")
    return Finding(ok=words[1] == "200", reason=f"{url} answers {words[1]}")


async def _status_line(url: str) -> str:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    reader, writer = await asyncio.open_connection(
        parts.hostname,
        parts.port or (443 if secure else 80),
        ssl=_any_certificate() if secure else None,
        limit=_LONGEST_LINE,
    )
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = f"Host: {parts.netloc}\r\nUser-Agent: keepalived-float\r\nAccept: */*\r\nConnection: close\r\n"
        writer.write(f"GET {target} HTTP/1.1\r\n{fields}\r\n".encode())
        await writer.drain()
        return (await reader.readuntil(b"\n")).decode("latin-1").strip()
    finally:
        writer.transport.abort()


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _why(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, EOFError):
        return "the connection was closed without an answer"
    return str(error) or type(error).__name__
