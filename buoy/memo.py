"""The last answer, kept while what it was made from is the very same."""

from __future__ import annotations

from collections.abc import Callable

from buoy.answers import Answer


class Memo:
    """One answer; so that many that ask the same cost no more than one."""

    def __init__(self) -> None:
        self._sources: tuple[object, ...] = ()
        self._answer: Answer | None = None

    def answer(self, make: Callable[[], Answer], *sources: object) -> Answer:
        """The answer of last time when every source is the same object as then, else a new one."""
        same = len(sources) == len(self._sources) and all(a is b for a, b in zip(sources, self._sources, strict=True))
        if self._answer is None or not same:
            self._sources, self._answer = sources, make()
        return self._answer
