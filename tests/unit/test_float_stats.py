"""keepalived's JSON dump: the instances, their state and counters, and half-written files."""

from __future__ import annotations

import json

import pytest

from float.stats import DumpError, InstanceDump, parse_dump
from shared.models import VrrpState

ENTRY = {
    "data": {"iname": "VI_1", "vrid": 77, "state": 2, "effective_priority": 254, "auth_data": "secret"},
    "stats": {"advert_rcvd": 3, "advert_sent": 120, "become_master": 1, "pri_zero_sent": 0},
}
TEXT = json.dumps([ENTRY])
COUNTERS = {"advert_rcvd": 3, "advert_sent": 120, "become_master": 1, "pri_zero_sent": 0}


def test_an_instance_tells_state_priority_and_counters() -> None:
    assert parse_dump(TEXT) == {"VI_1": InstanceDump(VrrpState.MASTER, 254, COUNTERS)}


def test_a_counter_that_is_no_number_is_left_out() -> None:
    odd = {**ENTRY, "stats": {"advert_rcvd": 3, "note": "new in some release"}}
    assert parse_dump(json.dumps([odd]))["VI_1"].counters == {"advert_rcvd": 3}


def test_a_keepalived_without_instances_says_nothing() -> None:
    assert parse_dump("[]") == {}


@pytest.mark.parametrize("length", range(len(TEXT)))
def test_a_dump_that_is_not_written_to_its_end_is_not_believed(length: int) -> None:
    with pytest.raises(DumpError):
        parse_dump(TEXT[:length])


@pytest.mark.parametrize(
    "text",
    ["7", "null", "[7]", '["x"]', "[{}]", '[{"data": {"iname": "V"}, "stats": {}}]', '{"data": 1}', "[" * 100_000],
)
def test_json_that_is_no_dump_is_refused(text: str) -> None:
    with pytest.raises(DumpError):
        parse_dump(text)


@pytest.mark.parametrize("name", ["null", "7", "true"])
def test_an_instance_whose_name_is_no_text_is_refused(name: str) -> None:
    with pytest.raises(DumpError):
        parse_dump(TEXT.replace('"VI_1"', name))


def test_a_state_that_keepalived_does_not_have_is_refused() -> None:
    with pytest.raises(DumpError):
        parse_dump(TEXT.replace('"state": 2', '"state": 9'))


def test_a_refusal_repeats_no_password() -> None:
    with pytest.raises(DumpError) as refusal:
        parse_dump(TEXT[:-1])
    assert "secret" not in str(refusal.value)
