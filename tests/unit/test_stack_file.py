"""The stack file passes on every setting that a user may set."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.settings import AnchorSettings, BuoySettings
from shared.settings_base import Settings

STACK_FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
FOR_A_FLOAT_ALONE = {"VIRTUAL_IP", "VIRTUAL_MASK", "INTERFACE", "VRID", "CHECK_IP", "CHECK_PORT", "CHECK_SCRIPT"}
"""The names of NeoAssist/docker-keepalived, which knows no Swarm."""

THE_DEPLOYERS_OWN = {"DOCKER_HOST"}
"""In the shell that deploys it says where that shell's Docker is, which is not where the anchor's is."""


def passed(service: str) -> dict[str, str]:
    """The environment of the service in the stack file: name and text."""
    part = STACK_FILE.read_text().partition(f"\n  {service}:\n")[2]
    environment = re.search(r"    environment:\n((?: {6}.*\n)+)", part)
    return dict(re.findall(r"^ {6}([A-Z_]+): (.*)$", environment[1], re.MULTILINE)) if environment else {}


def public(part: type[Settings]) -> set[str]:
    """Every name, aliases and files of secrets included, under which the part takes a setting."""
    return {name for variable in part.variables().values() if not variable.internal for name in variable.names}


def test_the_anchor_is_passed_every_name_that_it_takes() -> None:
    assert set(passed("keepalived-anchor")) == public(AnchorSettings) - FOR_A_FLOAT_ALONE - THE_DEPLOYERS_OWN


def test_the_buoy_is_passed_every_name_that_it_takes() -> None:
    assert set(passed("keepalived-buoy")) == public(BuoySettings)


@pytest.mark.parametrize("service", ["keepalived-anchor", "keepalived-buoy"])
def test_every_setting_is_passed_under_its_own_name(service: str) -> None:
    settings = {name: text for name, text in passed(service).items() if not name.startswith("DOCKER_")}
    assert [name for name, text in settings.items() if not text.startswith((f"${{{name}:-}}", f"${{{name}:?"))] == []
