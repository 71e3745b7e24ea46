"""Whatever the environment holds, it is refused with lines or accepted without anything that could be a directive."""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import SettingsError
from shared.settings import AnchorSettings, BuoySettings, FloatSettings, public_names

WELL = {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.100", "DOCKER_NODE_HOSTNAME": "a"}
NAMES = sorted(public_names() | {"KEEPALIVED_LINK_TOKEN"})
PARTS = [AnchorSettings, FloatSettings, BuoySettings]
Part = type[AnchorSettings] | type[FloatSettings] | type[BuoySettings]

HOSTILE = st.one_of(
    st.sampled_from("{}\"'!#%@/\\`;,. \t\n\r\x00\x0b\x1c\x85\u2028\u0661\uff11\udc80"),
    st.sampled_from(["$_PWD", "${x}", "~SEQ(a,1,2)", "include", "..", "::", "fe80::%"]),
)
GOOD = st.one_of(
    st.sampled_from(["192.0.2.1", "fd00::a", "192.0.2.0/24", "192.0.2.1/24@eth0", "#PYTHON2BASH:['192.0.2.1']"]),
    st.sampled_from(["3", "2", "0.5", "1", "100", "true", "auto", "multicast", "224.0.0.18", "any", "MASTER", "json"]),
    st.sampled_from(["eth0", "a", "/a", "http://a/", "tcp://a:1", "--x", "prefer", "p4ss"]),
)
VALUES = st.lists(st.one_of(GOOD, HOSTILE, st.text(max_size=3)), min_size=1, max_size=4).map("".join)
ENVIRONMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)
ARBITRARY = st.dictionaries(
    st.one_of(st.sampled_from(NAMES), st.text(), st.text().map("KEEPALIVED_{}".format)), st.text(), max_size=6
)


def leaves(value: object) -> list[str]:
    """Every text inside a value, as it would be written into a file."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in leaves(item)]
    if isinstance(value, tuple | list):
        return [text for item in value for text in leaves(item)]
    return [str(value.value if isinstance(value, Enum) else value)]


def read(part: Part, env: dict[str, str], content: str = "p4ss\n") -> dict[str, Any] | tuple[str, ...]:
    """The accepted values, or the problems; any other exception is the test's failure."""
    try:
        return part.from_environment(env, read_file=lambda _: content).model_dump(exclude={"warnings"})
    except SettingsError as error:
        return error.problems


@pytest.mark.parametrize("part", PARTS)
@given(env=ENVIRONMENTS, well=st.booleans())
@settings(max_examples=400, deadline=None)
def test_no_accepted_value_can_become_another_directive(part: Part, env: dict[str, str], well: bool) -> None:
    outcome = read(part, {**WELL, **env} if well else env)
    accepted = leaves(outcome) if isinstance(outcome, dict) else []
    assert [text for text in accepted if re.search(r"[^\x20-\x7e]|[{}\"'!#\\]|\$_", text)] == []


@pytest.mark.parametrize("name", NAMES)
@given(value=VALUES)
@settings(max_examples=60, deadline=None)
def test_each_setting_is_accepted_clean_or_refused_by_its_name(name: str, value: str) -> None:
    outcome = read(FloatSettings if name == "KEEPALIVED_LINK_TOKEN" else AnchorSettings, {**WELL, name: value})
    if isinstance(outcome, dict):
        assert not re.search(r"[^\x20-\x7e]|[{}\"'!#\\]", "".join(leaves(outcome)))
    else:
        assert all(name in line for line in outcome)


@pytest.mark.parametrize("part", PARTS)
@given(env=st.one_of(ARBITRARY, ENVIRONMENTS), content=st.text())
@settings(max_examples=300, deadline=None)
def test_an_arbitrary_environment_is_read_or_refused_in_lines_of_ascii(
    part: Part, env: dict[str, str], content: str
) -> None:
    outcome = read(part, env, content)
    lines = () if isinstance(outcome, dict) else outcome
    assert all(line.isascii() and line.isprintable() and len(line) < 700 for line in lines)


@given(secret=st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=9, max_size=40))
def test_a_refused_secret_never_shows(secret: str) -> None:
    env = {**WELL, "KEEPALIVED_PASSWORD": secret, "KEEPALIVED_PASSWRD": secret, "KEEPALIVED_LINK_TOKEN": secret + "!"}
    outcome = read(FloatSettings, env)
    assert isinstance(outcome, tuple)
    assert secret not in "\n".join(outcome)


@given(address=st.ip_addresses(v=6), prefix=st.integers(1, 128))
def test_ipv6_addresses_have_one_spelling(address: ipaddress.IPv6Address, prefix: int) -> None:
    short, long = (
        {**WELL, "KEEPALIVED_VIRTUAL_IPS": f"{text}/{prefix}"} for text in (address, address.exploded.upper())
    )
    first, second = read(AnchorSettings, short), read(AnchorSettings, long)
    assert isinstance(first, dict) == isinstance(second, dict)
    if isinstance(first, dict):
        assert first == second


@given(hundredths=st.integers(0, 5000))
def test_advert_intervals_are_exact_hundredths_of_a_second(hundredths: int) -> None:
    text = f"{hundredths // 100}.{hundredths % 100:02}"
    outcome = read(AnchorSettings, {**WELL, "KEEPALIVED_ADVERT_INTERVAL": text})
    if 1 <= hundredths <= 4095:
        assert isinstance(outcome, dict)
        assert round(outcome["advert_interval"] * 100, 9) == hundredths
    else:
        assert isinstance(outcome, tuple)


@pytest.mark.parametrize("path", ["/proc/self/mem", "/dev/zero", "/", "/nowhere/at/all"])
def test_no_file_that_a_secret_names_can_break_or_stall_the_start(path: str) -> None:
    with pytest.raises(SettingsError) as caught:
        AnchorSettings.from_environment({**WELL, "KEEPALIVED_PASSWORD_FILE": path})
    assert len(caught.value.problems) == 1
