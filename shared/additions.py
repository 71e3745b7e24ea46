"""What a user adds to the built-in behaviour: checks, scripts, a template of their own; values without behaviour."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.frozen import Frozen, IpAddress

LONGEST_FILE = 512_000
"""Bytes of the longest script or template: as much as any Swarm config could always hold, and three fit one line."""

SCRIPTS_FOLDER = "/run/keepalived-scripts"
"""Where the float keeps scripts that came through the link; the one place of a float that may execute what it holds."""

ScriptUser = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_-]{0,31})?$")]
Argument = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.,:@%+=~/-]{1,255}$")]


class Script(Frozen):
    """A program of the user's."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    name: str = Field(pattern=r"^(/[A-Za-z0-9_.,:@%+=~-]+)+$")
    """Its path as the user wrote it: the file in the float, or, where the content is given, in the anchor."""

    content: bytes | None = Field(default=None, repr=False, max_length=LONGEST_FILE)
    """The whole file; None means that the float runs the file of that name where it stands."""

    user: ScriptUser | None = None
    """`USER` or `USER:GROUP`, names or numbers, that it runs as; None is root."""


class Template(Frozen):
    """A Jinja2 template of keepalived.conf that replaces the built-in one."""

    name: str
    """Its path as the user wrote it, for messages."""

    content: str = Field(repr=False, max_length=LONGEST_FILE)


class Pace(Frozen):
    """How often a check runs, and what it takes to turn it; times in seconds."""

    interval: float = Field(default=1.0, ge=0.1, le=3600)
    timeout: float = Field(default=1.0, ge=0.1, le=3600)
    rise: int = Field(default=2, ge=1, le=1000)
    """Successes in a row after which a failing check holds."""

    fall: int = Field(default=2, ge=1, le=1000)
    """Failures in a row after which a holding check fails."""


class PortCheck(Pace):
    """Something must listen there on this node (TCP)."""

    kind: Literal["port"] = "port"
    port: int = Field(ge=1, le=65535)
    address: IpAddress | None = None
    """The address that must be listened on; None is any."""


class UrlCheck(Pace):
    """The URL must answer 200."""

    kind: Literal["url"] = "url"
    url: str = Field(pattern=r"^https?://[!-~]+$", max_length=2048)


class ScriptCheck(Pace):
    """The script must exit 0; it gets no arguments."""

    kind: Literal["script"] = "script"
    script: Script


Check = Annotated[PortCheck | UrlCheck | ScriptCheck, Field(discriminator="kind")]
"""One condition `check:KIND` of strength `require`."""
