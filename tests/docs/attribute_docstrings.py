"""What stands below the fields of a class, in its source. Read here and not at every start: pydantic's own reading of
attribute docstrings costs each part some 0.1 s of CPU.
"""

from __future__ import annotations

import ast
import inspect
import textwrap


def attribute_docstrings(model: type) -> dict[str, str]:
    """The docstring of each attribute that has one, those of the base classes among them."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base.__module__.startswith("shared."):
            found |= _of_class(base)
    return found


def _of_class(cls: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(definition, ast.ClassDef)
    pairs = zip(definition.body, definition.body[1:], strict=False)
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
