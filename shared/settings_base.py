"""What the settings of all three parts have in common, and how they are read.

The models are the one table of variables: documents and error messages come from them. All problems of an environment
are reported at once, one line each: variable, value, rule. Nothing is clamped, and nothing wrong becomes a default.
"""

from __future__ import annotations

import enum
import socket
from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from shared import values
from shared.environment import Argument, ReadFile, Reading, Variable, read, show, unknown_names
from shared.errors import SettingsError
from shared.models import Frozen


class LogLevel(enum.StrEnum):
    """The least important log line that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(enum.StrEnum):
    """How a log line looks."""

    TEXT = "text"
    JSON = "json"


class Settings(Frozen):
    """What every part is told."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    log_level: Annotated[LogLevel, Variable("KEEPALIVED_LOG_LEVEL", values.one_of(LogLevel))] = LogLevel.INFO
    """The least important log line that is still written: debug, info, warning or error."""

    log_format: Annotated[LogFormat, Variable("KEEPALIVED_LOG_FORMAT", values.one_of(LogFormat))] = LogFormat.TEXT
    """`text` for people, `json` for one object a line."""

    node_hostname: Annotated[str, Variable("DOCKER_NODE_HOSTNAME", values.hostname, default="the host's own name")] = (
        Field(default_factory=socket.gethostname)
    )
    """The name of this node in logs, status and dashboard; the stack passes `{{.Node.Hostname}}`."""

    warnings: tuple[str, ...] = ()
    """Sentences about settings that are accepted, but that an operator should know of."""

    @property
    def hostname(self) -> str:
        """This node's name, in the word of the models."""
        return self.node_hostname

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """The variables of this part, by field."""
        return {
            field: item
            for field, info in cls.model_fields.items()
            for item in info.metadata
            if isinstance(item, Variable)
        }

    @classmethod
    def read(
        cls,
        env: Mapping[str, str],
        open_file: ReadFile,
        public: Iterable[str],
        arguments: Mapping[str, Argument] | None = None,
    ) -> Self:
        """Read this part's settings; of the `public` names, those of other parts are left alone.

        The arguments stand by field beside the environment. Raises SettingsError with a line for every problem.
        """
        hints = frozenset(public)
        own = {name for variable in cls.variables().values() for name in variable.names}
        reading = read(cls.variables(), env, open_file, arguments)
        settings = cls.model_validate({**reading.values, **cls.learnt(reading)})
        problems = [*unknown_names(env, hints | own, hints), *reading.problems, *settings.clashes(reading)]
        if problems:
            raise SettingsError(problems)
        return settings.settled()

    @classmethod
    def learnt(cls, reading: Reading) -> dict[str, object]:
        """Further fields that follow from how the settings were written."""
        return {}

    def clashes(self, reading: Reading) -> list[str]:
        """One line for each setting that is right in itself, but not together with the others."""
        if "node_hostname" in reading.shown:
            return []
        try:
            values.hostname(self.node_hostname)
        except ValueError as error:
            unset = show("DOCKER_NODE_HOSTNAME", self.node_hostname)
            return [f"{unset}: {error}; this is the host's own name, so set the variable to another"]
        return []

    def settled(self) -> Self:
        """The settings with what follows from one for another, and with the warnings."""
        return self
