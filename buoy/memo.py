"""What was made last, kept while what it was made from is the very same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Memo(Generic[Made]):
    """One thing; so that many that ask for the same cost no more than one."""

    def __init__(self) -> None:
        self._sources: tuple[object, ...] = ()
        self._made: Made | None = None

    def made(self, make: Callable[[], Made], *sources: object) -> Made:
        """That of last time when every source is the same object as then, else a new one."""
        same = len(sources) == len(self._sources) and all(a is b for a, b in zip(sources, self._sources, strict=True))
        if self._made is None or not same:
            self._sources, self._made = sources, make()
        return self._made
