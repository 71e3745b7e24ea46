"""The documents' pages: their fenced blocks, and every command that they tell a reader to type."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from tests.lab.plan import REPOSITORY

PAGES = {
    str(path.relative_to(REPOSITORY)): path.read_text()
    for path in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
}
SHELL = ("sh", "console")

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
PROGRAM = re.compile(
    r"(\.venv/bin/\w+|\.ci/\w+|bash|curl|docker|docker-compose|firewall-cmd|git|ip6?tables|ip|make|nft|promtool|python3?"
    r"|sysctl|systemctl|ufw|[A-Z_]+=\S+ make) "
)
BARE = re.compile(r"[a-z0-9-]+( [a-z][a-z0-9-]*)*( --?[a-z-]+(=host)?)?")
"""A command that is named in a sentence, without what it would act on: `docker node rm --force`."""

NAMED = ("ip protocol vrrp accept",)
"""A piece of something longer."""

WHOLE = re.compile(r"make [a-z-]+|python3? -m \S+( --\w+)?")
"""What is typed as it stands, though it looks bare."""


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """One line to type; lines that a backslash joins are one."""

    page: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def blocks() -> Iterator[Block]:
    """Every fenced block."""
    for page, text in PAGES.items():
        for _, language, inside in FENCE.findall(text):
            yield Block(page, language, textwrap.dedent(inside))


def spans() -> Iterator[Command]:
    """Every command in a sentence or a table that a reader could type; what has a … in it is none."""
    for page, text in PAGES.items():
        for span in SPAN.findall(FENCE.sub("", text)):
            typed = WHOLE.fullmatch(span) or not BARE.fullmatch(span) or "keepalived" in span
            if PROGRAM.match(span) and typed and "…" not in span and span not in NAMED:
                yield Command(page, span)


def commands() -> list[Command]:
    """All that there is to type, once for each page that has it."""
    typed = [Command(block.page, line) for block in blocks() if block.language in SHELL for line in _lines(block.text)]
    return list(dict.fromkeys([*typed, *spans()]))


def the_command(beginning: str) -> str:
    """The one command of the documents that begins like that, for a test that runs it."""
    found = {command.text for command in commands() if command.text.startswith(beginning)}
    assert len(found) == 1, f"{beginning!r}: {found or 'no such command'}"
    return found.pop()


def _lines(text: str) -> Iterator[str]:
    joined = re.sub(r"\\\n\s*", "", text)
    for line in joined.splitlines():
        command = re.sub(r"(^|\s+)#( .*)?$", "", line).strip()
        if command:
            yield command
