"""A float alone, told by words and variables."""

from __future__ import annotations

from float.arguments import read_arguments
from shared.settings import FloatSettings


def told(words: str = "", **variables: str) -> FloatSettings:
    """The settings that arguments and variables make. Raises SettingsError."""
    arguments = read_arguments(words.split()).arguments if words else {}
    return FloatSettings.from_environment({"DOCKER_NODE_HOSTNAME": "third", **variables}, arguments=arguments)
