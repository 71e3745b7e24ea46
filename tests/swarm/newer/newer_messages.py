"""What a later release says on the link: a message of an unknown type before each of ours, unknown fields in all.

Its specs have another digest too, since it computes it over fields that this release does not know.
"""

from __future__ import annotations

import json
from typing import Any

from shared import link_protocol
from shared.link_protocol import Message
from shared.models import FloatSpec

UNKNOWN = b'{"type": "of-a-later-release", "protocol": 2, "content": {"more": [1, 2]}}\n'

_encode, _digest = link_protocol.encode, vars(FloatSpec)["digest"]


def encode(message: Message) -> bytes:
    """Two lines: one that nobody knows, and the message with more in it."""
    return UNKNOWN + json.dumps(_with_more(json.loads(_encode(message)))).encode() + b"\n"


def _with_more(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_more(entry) for entry in value]
    if isinstance(value, dict):
        return {**{name: _with_more(entry) for name, entry in value.items()}, "of_a_later_release": 1}
    return value


def _other_digest(spec: FloatSpec) -> str:
    return str(_digest.__get__(spec))[::-1]


link_protocol.encode = encode
FloatSpec.digest = property(_other_digest)  # type: ignore[method-assign, assignment]  # stands in for another release
