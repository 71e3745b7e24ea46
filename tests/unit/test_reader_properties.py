"""What another program wrote, with anything in it replaced, left out or doubled: read with the right types, or refused.

The fuzzer changes bytes, and seldom gets past the JSON; this changes the meaning.
"""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from float.stats import DumpError, parse_dump
from shared.link_protocol import Beat, FloatHello, Report, SpecMessage, decode, encode
from shared.status_file import FLOAT_FILE, read_float_status
from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS
from tests.lab.plan import REPOSITORY
from tests.unit.anchor_fakes import spec, status

DUMP = json.loads((REPOSITORY / "tests/fuzz/samples/keepalived-2.2.7.json").read_text())
DOCKER = [json.loads(seed) for seed in SEEDS["docker"]]
MESSAGES = [
    json.loads(encode(message))
    for message in (
        SpecMessage(spec=spec(), digest="a"),
        Report(status=status("a")),
        FloatHello(version="1", token="t", spec=spec()),
        Beat(),
    )
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["", "0.0.0.0", "[::]:2377", "-1", "\u0661", "9" * 400, [], {}, [[]], [None], {"": None}]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in places(item, (*path, key)))]


def changed(document: Any, path: tuple[Any, ...], odd: Any, *, gone: bool) -> Any:
    """The same with something else at that place, or nothing."""
    if not path:
        return odd
    document = copy.deepcopy(document)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    if gone:
        del parent[path[-1]]
    else:
        parent[path[-1]] = odd
    return document


def damaged(*documents: Any) -> st.SearchStrategy[Any]:
    """One of the documents, changed in one place or two."""

    def once(document: Any) -> st.SearchStrategy[Any]:
        return st.builds(
            lambda path, odd, gone: changed(document, path, odd, gone=gone),
            st.sampled_from(places(document)),
            ODD,
            st.booleans(),
        )

    return st.sampled_from(documents).flatmap(once).flatmap(lambda found: st.one_of(st.just(found), once(found)))


@given(damaged(*DOCKER))
@settings(max_examples=1000, deadline=None)
def test_nothing_that_calls_itself_docker_becomes_a_fact_of_a_wrong_type(document: Any) -> None:
    TARGETS["docker"](json.dumps(document).encode())


@given(damaged(*MESSAGES))
@settings(max_examples=500, deadline=None)
def test_no_message_of_the_link_breaks_who_hears_it(document: Any) -> None:
    TARGETS["link"](json.dumps(document).encode())


@given(damaged(json.loads(SEEDS["neighbour"][0])))
@settings(max_examples=500, deadline=None)
def test_no_word_of_another_buoy_breaks_the_view_of_all_nodes(document: Any) -> None:
    TARGETS["neighbour"](json.dumps(document).encode())


@given(damaged(json.loads(SEEDS["neighbour_history"][0])))
@settings(max_examples=300, deadline=None)
def test_no_history_of_another_buoy_breaks_this_nodes_own(document: Any) -> None:
    TARGETS["neighbour_history"](json.dumps(document).encode())


@given(damaged(DUMP))
@settings(max_examples=500, deadline=None)
def test_no_dump_of_keepalived_breaks_who_reads_it(document: Any) -> None:
    with contextlib.suppress(DumpError):
        for name, instance in parse_dump(json.dumps(document)).items():
            assert isinstance(name, str)
            assert all(isinstance(value, int) for value in instance.counters.values())


@given(damaged(MESSAGES[1]["status"]))
@settings(max_examples=300, deadline=None)
def test_no_status_file_breaks_who_reads_it(tmp_path_factory: pytest.TempPathFactory, document: Any) -> None:
    folder: Path = tmp_path_factory.getbasetemp()
    (folder / FLOAT_FILE).write_text(json.dumps(document))
    read_float_status(folder)


def test_a_line_of_every_kind_is_still_read() -> None:
    assert all(decode(json.dumps(message).encode()) is not None for message in MESSAGES)
