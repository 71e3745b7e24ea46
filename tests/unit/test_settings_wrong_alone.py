"""What a float alone is told wrongly is refused with one exact line, under the name that the user wrote."""

from __future__ import annotations

import pytest

from shared.errors import SettingsError
from tests.unit.alone_samples import told

VRID = "must be a whole number from 1 to 255"
INTERFACE = "must be the name of a network interface: 1 to 15 letters, digits, '.', '_', '-'"
INTERVAL = "must be seconds, from 0.01 to 40.95 in steps of 0.01; with VRRPv2 whole seconds from 1 to 255"
PASSWORD = (
    "must be 1 to 8 printable ASCII characters (VRRPv2 carries no more) without spaces, quotes, braces, \\ # ! $_"
)
PATH = "must be an absolute path of letters, digits and _ . , : @ % + = ~ - (no spaces, no arguments)"
ASCII = "must be printable ASCII characters on one line"
CHECK_IP = "must be an IPv4 or IPv6 address of this node, or any"
PORT = "must be a whole number from 1 to 65535"
MASK = "must be a whole number from 1 to 128"

WRONG = [
    ("VIRTUAL_IP", "10.11.12.300", "'10.11.12.300' does not start with an IPv4 or IPv6 address"),
    ("VIRTUAL_IP", "0.0.0.0", "'0.0.0.0' is an address that no host can have"),
    ("VIRTUAL_IP", "10.11.12.99/24 dev eth0", "'dev' does not start with an IPv4 or IPv6 address"),
    ("VIRTUAL_IP", "10.11.12.99\n}", ASCII),
    ("VIRTUAL_IP", "10.11.12.99}", "'10.11.12.99}' does not start with an IPv4 or IPv6 address"),
    ("VIRTUAL_IP", "\uff11\uff10.0.0.1", ASCII),
    ("VIRTUAL_IP", "1" * 81, "has an entry of more than 80 characters"),
    ("VIRTUAL_MASK", "0", MASK),
    ("VIRTUAL_MASK", "129", MASK),
    ("VIRTUAL_MASK", "255.255.255.0", MASK),
    ("VIRTUAL_MASK", "/24", MASK),
    ("VIRTUAL_MASK", "twenty", MASK),
    ("VRID", "0", VRID),
    ("VRID", "256", VRID),
    ("VRID", "1.5", VRID),
    ("VRID", "0x33", VRID),
    ("VRID", "051", VRID),
    ("VRID", "51 52", VRID),
    ("INTERFACE", "eth0 eth1", INTERFACE),
    ("INTERFACE", "a-name-that-is-too-long", INTERFACE),
    ("INTERFACE", "eth0;reboot", INTERFACE),
    ("INTERFACE", "..", INTERFACE),
    ("INTERFACE", "lo", "is the loopback interface, over which no other node hears adverts"),
    ("CHECK_PORT", "0", PORT),
    ("CHECK_PORT", "65536", PORT),
    ("CHECK_PORT", "https", PORT),
    ("CHECK_PORT", "80,443", PORT),
    ("CHECK_IP", "all", CHECK_IP),
    ("CHECK_IP", "0.0.0.0", CHECK_IP),
    ("CHECK_IP", "fe80::1%eth0", CHECK_IP),
    ("CHECK_SCRIPT", "check.sh", PATH),
    ("CHECK_SCRIPT", "/check.sh --now", PATH),
    ("CHECK_SCRIPT", "ss -ltn | grep 80", PATH),
    ("KEEPALIVED_PRIORITY", "0", "must be a whole number from 1 to 254"),
    ("KEEPALIVED_PRIORITY", "255", "must be a whole number from 1 to 254"),
    ("KEEPALIVED_PRIORITY", "high", "must be a whole number from 1 to 254"),
    ("KEEPALIVED_STATE", "MASTER;", "must be one of BACKUP, MASTER"),
    ("KEEPALIVED_VRRP_VERSION", "1", "must be a whole number from 2 to 3"),
    ("KEEPALIVED_UNICAST_PEERS", "#PYTHON2BASH:[192.0.2.1]", "must be a list like "
     "#PYTHON2BASH:['192.0.2.1','192.0.2.2']"),
    ("KEEPALIVED_UNICAST_PEERS", "192.0.2.1,fd00::1", "mixes IPv4 and IPv6; adverts travel over one of them"),
    ("KEEPALIVED_UNICAST_PEERS", "192.0.2.1,192.0.2.1", "names 192.0.2.1 twice"),
    ("KEEPALIVED_NOTIFY", "notify.sh", PATH),
]  # fmt: skip


def problems(words: str = "", **variables: str) -> tuple[str, ...]:
    """All lines of the refusal."""
    with pytest.raises(SettingsError) as refusal:
        told(words, **variables)
    return refusal.value.problems


