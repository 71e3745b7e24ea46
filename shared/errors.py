"""Errors that end a part, each with the exit code that users' documents promise."""

from __future__ import annotations

from collections.abc import Iterable


class FatalError(Exception):
    """Going on is pointless; the message is the sentence for the user: what is wrong, and the remedy."""

    exit_code = 1


class SettingsError(FatalError):
    """The settings are wrong; `problems` has one line for each: variable, value, rule."""

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class DockerUnavailableError(FatalError):
    """Docker cannot be reached at all: no socket, no permission, nobody listening."""

    exit_code = 3


class NotAManagerError(FatalError):
    """This node is not a manager of a Swarm."""

    exit_code = 4


class SpecRefusedError(FatalError):
    """The float refused the spec, or the new float did not come up; what ran before goes on."""

    exit_code = 5


class NameTakenError(FatalError):
    """The float's name, or its link, belongs to somebody else."""

    exit_code = 6
