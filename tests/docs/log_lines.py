"""Every log line of level WARNING and above that the three parts can print, read out of their code; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.lab.plan import REPOSITORY

PARTS = ("anchor", "float", "buoy", "shared")
LEVELS = {"warning": "WARNING", "error": "ERROR", "exception": "ERROR", "critical": "CRITICAL", "log": "WARNING"}
"""What is logged with a level that is computed counts as a warning."""

GAP = "…"
"""What stands in the documents for a value."""

FATAL = (
    *("FatalError", "SettingsError", "SpecRefusedError", "NameTakenError", "NotAManagerError"),
    *("DockerUnavailableError", "UnresolvableError"),
)
"""Errors whose sentences are logged where they end a part, or where a spec is refused."""


@dataclass(frozen=True)
class Line:
    """A sentence that a log may have."""

    part: str
    level: str
    text: str
    where: str


def logged() -> list[Line]:
    """The calls of every logger."""
    return [line for part, path, tree in _modules() for line in _calls(part, path, tree)]


def raised() -> list[Line]:
    """The sentences of errors that end a part or refuse a spec, as far as they are written where they are raised."""
    return [line for part, path, tree in _modules() for line in _raises(part, path, tree)]


def told(module: str, *functions: str) -> list[Line]:
    """The sentences that these functions of a module return, yield or append."""
    path = REPOSITORY / module
    tree = ast.parse(path.read_text())
    chosen = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    names = {function.name: function for function in chosen}
    part = module.partition("/")[0]
    return [Line(part, "", text, f"{module}:{name}") for name in functions for text in _sentences(names[name])]


@cache
def _modules() -> tuple[tuple[str, Path, ast.Module], ...]:
    files = ((part, path) for part in PARTS for path in sorted((REPOSITORY / part).rglob("*.py")))
    return tuple((part, path, ast.parse(path.read_text())) for part, path in files)


def _calls(part: str, path: Path, tree: ast.Module) -> Iterator[Line]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id in ("logger", "log") and _is_loud(node.func):
            message = node.args[1 if node.func.attr == "log" else 0]
            yield Line(part, LEVELS[node.func.attr], text_of(message) or GAP, _place(path, node))


def _is_loud(function: ast.Attribute) -> bool:
    return function.attr in LEVELS


def _raises(part: str, path: Path, tree: ast.Module) -> Iterator[Line]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            for argument in node.exc.args if node.exc.func.id in FATAL else ():
                for text in _texts(argument):
                    yield Line(part, "ERROR", text, _place(path, node))


def _sentences(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            yield from _texts(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            yield from _texts(node.args[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_once":
            yield from _texts(node.args[1])


def _texts(node: ast.expr) -> Iterator[str]:
    """The strings of an expression: alone, in a list or a tuple, or made one by one."""
    if isinstance(node, ast.List | ast.Tuple):
        for element in node.elts:
            yield from _texts(element)
    elif isinstance(node, ast.Call):
        for argument in node.args:
            yield from _texts(argument)
    elif isinstance(node, ast.GeneratorExp):
        yield from _texts(node.elt)
    elif (text := text_of(node)) and text.strip(GAP + ": ,;"):
        yield text


def text_of(node: ast.expr) -> str | None:
    """A literal with a gap for every value: of an f-string, or of a format string for %."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[-#0 +]*[\d.]*[a-z]", GAP, node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
    return None


def _place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(REPOSITORY)}:{getattr(node, 'lineno', 0)}"
