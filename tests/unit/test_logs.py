"""Log lines: a sentence with its fields, as text for people or as one JSON object a line."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from shared.logs import JsonFormatter, TextFormatter, configure


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield root
    root.setLevel(level)
    root.handlers[:] = handlers


def record(message: str, *args: object, **fields: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "anchor", "levelno": logging.INFO, "levelname": "INFO", **fields})
    made.msg, made.args, made.created = message, args, 1_767_225_600.5
    return made


def failed(message: str) -> logging.LogRecord:
    try:
        raise OSError("no such socket")
    except OSError:
        made = record(message)
        made.exc_info = sys.exc_info()
        return made


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(made)
    assert "\n" not in line
    entry: dict[str, Any] = json.loads(line)
    return entry


def test_a_text_line_has_time_level_logger_sentence_and_fields() -> None:
    line = TextFormatter().format(record("%s took over", "a", node="a", vrid=77))
    assert line == "2026-01-01T00:00:00.500Z INFO anchor: a took over node=a vrid=77"


def test_a_text_line_without_fields_ends_with_the_sentence() -> None:
    assert TextFormatter().format(record("ready")) == "2026-01-01T00:00:00.500Z INFO anchor: ready"


def test_a_json_line_has_the_fields_beside_the_sentence() -> None:
    assert as_json(record("%s took over", "a", node="a", vrid=77)) == {
        "time": "2026-01-01T00:00:00.500Z",
        "level": "INFO",
        "logger": "anchor",
        "message": "a took over",
        "node": "a",
        "vrid": 77,
    }


def test_a_sentence_of_several_lines_stays_one_json_object() -> None:
    assert as_json(record("first\nsecond"))["message"] == "first\nsecond"


def test_a_field_that_json_does_not_know_is_written_as_text() -> None:
    assert as_json(record("x", error=OSError("gone")))["error"] == "gone"


def test_an_exception_comes_with_its_trace() -> None:
    line = TextFormatter().format(failed("the link broke"))
    assert line.splitlines()[0].endswith("anchor: the link broke")
    assert line.splitlines()[-1] == "OSError: no such socket"
    assert as_json(failed("the link broke"))["trace"].endswith("OSError: no such socket")


@pytest.mark.parametrize("style", ["text", "json"])
def test_logs_go_to_stderr_in_the_configured_form(
    root_logger: logging.Logger, capfd: pytest.CaptureFixture[str], style: str
) -> None:
    configure("warning", style)
    root_logger.info("a tick")
    root_logger.warning("a change", extra={"node": "a"})
    logging.getLogger().handlers[0].flush()
    out, err = capfd.readouterr()
    assert out == ""
    assert "a tick" not in err
    assert err.startswith("{") is (style == "json")
    assert len(err.splitlines()) == 1
    assert re.search(r"a change.*node", err)


def test_configuring_again_replaces_the_first_form(
    root_logger: logging.Logger, capfd: pytest.CaptureFixture[str]
) -> None:
    configure("info", "text")
    configure("info", "json")
    root_logger.info("once")
    logging.getLogger().handlers[0].flush()
    assert len(capfd.readouterr().err.splitlines()) == 1
