"""How this float logs: as its environment says, until an anchor says otherwise."""

from __future__ import annotations

from collections.abc import Callable

from shared.link_protocol import AnchorHello
from shared.settings_base import LogFormat, LogLevel


class LogStyle:
    """Follows the anchor's settings, so that a float need not be made anew for another log level."""

    def __init__(self, level: LogLevel, style: LogFormat, *, configure: Callable[[str, str], None]) -> None:
        self._now = (level, style)
        self._configure = configure

    def told(self, hello: AnchorHello) -> None:
        """Log as the anchor says; an anchor of a release that does not say it changes nothing."""
        level, style = self._now
        wanted = (hello.log_level or level, hello.log_format or style)
        if wanted != self._now:
            self._now = wanted
            self._configure(*wanted)
