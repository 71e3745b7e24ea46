"""Log lines: one sentence with fields, as text or as one JSON object a line."""

from __future__ import annotations

import datetime
import json
import logging

from shared.log_queue import LogQueue

_STDERR = 2
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


_OWN = frozenset({"time", "level", "logger", "message", "trace"})


def _quoted(value: object) -> str:
    """A field's value, in JSON's quotes where it would not be read as one word."""
    text = str(value)
    return text if text.isprintable() and text and not set(text) & set(' "=') else json.dumps(text)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _PLAIN}


def _stamp(record: logging.LogRecord) -> str:
    moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextFormatter(logging.Formatter):
    """`2026-01-01T00:00:00.000Z INFO anchor: sentence node=a vrid=77`."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record, its trace included."""
        fields = "".join(f" {key}={_quoted(value)}" for key, value in _fields(record).items())
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        line = f"{_stamp(record)} {record.levelname} {record.name}: {message}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line, the fields beside `time`, `level`, `logger` and `message`."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record, its trace under `trace`."""
        entry: dict[str, object] = {
            "time": _stamp(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{key: value for key, value in _fields(record).items() if key not in _OWN},
        }
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure(level: str, style: str) -> None:
    """Send all logs of this process to stderr, from now on; `style` is `text` or `json`."""
    root = logging.getLogger()
    handler = next((known for known in root.handlers if isinstance(known, LogQueue)), None) or LogQueue(_STDERR)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
