"""The fields of Docker's JSON, each of the type that it must have. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

Json = Mapping[str, Any]
T = TypeVar("T")


class UnreadableError(ValueError):
    """The JSON is not what Docker writes; the message says what is wrong with it."""


def value(raw: Json, key: str, kind: type[T], empty: T) -> T:
    """The value of that key; what Docker leaves out, and what Go writes as null for it, is empty."""
    if not isinstance(raw, dict):
        raise UnreadableError(f"an object is expected where {type(raw).__name__} stands")
    found = raw.get(key)
    if found is None:
        return empty
    if not isinstance(found, kind):
        raise UnreadableError(f"{key} is {type(found).__name__}")
    return found


def text(raw: Json, key: str) -> str:
    """Text, or none."""
    return value(raw, key, str, "")


def needed(raw: Json, key: str) -> str:
    """One without which the thing is not to be recognised: better none than a wrong one."""
    if not (found := text(raw, key)):
        raise UnreadableError(f"{key} is missing")
    return found


def mapping(raw: Json, key: str, *, must: bool = False) -> Json:
    """An object; an empty one only where it is not `must`."""
    found: dict[str, Any] = value(raw, key, dict, {})
    if must and not found:
        raise UnreadableError(f"{key} is missing")
    return found


def entries(raw: Json, key: str) -> list[Any]:
    """A list, whatever is in it."""
    found: list[Any] = value(raw, key, list, [])
    return found


def texts(raw: Json, key: str) -> list[str]:
    """A list of text."""
    found = entries(raw, key)
    if not all(isinstance(each, str) for each in found):
        raise UnreadableError(f"{key} is a list of other things than text")
    return found


def labels(raw: Json, key: str) -> dict[str, str]:
    """An object whose values are all text."""
    found = mapping(raw, key)
    if not all(isinstance(each, str) for each in found.values()):
        raise UnreadableError(f"{key} has values that are no text")
    return dict(found)
