from __future__ import annotations

import pytest

from anchor.departure import Known, decide
from shared.link_protocol import GoodbyeReason

SERVING = Known(service_exists=True, managing=True, availability="active")


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (SERVING, GoodbyeReason.UPDATE),
        (Known(), GoodbyeReason.UPDATE),
        (Known(service_exists=False), GoodbyeReason.REMOVED),
        (Known(managing=False), GoodbyeReason.LEAVE),
        (Known(service_exists=True, managing=True, availability="drain"), GoodbyeReason.LEAVE),
        (Known(service_exists=True, managing=True, availability="pause"), GoodbyeReason.UPDATE),
        (Known(service_exists=False, availability="drain"), GoodbyeReason.REMOVED),
    ],
)
def test_the_reason_follows_from_what_docker_said(known: Known, reason: GoodbyeReason) -> None:
    assert decide(known).reason is reason


def test_only_an_update_keeps_the_float() -> None:
    assert decide(SERVING).keeps_float
    assert not decide(Known(availability="drain")).keeps_float
    assert not decide(Known(service_exists=False)).keeps_float


def test_what_was_seen_before_stands_where_docker_does_not_answer_any_more() -> None:
    assert decide(Known(availability="drain").updated(Known())).reason is GoodbyeReason.LEAVE


def test_a_later_answer_wins_over_what_was_seen_before() -> None:
    assert decide(Known(availability="drain").updated(SERVING)).reason is GoodbyeReason.UPDATE
