"""Steps of a turn that keep each other from nothing: the trouble of one is said once, and the others are done."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

logger = logging.getLogger(__name__)


class Steps:
    """Remembers which steps fail, so that a full disk or a kernel that refuses fills no log."""

    def __init__(self) -> None:
        self._troubles: dict[str, str] = {}

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step: an OSError ends it, and is logged when it is another one than the last time."""
        try:
            yield
        except OSError as error:
            if self._troubles.get(name) != str(error):
                logger.error("%s: failed, is tried again, and the rest goes on: %s", name, error)
            self._troubles[name] = str(error)
        else:
            if self._troubles.pop(name, ""):
                logger.info("%s: works again", name)