@pytest.mark.parametrize(("name", "value", "rule"), WRONG)
def test_a_wrong_variable_is_refused_by_its_name_and_its_rule(name: str, value: str, rule: str) -> None:
    well = {} if name == "VIRTUAL_IP" else {"VIRTUAL_IP": "10.11.12.99"}
    assert problems(**{**well, name: value}) == (f"{name}={value!a}: {rule}",)


@pytest.mark.parametrize("password", ["ninechars", "a b", "{", "}", "#", "\\", "a\nb", "pässe", "$_X", "!x", '"'])
@pytest.mark.parametrize("name", ["KEEPALIVED_PASSWORD", "KEEPALIVED_AUTH_PASS"])
def test_a_wrong_password_is_refused_and_not_shown(name: str, password: str) -> None:
    (line,) = problems(KEEPALIVED_VIRTUAL_IPS="192.0.2.1", **{name: password})
    assert line in (f"{name}=(hidden): {PASSWORD}", f"{name}=(hidden): {ASCII}")


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"VIRTUAL_IP": "192.0.2.1", "VIRTUAL_MASK": "64"},
            "VIRTUAL_MASK='64': must be at most 32 for 192.0.2.1",
        ),
        (
            {"VIRTUAL_IP": "192.0.2.1/16", "VIRTUAL_MASK": "24"},
            "VIRTUAL_MASK='24': contradicts VIRTUAL_IP='192.0.2.1/16', which has a prefix already",
        ),
        (
            {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "VIRTUAL_MASK": "24"},
            "VIRTUAL_MASK='24': is for VIRTUAL_IP; write prefixes into KEEPALIVED_VIRTUAL_IPS, as ADDR/PREFIX",
        ),
        (
            {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "VIRTUAL_IP": "192.0.2.2"},
            "VIRTUAL_IP='192.0.2.2': contradicts KEEPALIVED_VIRTUAL_IPS='192.0.2.1'; set only one of them",
        ),
        (
            {"VIRTUAL_IP": "192.0.2.1", "VRID": "5", "KEEPALIVED_VRID": "6"},
            "VRID='5': contradicts KEEPALIVED_VRID='6'; set only one of them",
        ),
        (
            {"VIRTUAL_IP": "192.0.2.1", "CHECK_IP": "192.0.2.1"},
            "CHECK_IP='192.0.2.1': needs CHECK_PORT beside it",
        ),
        (
            {"VIRTUAL_IP": "192.0.2.1", "KEEPALIVED_ADVERT_INTERVAL": "0.5"},
            f"KEEPALIVED_ADVERT_INTERVAL='0.5': {INTERVAL} (VRRPv2 as NeoAssist/docker-keepalived speaks it; "
            "KEEPALIVED_VRRP_VERSION=3 changes that)",
        ),
        (
            {"KEEPALIVED_VIRTUAL_IPS": "fd00::1", "KEEPALIVED_PASSWORD": "p"},
            "KEEPALIVED_VIRTUAL_IPS='fd00::1': VRRPv2 needs an IPv4 address here "
            "(VRRPv2 because of KEEPALIVED_PASSWORD)",
        ),
        (
            {"KEEPALIVED_VIRTUAL_IPS": "fd00::1", "KEEPALIVED_UNICAST_PEERS": "192.0.2.1"},
            "KEEPALIVED_UNICAST_PEERS='192.0.2.1': have another address family than the virtual IPs",
        ),
        (
            {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "KEEPALIVED_UNICAST_PEERS": "192.0.2.7,192.0.2.1"},
            "KEEPALIVED_UNICAST_PEERS='192.0.2.7,192.0.2.1': names 192.0.2.1, which is a virtual IP and no node's own",
        ),
        (
            {"KEEPALIVED_VIRTUAL_IPS": "#PYTHON2BASH:['192.0.2.1/24 dev eth0']"},
            "KEEPALIVED_VIRTUAL_IPS=\"#PYTHON2BASH:['192.0.2.1/24 dev eth0']\": "
            "'192.0.2.1/24 dev eth0' is not ADDR[/PREFIX][@DEV]",
        ),
        (
            {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "KEEPALIVED_VRRP_VERSION": "3", "KEEPALIVED_PASSWORD": "p"},
            "KEEPALIVED_VRRP_VERSION='3': VRRPv3 has no passwords; unset it, or KEEPALIVED_PASSWORD",
        ),
        (
            {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.1", "KEEPALIVED_VIRTUAL_IP": "192.0.2.2"},
            "KEEPALIVED_VIRTUAL_IP='192.0.2.2': there is no such setting; the nearest is KEEPALIVED_VIRTUAL_IPS",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_both_names(variables: dict[str, str], line: str) -> None:
    assert problems(**variables) == (line,)


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_blank_variables_count_as_unset(blank: str) -> None:
    names = ("VIRTUAL_MASK", "VRID", "INTERFACE", "CHECK_IP", "CHECK_PORT", "CHECK_SCRIPT", "KEEPALIVED_PASSWORD")
    assert told(VIRTUAL_IP="192.0.2.1", **dict.fromkeys(names, blank)) == told(VIRTUAL_IP="192.0.2.1")
