"""PURE: the text of a keepalived.conf -> its blocks and statements, with their places; as much as we need of it.

keepalived.conf(5): one statement a line, blocks in braces, comments from `#` or `!` on, strings in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"[^"\n]*"|[#!][^\n]*|[{}\n]|[^\s{}"]+')


@dataclass
class Statement:
    """One line's words, and where they stand in the text."""

    words: list[str]
    start: int
    end: int

    @property
    def value(self) -> str:
        """The second word, or nothing."""
        return self.words[1] if len(self.words) > 1 else ""


@dataclass
class Block:
    """`words { … }`; `opened` is the place behind its `{`, `start` that of its first word."""

    words: list[str]
    start: int
    opened: int
    statements: list[Statement] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def named(self, keyword: str) -> Iterator[Block]:
        """The blocks inside that begin with that word."""
        return (block for block in self.blocks if block.words[:1] == [keyword])

    def of(self, keyword: str) -> Statement | None:
        """The last statement inside that begins with that word, as keepalived has it."""
        found = [statement for statement in self.statements if statement.words[0] == keyword]
        return found[-1] if found else None


class UnbalancedError(ValueError):
    """Braces do not match; the message names the line."""


def parse(text: str) -> Block:
    """The whole text as one block without a name. Raises UnbalancedError."""
    reader = _Reader(text)
    for token in _TOKEN.finditer(text):
        reader.take(token)
    return reader.finish()


class _Reader:
    """The blocks that are open, and the words of the line so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open = [Block([], 0, 0)]
        self._line = Statement([], 0, 0)

    def take(self, token: re.Match[str]) -> None:
        match token.group():
            case "{":
                self._open_block(token)
            case "}":
                self._end_line()
                self._close_block(token)
            case "\n":
                self._end_line()
            case word if word[0] not in "#!":
                if not self._line.words:
                    self._line.start = token.start()
                self._line.words.append(word.strip('"'))
                self._line.end = token.end()

    def finish(self) -> Block:
        self._end_line()
        if len(self._open) > 1:
            raise UnbalancedError(f"the block of line {self._number(self._open[-1].start)} is never closed")
        return self._open[0]

    def _open_block(self, token: re.Match[str]) -> None:
        block = Block(self._line.words, self._line.start, token.end())
        self._open[-1].blocks.append(block)
        self._open.append(block)
        self._line = Statement([], 0, 0)

    def _close_block(self, token: re.Match[str]) -> None:
        if len(self._open) == 1:
            raise UnbalancedError(f"line {self._number(token.start())} closes a block that was never opened")
        self._open.pop()

    def _end_line(self) -> None:
        if self._line.words:
            self._open[-1].statements.append(self._line)
        self._line = Statement([], 0, 0)

    def _number(self, place: int) -> int:
        return self._text.count("\n", 0, place) + 1
