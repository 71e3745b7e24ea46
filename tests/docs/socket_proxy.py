"""What goes through the socket proxy: once as its configuration allows it, once as the security guide tells it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
CFG = DOCS / "examples" / "socket-proxy.cfg"
STACK_FILE = DOCS / "examples" / "socket-proxy.yml"
GUIDE = DOCS / "security.md"

VERSION = "(/v[0-9.]+)?"
ANY = {
    "{image}": "[A-Za-z0-9%][A-Za-z0-9%_.:@/-]*",
    "{container}": "[A-Za-z0-9][A-Za-z0-9_.-]*",
    "{id}": "[A-Za-z0-9]+",
}
"""What the guide's placeholders stand for in the configuration."""

_RULE = re.compile(r"^ +http-request allow if \{ method (\w+) \} \{ path_reg \^(\S+)\$ \}(?: (\{.*\}))?$", re.MULTILINE)
_ROW = re.compile(r"^\| `([A-Z]+) (/[^ ?`]*)(\?[^`]*)?` \| (.+) \|$", re.MULTILINE)
_QUERY = re.compile(r"\{ url_param\((\w+)\) -m reg \. \}")


@dataclass(frozen=True, order=True)
class Call:
    """A kind of call to Docker's API."""

    method: str
    path: str
    """As in Docker's own documents, without the version, with placeholders for names."""

    parameter: str = ""
    """The query's parameter without which it is another call."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the whole path must be, the API's version before it or not."""
        text = self.path
        for name, anything in ANY.items():
            text = text.replace(name, anything)
        return re.compile(VERSION + text)


def allowed() -> list[Call]:
    """What the configuration lets through."""
    return [
        Call(method, _with_placeholders(path), _parameter(more))
        for method, path, more in _RULE.findall(CFG.read_text())
    ]


def documented() -> dict[Call, str]:
    """What the guide says is let through, and why."""
    rows = _ROW.findall(GUIDE.read_text())
    return {Call(method, path, query.strip("?=")): why for method, path, query, why in rows}


def script() -> str:
    """What the proxy's container runs, as the shell gets it."""
    (indented,) = re.findall(r"^      - \|\n((?: {8}.*\n)+)", STACK_FILE.read_text(), re.MULTILINE)
    return textwrap.dedent(indented).replace("$$", "$")


def _with_placeholders(path: str) -> str:
    for name, anything in ANY.items():
        path = path.replace(anything, name)
    return path.removeprefix(VERSION)


def _parameter(condition: str) -> str:
    """Raises ValueError for a condition of another form, so that none goes unseen."""
    found = _QUERY.fullmatch(condition)
    if condition and not found:
        raise ValueError(f"a condition that the guide cannot tell: {condition}")
    return found[1] if found else ""
