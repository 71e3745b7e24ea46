"""keepalived's JSON dump -> what it says of each virtual router, and nothing more."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.models import VrrpState


@dataclass(frozen=True)
class InstanceDump:
    """One instance of the dump (keepalived(8), --signum=JSON)."""

    state: VrrpState
    effective_priority: int
    counters: dict[str, int]


class DumpError(ValueError):
    """The text is not a whole dump; keepalived renames it into place before it fills it, so look again."""


def parse_dump(text: str) -> dict[str, InstanceDump]:
    """Instances by name. Raises DumpError."""
    try:
        return {_name(entry): _instance(entry) for entry in json.loads(text)}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DumpError(f"keepalived's dump cannot be read: {error!r}") from None


def _name(entry: dict[str, dict[str, object]]) -> str:
    if not isinstance(name := entry["data"]["iname"], str):
        raise TypeError("an instance's name is no text")
    return name


def _instance(entry: dict[str, dict[str, object]]) -> InstanceDump:
    data, stats = entry["data"], entry["stats"]
    counters = {key: value for key, value in stats.items() if isinstance(value, int)}
    if isinstance(data.get("garp_delay"), int):
        counters["garp_delay"] = int(str(data["garp_delay"]))
    return InstanceDump(VrrpState(int(str(data["state"]))), int(str(data["effective_priority"])), counters)
