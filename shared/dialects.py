"""The spellings of the four ancestors, turned into ours.

Ancestor D's `ADDR/PREFIX/DEV` is read by `VirtualIp.parse`; aliases of single names stand beside the names in
`settings`. Here is what concerns more than one setting.
"""

from __future__ import annotations

import re

_PYTHON2BASH = "#PYTHON2BASH:"


def split_list(text: str) -> list[str]:
    """The words of a list: commas or spaces between them, or ancestor B's `#PYTHON2BASH:['a','b']`.

    Raises ValueError with the rule for everything else.
    """
    if text.startswith(_PYTHON2BASH):
        return _python_list(text.removeprefix(_PYTHON2BASH).strip())
    words = re.split(r"[ \t]*,[ \t]*|[ \t]+", text.strip())
    if "" in words:
        raise ValueError("has an empty entry beside a comma")
    return words


def _python_list(text: str) -> list[str]:
    """A Python list of strings, read without ever evaluating it."""
    quoted = r"""(?:'[^'"\\]*'|"[^'"\\]*")"""
    body = re.fullmatch(rf"\[\s*({quoted}(?:\s*,\s*{quoted})*)\s*,?\s*\]", text)
    words = [word[1:-1].strip() for word in re.findall(quoted, body[1])] if body else []
    if not words or "" in words:
        raise ValueError("must be a list like #PYTHON2BASH:['192.0.2.1','192.0.2.2']")
    return words
