"""A real headless Chromium, driven by the Chrome DevTools Protocol over a pipe: no port, no driver, no dependency."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Message = dict[str, Any]
PATIENCE = 20.0
"""Seconds that the browser gets for one answer; on a busy machine it starts slowly."""

SWITCHES = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",  # the tests run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--hide-scrollbars",
)


class Browser:
    """One process; every page has cookies, cache and settings of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self._last = 0
        self._answers: dict[int, Message] = {}
        self._events: list[Message] = []
        self._news = threading.Condition()
        to_it, self._out = _high_pipe()
        self._in, from_it = _high_pipe()
        switches = (*SWITCHES, f"--user-data-dir={folder}")
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_it} 4>&{from_it}', "bash", program, *switches, "about:blank"],
            env={**os.environ, "HOME": str(folder)},  # nothing of it stays in the user's own
            pass_fds=(to_it, from_it),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_it)
        os.close(from_it)
        self._reader = threading.Thread(target=self._read, name="chromium", daemon=True)
        self._reader.start()

    def call(self, method: str, session: str = "", **parameters: object) -> Message:
        """The result of a command. Raises RuntimeError when the browser refuses it, TimeoutError when it is silent."""
        with self._news:
            self._last += 1
            number = self._last
        message = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        with self._news:
            if not self._news.wait_for(lambda: number in self._answers, PATIENCE):
                raise TimeoutError(f"Chromium does not answer {method}")
            answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])

    def events(self, session: str) -> list[Message]:
        """All that has happened on that page."""
        with self._news:
            return [event for event in self._events if event.get("sessionId") == session]

    def await_event(self, session: str, method: str) -> None:
        """Until the page has said so. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: self._has(session, method), PATIENCE):
                raise TimeoutError(f"no {method} of Chromium")

    def forget(self, session: str, method: str) -> None:
        """What was said before no longer counts."""
        with self._news:
            self._events = [e for e in self._events if (e.get("sessionId"), e["method"]) != (session, method)]

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        os.close(self._out)
        os.close(self._in)

    def _has(self, session: str, method: str) -> bool:
        return any(event.get("sessionId") == session and event["method"] == method for event in self._events)

    def _read(self) -> None:
        rest = b""
        while chunk := os.read(self._in, 1 << 16):
            *whole, rest = (rest + chunk).split(b"\0")
            with self._news:
                for message in map(json.loads, whole):
                    if "id" in message:
                        self._answers[message["id"]] = message
                    else:
                        self._events.append(message)
                self._news.notify_all()


class Page:
    """One page of the browser."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(f"{domain}.enable")
        self.resize(1280, 900)

    def close(self) -> None:
        """Close it and forget its cookies and cache."""
        self._browser.call("Target.disposeBrowserContext", browserContextId=self._context)

    def without_scripts(self) -> None:
        """From the next page on."""
        self.call("Emulation.setScriptExecutionDisabled", value=True)

    def call(self, method: str, **parameters: object) -> Message:
        """A command to this page."""
        return self._browser.call(method, self._session, **parameters)

    def resize(self, width: int, height: int) -> None:
        """Make the window that large, in CSS pixels; below 600 it is a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def prefer(self, scheme: str) -> None:
        """`light` or `dark`."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url: str) -> None:
        """Go there and wait until all is loaded."""
        self._browser.forget(self._session, "Page.loadEventFired")
        self.call("Page.navigate", url=url)
        self._browser.await_event(self._session, "Page.loadEventFired")

    def value(self, expression: str) -> Any:
        """What the JavaScript expression is, by value."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def text(self, selector: str) -> str:
        """The text of the first element that fits, as it is seen; empty where there is none."""
        return str(self.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def seconds_until(self, expression: str, at_most: float) -> float:
        """How long it took until the expression was true. Raises TimeoutError."""
        begun = time.monotonic()
        while not self.value(expression):
            if time.monotonic() - begun > at_most:
                raise TimeoutError(f"after {at_most:g} s it still is not so that {expression}")
            time.sleep(0.02)
        return time.monotonic() - begun

    def html(self) -> str:
        """The document as it stands, scripts or not."""
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        return str(self.call("DOM.getOuterHTML", nodeId=root)["outerHTML"])

    def complaints(self) -> list[str]:
        """Every console message, exception, refused or failed request of the page."""
        return [text for event in self._browser.events(self._session) if (text := _complaint(event))]

    def requested(self) -> list[str]:
        """Every address that the page asked for."""
        events = self._browser.events(self._session)
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def reading_order(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader would tell, in its order."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        heard = (node for node in nodes if not node["ignored"])
        return [(str(n["role"]["value"]), str(n.get("name", {}).get("value", ""))) for n in heard]

    def picture(self) -> bytes:
        """What the window shows, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


def _complaint(event: Message) -> str:
    what = event["params"]
    match event["method"]:
        case "Log.entryAdded":
            return f"{what['entry']['source']}: {what['entry']['text']}"
        case "Runtime.consoleAPICalled":
            return f"console.{what['type']}: {[a.get('value') for a in what['args']]}"
        case "Runtime.exceptionThrown":
            return str(what["exceptionDetails"])
        case "Network.loadingFailed" if not what.get("canceled"):
            return f"not loaded: {what['errorText']}"
    return ""


def _high_pipe() -> tuple[int, int]:
    """A pipe whose ends are not 3 or 4, which are to be the browser's."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]


@contextlib.contextmanager
def chromium(program: str, folder: Path) -> Iterator[Browser]:
    """A browser that is gone afterwards."""
    browser = Browser(program, folder)
    try:
        yield browser
    finally:
        browser.close()
