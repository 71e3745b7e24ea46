"""Checks, scripts, template and flags reach the spec from the settings; a file that is wrong is named at start."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.additions import LONGEST_FILE, PortCheck, Script, ScriptCheck, Template, UrlCheck
from shared.errors import SettingsError
from shared.link_protocol import MAX_LINE, SpecMessage, decode, encode
from shared.models import FloatSpec
from shared.settings import AnchorSettings
from shared.user_files import UserFiles

PLAIN = FloatSpec(router_name="a", hostname="a", virtual_routers=())
FILES = {"/check.sh": b"#!/bin/sh\nexit 0\n", "/notify": b"\x7fELF\x00\xff", "/own.j2": "# é\n".encode()}


def read(path: Path) -> bytes:
    if str(path) not in FILES:
        raise FileNotFoundError(2, "No such file or directory")
    return FILES[str(path)]


def settings(**env: str) -> AnchorSettings:
    names = {f"KEEPALIVED_{name}": value for name, value in env.items()}
    return AnchorSettings.from_environment(
        {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.100", "DOCKER_NODE_HOSTNAME": "a", **names}
    )


def spec(**env: str) -> FloatSpec:
    return UserFiles(settings(**env), carried=True, read=read).add_to(PLAIN)


def problems(**env: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        UserFiles(settings(**env), carried=True, read=read)
    return caught.value.problems


def test_without_additions_the_spec_and_its_digest_are_those_of_before() -> None:
    assert spec() == PLAIN
    assert spec().digest == "3cf956f3dc14"


def test_every_addition_changes_the_digest() -> None:
    checked, noted, own = spec(CHECK_PORT="80"), spec(NOTIFY="/notify"), spec(CONF_TEMPLATE="/own.j2")
    flagged = spec(COMMAND_LINE_ARGUMENTS="--log-detail")
    assert len({one.digest for one in (PLAIN, checked, noted, own, flagged)}) == 5


def test_checks_carry_their_pace() -> None:
    pace = {"CHECK_INTERVAL": "2", "CHECK_TIMEOUT": "0.5", "CHECK_RISE": "3", "CHECK_FALL": "1"}
    (check,) = spec(CHECK_PORT="80", CHECK_IP="192.0.2.100", **pace).checks
    assert check == PortCheck(port=80, address="192.0.2.100", interval=2, timeout=0.5, rise=3, fall=1)


def test_three_kinds_of_checks_can_stand_together() -> None:
    found = spec(CHECK_PORT="80", CHECK_URL="http://127.0.0.1/", CHECK_SCRIPT="/check.sh").checks
    script = Script(name="/check.sh", content=FILES["/check.sh"])
    assert found == (PortCheck(port=80), UrlCheck(url="http://127.0.0.1/"), ScriptCheck(script=script))


def test_a_program_survives_the_link_byte_for_byte() -> None:
    sent = spec(NOTIFY="nobody:/notify", CONF_TEMPLATE="/own.j2")
    message = decode(encode(SpecMessage(spec=sent)))
    assert isinstance(message, SpecMessage)
    assert message.spec.notify == Script(name="/notify", content=FILES["/notify"], user="nobody")
    assert message.spec.template == Template(name="/own.j2", content="# é\n")
    assert message.spec.digest == sent.digest


def test_a_float_alone_runs_scripts_where_they_stand() -> None:
    alone = UserFiles(settings(NOTIFY="/opt/absent"), carried=False, read=read).add_to(PLAIN)
    assert alone.notify == Script(name="/opt/absent")


def test_all_files_that_cannot_be_read_are_named_at_once() -> None:
    assert problems(CHECK_SCRIPT="/a", NOTIFY="/b", CONF_TEMPLATE="/c") == (
        "KEEPALIVED_CHECK_SCRIPT='/a': cannot be read: No such file or directory",
        "KEEPALIVED_NOTIFY='/b': cannot be read: No such file or directory",
        "KEEPALIVED_CONF_TEMPLATE='/c': cannot be read: No such file or directory",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b" \n", "the file is empty"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"one\ntwo\x07\n", "line 2 has a control character"),
        (b"x" * (LONGEST_FILE + 1), f"must not be longer than {LONGEST_FILE} bytes"),
    ],
)
def test_a_template_that_is_no_text_is_named(content: bytes, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        UserFiles(settings(CONF_TEMPLATE="/own.j2"), carried=True, read=lambda _: content)
    assert caught.value.problems == (f"KEEPALIVED_CONF_TEMPLATE='/own.j2': {problem}",)


def test_the_longest_files_fit_one_line_of_the_link() -> None:
    def longest(path: Path) -> bytes:
        return b'"' * LONGEST_FILE

    files = UserFiles(settings(CHECK_SCRIPT="/a", NOTIFY="/b", CONF_TEMPLATE="/c"), carried=True, read=longest)
    assert len(encode(SpecMessage(spec=files.add_to(PLAIN)))) < MAX_LINE
