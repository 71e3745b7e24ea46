"""The roll-outs of a campaign: each asks for what is not so yet, and the next one takes it back."""

from __future__ import annotations

import pytest

from tests.campaign import updates
from tests.campaign.choice import Update

IMAGES = ("registry/float:one", "registry/float:two")


def asked(update: Update, **now: str) -> str:
    settings = {updates.VIPS: "10.90.0.100", **now}
    return " ".join(updates.words(update, settings, second_vip="10.90.0.101", images=IMAGES))


def test_without_an_update_nothing_is_asked_for() -> None:
    assert asked(Update.NONE) == ""


def test_anchors_and_buoys_are_replaced_by_force() -> None:
    assert asked(Update.ANCHORS) == "--force keepalived_keepalived-anchor"
    assert asked(Update.BUOYS) == "--force keepalived_keepalived-buoy"


@pytest.mark.parametrize(
    ("update", "name", "first", "then"),
    [
        (Update.SETTINGS, updates.LEVEL, "debug", "info"),
        (Update.IMAGE, updates.IMAGE, "registry/float:two", "registry/float:one"),
        (Update.ADDRESSES, updates.VIPS, "10.90.0.100,10.90.0.101", "10.90.0.100"),
    ],
)
def test_a_setting_is_turned_and_turned_back(update: Update, name: str, first: str, then: str) -> None:
    assert asked(update) == f"--env-add {name}={first} keepalived_keepalived-anchor"
    assert asked(update, **{name: first}) == f"--env-add {name}={then} keepalived_keepalived-anchor"


def test_an_empty_setting_is_none() -> None:
    assert updates.parse(["A=1", "B=", "C=x=y"]) == {"A": "1", "C": "x=y"}
