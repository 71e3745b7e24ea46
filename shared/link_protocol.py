"""The messages of the link between anchor and float: newline-delimited JSON, coded without I/O.

Every line is an object with `type`. A reader ignores types and fields that it does not know, so that a newer anchor
and an older float (and the reverse) keep working through a rolling update; a field that is needed to be understood
needs a new type.
"""

from __future__ import annotations

import enum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, field_validator

from shared import places
from shared.models import Condition, FloatSpec, Frozen
from shared.settings_base import LogFormat, LogLevel
from shared.status import FloatStatus

PROTOCOL_VERSION = 1
LINK_FOLDER = places.LINK_FOLDER
"""Where the link volume is mounted in anchor and float."""

SOCKET_NAME = "link.sock"
MAX_LINE = 4 * 1024 * 1024
"""Bytes of the longest line that either side accepts."""


class GoodbyeReason(enum.StrEnum):
    """Why the anchor goes."""

    UPDATE = "update"
    """It will be back: keep your state for the grace."""

    LEAVE = "leave"
    """The node leaves: hand over, then end."""

    REMOVED = "removed"
    """The whole stack leaves: end at once, nobody will take over."""


class AnchorHello(Frozen):
    """First message of the anchor."""

    type: Literal["anchor-hello"] = "anchor-hello"
    protocol: int = PROTOCOL_VERSION
    version: str
    stack: str = ""
    log_level: LogLevel | None = None
    """How the float is to log from now on; None leaves it at what it was told before."""

    log_format: LogFormat | None = None


class SpecMessage(Frozen):
    """The whole spec; with `trial` the float only says whether it would run it."""

    type: Literal["spec"] = "spec"
    spec: FloatSpec
    trial: bool = False
    digest: str = ""
    """What the anchor calls the spec: another release, which does not know all of its fields, computes another one."""

    @property
    def called(self) -> str:
        """The digest by which both sides speak of this spec."""
        return self.digest or self.spec.digest


class VerdictMessage(Frozen):
    """All conditions that the anchor knows of, each time whole."""

    type: Literal["verdict"] = "verdict"
    conditions: tuple[Condition, ...]
    outdated: bool = False
    """The update that is under way is still to replace this node's anchor, and perhaps its float."""


class Beat(Frozen):
    """The anchor's reconcile loop turns."""

    type: Literal["beat"] = "beat"


class Goodbye(Frozen):
    """The anchor ends on purpose."""

    type: Literal["goodbye"] = "goodbye"
    reason: GoodbyeReason
    detail: str = ""


class FloatHello(Frozen):
    """First message of the float."""

    type: Literal["float-hello"] = "float-hello"
    protocol: int = PROTOCOL_VERSION
    version: str
    container_id: str = ""
    token: str = Field(default="", repr=False)
    spec_digest: str | None = None
    """Of the spec that runs already, as the anchor before called it."""

    spec: FloatSpec | None = Field(default=None, repr=False)
    """The spec that runs already: what a change that the nodes cannot mix is compared with.

    None also where another release made it of what this one does not know: its float is no less welcome.
    """

    @field_validator("spec", mode="wrap")
    @classmethod
    def _if_readable(cls, value: object, read: ValidatorFunctionWrapHandler) -> FloatSpec | None:
        try:
            spec: FloatSpec | None = read(value)
        except ValidationError:
            return None
        return spec


class SpecAnswer(Frozen):
    """What the float did with the spec of that digest."""

    type: Literal["spec-answer"] = "spec-answer"
    digest: str
    trial: bool = False
    accepted: bool
    problems: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    """Services whose virtual IPs this host cannot carry, a sentence each, though the spec is accepted."""


class Report(Frozen):
    """The float's status, at every change and once a second."""

    type: Literal["report"] = "report"
    status: FloatStatus


FromAnchor = AnchorHello | SpecMessage | VerdictMessage | Beat | Goodbye
FromFloat = FloatHello | SpecAnswer | Report
Message = FromAnchor | FromFloat

_ADAPTER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


class ProtocolError(ValueError):
    """A line that is not a message: no JSON, or a known type with wrong fields."""


def encode(message: Message) -> bytes:
    """One line, its newline included."""
    return message.model_dump_json().encode() + b"\n"


def decode(line: bytes) -> Message | None:
    """The message of one line, or None for a type that this release does not know.

    Raises ProtocolError for everything else that is not a message.
    """
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError as error:
        if any(problem["type"] == "union_tag_invalid" and not problem["loc"] for problem in error.errors()):
            return None
        problems = "; ".join(f"{p['loc']}: {p['msg']}" for p in error.errors(include_input=False)[:3])
        raise ProtocolError(f"a line of the link is not a message: {problems}") from None
