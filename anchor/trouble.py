"""Trouble that comes again and again, said now and then. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

AGAIN = 60.0
"""Seconds for which a sentence that was said is not repeated."""

MOST = 3
"""Sentences of one kind within that time: what flaps between many is no news any more."""


@dataclass(frozen=True)
class Trouble:
    """What was said of one kind of trouble, and when; every sentence gives a new value."""

    said: tuple[tuple[str, float], ...] = ()
    now: str = ""
    """The trouble that there is; empty while there is none."""

    owed: bool = False
    """Whether its end is to be said, since its beginning was."""

    def met(self, sentence: str, now: float) -> tuple[Trouble, bool]:
        """After trouble, and whether to say so."""
        said = tuple((text, at) for text, at in self.said if now - at < AGAIN)
        if sentence in (self.now, *(text for text, _ in said)) or len(said) >= MOST:
            return replace(self, said=said, now=sentence), False
        return Trouble(said=(*said, (sentence, now)), now=sentence, owed=True), True

    def over(self) -> tuple[Trouble, bool]:
        """After its end, and whether to say so."""
        return replace(self, now="", owed=False), self.owed
