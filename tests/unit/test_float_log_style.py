from __future__ import annotations

import pytest

from float.log_style import LogStyle
from shared.link_protocol import AnchorHello
from shared.settings_base import LogFormat, LogLevel

SAME = AnchorHello(version="1", log_level=LogLevel.INFO, log_format=LogFormat.TEXT)
DEBUG = AnchorHello(version="1", log_level=LogLevel.DEBUG, log_format=LogFormat.TEXT)
JSON = AnchorHello(version="1", log_level=LogLevel.DEBUG, log_format=LogFormat.JSON)
SILENT = AnchorHello(version="0")


@pytest.mark.parametrize(
    ("hellos", "configured"),
    [
        ((SAME,), []),
        ((SILENT,), []),
        ((DEBUG, DEBUG), [("debug", "text")]),
        ((DEBUG, SILENT), [("debug", "text")]),
        ((DEBUG, JSON, SAME), [("debug", "text"), ("debug", "json"), ("info", "text")]),
    ],
)
def test_a_float_logs_as_the_newest_anchor_that_says_how(
    hellos: tuple[AnchorHello, ...], configured: list[tuple[str, str]]
) -> None:
    told: list[tuple[str, str]] = []
    style = LogStyle(LogLevel.INFO, LogFormat.TEXT, configure=lambda level, style: told.append((level, style)))
    for hello in hellos:
        style.told(hello)
    assert told == configured
