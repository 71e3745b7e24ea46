"""What this release lacks is refused, never ignored."""

from __future__ import annotations

from anchor import not_built
from shared.settings import AnchorSettings


def test_a_setting_that_nothing_acts_on_yet_is_refused_by_its_name() -> None:
    settings = AnchorSettings.from_environment(
        {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "KEEPALIVED_CHECK_PORT": "80", "KEEPALIVED_NOTIFY": "/n"}
    )
    assert not_built.problems(settings) == (
        "KEEPALIVED_CHECK_PORT: this release has no checks; unset it",
        "KEEPALIVED_NOTIFY: this release has no notify scripts; unset it",
    )


def test_the_settings_that_work_are_not_refused() -> None:
    settings = AnchorSettings.from_environment(
        {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "KEEPALIVED_QUORUM": "require", "KEEPALIVED_SPREAD": "false"}
    )
    assert not_built.problems(settings) == ()
