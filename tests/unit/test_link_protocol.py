"""The link's messages: what is sent is what arrives, and releases of different age understand each other."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.link_protocol import (
    AnchorHello,
    Beat,
    FloatHello,
    Goodbye,
    GoodbyeReason,
    Message,
    ProtocolError,
    Report,
    SpecAnswer,
    SpecMessage,
    VerdictMessage,
    decode,
    encode,
)
from shared.models import Condition, FloatSpec, Strength, VirtualIp, VirtualRouter, VrrpState
from shared.settings_base import LogFormat, LogLevel
from shared.status import FloatStatus, LinkStatus, PeerStatus, RouterStatus, VipStatus

SPEC = FloatSpec(
    router_name="a",
    hostname="a",
    password="p4ss",
    virtual_routers=(
        VirtualRouter(
            name="main",
            vrid=77,
            priority=254,
            demoted_priority=49,
            virtual_ips=(VirtualIp.parse("192.0.2.100/24@eth0"),),
            excluded=(VirtualIp.parse("fd00::a"),),
        ),
    ),
)
STATUS = FloatStatus(
    version="1",
    hostname="a",
    container_id="c",
    boot_id="b",
    monotonic=12.5,
    written_at=1_700_000_000.25,
    started_at=1_700_000_000.0,
    keepalived="RUNNING",
    link=LinkStatus(up=True, since=1_700_000_000.0),
    conditions=(Condition(name="link", ok=True),),
    virtual_routers=(
        RouterStatus(
            name="main",
            vrid=77,
            state=VrrpState.MASTER,
            since=1_700_000_000.0,
            interface="eth0",
            priority_base=254,
            priority_effective=254,
            advert_interval=0.1,
            virtual_ips=(VipStatus(address="192.0.2.100/24", interface="eth0", present=True),),
            peers=(PeerStatus(address="192.0.2.2", hostname="b", priority=229),),
            counters={"advert_sent": 3},
        ),
    ),
)
MESSAGES: list[Message] = [
    AnchorHello(version="1", stack="keepalived"),
    AnchorHello(version="1", log_level=LogLevel.DEBUG, log_format=LogFormat.JSON),
    SpecMessage(spec=SPEC, trial=True),
    VerdictMessage(
        conditions=(
            Condition(name="engine", ok=False, reason='no answer for "10 s"\nsince noon'),
            Condition(name="service:web", ok=False, strength=Strength.REQUIRE, routers=("web",)),
        )
    ),
    Beat(),
    Goodbye(reason=GoodbyeReason.UPDATE, detail="service updated"),
    FloatHello(version="1", container_id="c", token="t", spec_digest=SPEC.digest),
    SpecAnswer(digest=SPEC.digest, accepted=False, problems=("no interface 'eth7'",)),
    Report(status=STATUS),
]


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_every_message_arrives_as_it_was_sent(message: Message) -> None:
    assert decode(encode(message)) == message


def test_every_kind_of_message_is_in_the_table_above() -> None:
    assert {type(message) for message in MESSAGES} == set(get_args(Message))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_a_message_is_one_line(message: Message) -> None:
    assert encode(message).count(b"\n") == 1
    assert encode(message).endswith(b"\n")


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_a_field_of_a_newer_release_is_ignored(message: Message) -> None:
    assert decode(line(**json.loads(encode(message)), invented={"later": [1]})) == message


def test_a_nested_field_of_a_newer_release_is_ignored() -> None:
    fields = json.loads(encode(SpecMessage(spec=SPEC)))
    fields["spec"]["virtual_routers"][0]["invented"] = 1
    assert decode(line(**fields)) == SpecMessage(spec=SPEC)


def of_another_release(message: Message) -> bytes:
    """The message with a check of a kind that this release does not know in its spec."""
    fields = json.loads(encode(message))
    fields["spec"]["checks"] = [{"kind": "invented-later", "name": "x"}]
    return line(**fields)


def test_a_spec_that_this_release_cannot_run_is_an_error_and_not_silently_nothing() -> None:
    with pytest.raises(ProtocolError):
        decode(of_another_release(SpecMessage(spec=SPEC)))


def test_a_float_that_runs_such_a_spec_is_heard_all_the_same() -> None:
    hello = FloatHello(version="2", token="t", spec=SPEC, spec_digest="d")
    assert decode(of_another_release(hello)) == hello.model_copy(update={"spec": None})


@pytest.mark.parametrize("kind", ["invented-later", "", "BEAT", "beat "])
def test_a_type_of_a_newer_release_is_no_message_and_no_error(kind: str) -> None:
    assert decode(line(type=kind, whatever=1)) is None


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\n",
        b"{",
        b"\xff\xfe",
        b"null",
        b"7",
        b"[]",
        b'"beat"',
        b"{}",
        b'{"type":"beat"}{"type":"beat"}',
        encode(Report(status=STATUS))[:-20],
        b"[" * 100_000,
    ],
)
def test_a_damaged_line_is_a_protocol_error(damaged: bytes) -> None:
    with pytest.raises(ProtocolError, match="a line of the link is not a message"):
        decode(damaged)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "goodbye"},
        {"type": "goodbye", "reason": "boredom"},
        {"type": "spec", "spec": {"router_name": "a"}},
        {"type": "spec", "spec": None},
        {"type": "verdict", "conditions": [{"name": "link"}]},
        {"type": "spec-answer", "digest": 7, "accepted": "perhaps"},
        {"type": "report", "status": []},
    ],
)
def test_a_known_type_with_wrong_fields_is_a_protocol_error(fields: dict[str, object]) -> None:
    with pytest.raises(ProtocolError, match="a line of the link is not a message"):
        decode(line(**fields))


def test_the_sentence_about_a_damaged_spec_does_not_show_its_password() -> None:
    fields = json.loads(encode(SpecMessage(spec=SPEC)))
    fields["spec"]["password"] = ["hunter2"]
    with pytest.raises(ProtocolError) as caught:
        decode(line(**fields))
    assert "hunter2" not in str(caught.value)


@given(st.binary())
def test_bytes_from_anywhere_raise_nothing_but_protocol_errors(data: bytes) -> None:
    try:
        decode(data)
    except ProtocolError:
        return


@given(
    name=st.text(alphabet=st.characters(codec="utf-8")),
    reason=st.text(alphabet=st.characters(codec="utf-8")),
    ok=st.booleans(),
    strength=st.sampled_from(Strength),
    routers=st.none() | st.lists(st.text(alphabet=st.characters(codec="utf-8"))).map(tuple),
)
def test_any_verdict_arrives_as_it_was_sent_on_one_line(
    name: str, reason: str, ok: bool, strength: Strength, routers: tuple[str, ...] | None
) -> None:
    condition = Condition(name=name, ok=ok, strength=strength, reason=reason, routers=routers)
    sent = encode(VerdictMessage(conditions=(condition,)))
    assert sent.count(b"\n") == 1
    assert decode(sent) == VerdictMessage(conditions=(condition,))


def test_secrets_of_messages_do_not_show_in_their_own_text() -> None:
    texts = repr(SpecMessage(spec=SPEC)) + repr(FloatHello(version="1", token="t0ken"))
    assert "p4ss" not in texts
    assert "t0ken" not in texts
