"""A template of the user's, rendered in a process of its own that has limits: `python -m float.own_render`.

A template is a program: it may never end, or ask for all the memory that there is. A thread could not be ended; this
process is. What a template may ask for comes pickled on stdin, from the float alone; the answer is a line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

CPU = 5
"""Seconds of computing that a template may take."""

LIMIT = 30.0
"""Seconds on the clock after which it is ended in any case; a busy node is slow."""

MEMORY = 256 * 1024 * 1024
"""Bytes of address space; Python and Jinja2 need some 40 MiB of them."""

LONGEST = 1024 * 1024
"""Characters of the text that a template may come to."""

_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8"}


class OwnTemplateError(Exception):
    """What is wrong with the template, and where if it is known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


async def render_apart(content: str, values: Mapping[str, object]) -> str:
    """The text that the template comes to. Raises OwnTemplateError, also where it takes more than the limits allow."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-m", __name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
        env=_ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(LIMIT):
            answer, _ = await process.communicate(pickle.dumps((content, dict(values))))
    except TimeoutError:
        raise OwnTemplateError(f"takes more than {LIMIT:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        code = await process.wait()
    if code == -signal.SIGXCPU:
        raise OwnTemplateError(f"takes more than {CPU} s of computing")
    return _told(answer)


def _told(answer: bytes) -> str:
    try:
        told = json.loads(answer)
        text, why, line = told["text"], told["why"], told["line"]
    except (ValueError, KeyError, TypeError):
        raise OwnTemplateError("cannot be rendered: its process was ended, as when it takes too much") from None
    if why:
        raise OwnTemplateError(str(why), line)
    return str(text)


def render(content: str, values: Mapping[str, object]) -> str:
    """The text, here and now. Raises OwnTemplateError."""
    environment = SandboxedEnvironment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    try:
        text = environment.from_string(content).render(values)
    except TemplateSyntaxError as error:
        raise OwnTemplateError(error.message or "syntax error", error.lineno) from None
    except MemoryError:
        raise OwnTemplateError(f"takes more than {MEMORY // 1024 // 1024} MiB") from None
    except Exception as error:  # noqa: BLE001 - an expression of the user's may fail in any way there is
        raise OwnTemplateError(str(error) or type(error).__name__, _line_of(error)) from None
    if len(text) > LONGEST:
        raise OwnTemplateError(f"comes to more than {LONGEST} characters")
    return text


def _line_of(error: Exception) -> int | None:
    """The template's line in which it failed; Jinja2 rewrites the traceback so that it is there."""
    line, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def main() -> None:
    """Render what stdin has, within limits that hold even if nobody watches any more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    content, values = pickle.load(sys.stdin.buffer)  # noqa: S301 - the float's own
    answer: dict[str, object] = {"text": "", "why": "", "line": None}
    try:
        answer["text"] = render(content, values)
    except OwnTemplateError as failure:
        answer.update(why=failure.why, line=failure.line)
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
