"""The arguments of a float alone become settings, or lines that name what the user wrote."""

from __future__ import annotations

import pytest

from float.arguments import OPTIONS, named_script, read_arguments
from shared.ancestors import Ancestor
from shared.errors import SettingsError
from shared.settings import FloatSettings
from tests.unit.alone_samples import told

EXAMPLE = "--master eth0 100 203.0.113.0/24/eth0"


def problems(words: str) -> tuple[str, ...]:
    """All that is wrong."""
    with pytest.raises(SettingsError) as refusal:
        told(words)
    return refusal.value.problems


def test_the_documented_command_line_is_a_whole_setup() -> None:
    settings = told(EXAMPLE)
    assert (settings.interface, settings.priority, settings.preempt) == ("eth0", 100, True)
    assert [str(vip) for vip in settings.virtual_ips] == ["203.0.113.0/24@eth0"]
    assert (settings.vrrp_version, settings.advert_interval, settings.router_id) == (2, 1.0, 1)
    assert settings.ancestor is Ancestor.SOLNET


def test_a_network_address_as_virtual_ip_is_only_warned_of() -> None:
    assert [line for line in told(EXAMPLE).warnings if "203.0.113.0/24 is the address of its network" in line]


@pytest.mark.parametrize(
    "words",
    [
        "-n lb -m -p s3cret -v 9 -x 192.0.2.9/24/eth1 -i 5 -r 3 -f 4 -o check.sh eth0 7 192.0.2.1/24/eth0",
        "--router-name lb --master --auth-pass s3cret --vrid 9 --exclude 192.0.2.9/24/eth1 --check-interval 5 "
        "--check-rise 3 --check-fall 4 --override-check check.sh eth0 7 192.0.2.1/24/eth0",
        "eth0 7 192.0.2.1/24/eth0 --vrid=9 --router-name=lb -m --auth-pass=s3cret --exclude=192.0.2.9/24/eth1 "
        "--check-interval=5 --check-rise=3 --check-fall=4 --override-check=check.sh",
    ],
)
def test_every_argument_is_understood_short_and_long_and_in_any_order(words: str) -> None:
    settings = told(words)
    assert (settings.router_name, settings.preempt, settings.password, settings.router_id) == ("lb", True, "s3cret", 9)
    assert [str(vip) for vip in settings.virtual_ips_excluded] == ["192.0.2.9/24@eth1"]
    assert (settings.check_interval, settings.check_rise, settings.check_fall) == (5.0, 3, 4)
    assert settings.check_script is not None
    assert str(settings.check_script.path) == "/ka-data/scripts/check.sh"


def test_addresses_can_be_several_and_excluded_ones_too() -> None:
    settings = told("-x 192.0.2.8/24/eth0 --exclude 192.0.2.9/24/eth0 eth0 7 192.0.2.1/24/eth0 fd00::1/64/eth0")
    assert [str(vip.address) for vip in settings.virtual_ips] == ["192.0.2.1", "fd00::1"]
    assert [str(vip.address) for vip in settings.virtual_ips_excluded] == ["192.0.2.8", "192.0.2.9"]


def test_checks_run_every_two_seconds_unless_told_otherwise() -> None:
    assert told("--enable-check http://127.0.0.1/ eth0 7 192.0.2.1").check_interval == 2.0


def test_a_script_outside_the_folder_is_named_by_its_whole_path() -> None:
    assert str(named_script("/opt/check").path) == "/opt/check"


def test_an_argument_without_its_value_changes_nothing_and_is_warned_of() -> None:
    given = read_arguments(["--enable-check", "--auth-pass", "pass", "eth0", "7", "192.0.2.1"])
    assert given.warnings == ["--enable-check has no value and changes nothing"]
    assert "check_url" not in given.arguments


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("--vrid 300 eth0 7 192.0.2.1", ["--vrid='300': must be a whole number from 1 to 255"]),
        ("-v 0 eth0 7 192.0.2.1", ["-v='0': must be a whole number from 1 to 255"]),
        ("eth0 255 192.0.2.1", ["priority='255': must be a whole number from 1 to 254"]),
        ("eth0 -5 192.0.2.1", ["priority='-5': must be a whole number from 1 to 254"]),
        (
            "et/h0 7 192.0.2.1",
            ["track_iface='et/h0': must be the name of a network interface: 1 to 15 letters, digits, '.', '_', '-'"],
        ),
        (
            "eth0 7 192.0.2.300/24/eth0",
            ["include='192.0.2.300/24/eth0': '192.0.2.300/24/eth0' does not start with an IPv4 or IPv6 address"],
        ),
        (
            "eth0 7 192.0.2.1/24/eth0/x",
            ["include='192.0.2.1/24/eth0/x': '192.0.2.1/24/eth0/x' is not ADDR[/PREFIX][@DEV]"],
        ),
        ("eth0 7 192.0.2.1 192.0.2.1/24/eth1", ["include='192.0.2.1 192.0.2.1/24/eth1': names 192.0.2.1 twice"]),
        ("-x 192.0.2.1 eth0 7 192.0.2.1", ["-x='192.0.2.1': names 192.0.2.1, which include has already"]),
        (
            "--auth-pass ninechars eth0 7 192.0.2.1",
            [
                "--auth-pass=(hidden): must be 1 to 8 printable ASCII characters (VRRPv2 carries no more) "
                "without spaces, quotes, braces, \\ # ! $_"
            ],
        ),
        ("--check-interval 0 eth0 7 192.0.2.1", ["--check-interval='0': must be seconds, from 0.1 to 3600"]),
        ("--check-rise two eth0 7 192.0.2.1", ["--check-rise='two': must be a whole number from 1 to 1000"]),
        ("-f 1001 eth0 7 192.0.2.1", ["-f='1001': must be a whole number from 1 to 1000"]),
        (
            "-o no#thing eth0 7 192.0.2.1",
            [
                "-o='no#thing': must be an absolute path of letters, digits and _ . , : @ % + = ~ - "
                "(no spaces, no arguments)"
            ],
        ),
        (
            "-e ftp://x eth0 7 192.0.2.1",
            [
                "-e='ftp://x': must be a URL like http://127.0.0.1:8080/health, without user and password, "
                "special characters as %XX"
            ],
        ),
        (
            "-n a{b eth0 7 192.0.2.1",
            [
                "-n='a{b': must be a host name: 1 to 64 letters, digits, '.', '-', '_', "
                "with a letter or digit at both ends"
            ],
        ),
        ("-e http://x/ -o y eth0 7 192.0.2.1", ["-e='http://x/': -o is there too; give one of them"]),
        ("--vrid 1 --vrid 2 eth0 7 192.0.2.1", ["--vrid='2': --vrid is there twice; give it once"]),
        ("-p one --auth-pass two eth0 7 192.0.2.1", ["--auth-pass=(hidden): -p is there twice; give it once"]),
        (
            "eth0 7",
            ["the arguments cannot be read: the following arguments are required: include; --help shows them"],
        ),
        (
            "stop",
            [
                "the arguments cannot be read: the following arguments are required: priority, include; "
                "--help shows them"
            ],
        ),
        (
            "--verbose eth0 7 192.0.2.1",
            ["the arguments cannot be read: unrecognized arguments: --verbose; --help shows them"],
        ),
        (
            "--authpass=hunter2 eth0 7 192.0.2.1",
            ["the arguments cannot be read: unrecognized arguments: --authpass=(hidden); --help shows them"],
        ),
    ],
)
def test_a_wrong_argument_is_refused_by_the_name_that_the_user_wrote(words: str, lines: list[str]) -> None:
    assert list(problems(words)) == lines


def test_all_wrong_arguments_are_told_at_once() -> None:
    lines = problems("--vrid 300 -i 0 -r x eth0 0 192.0.2.300")
    assert sorted(line.partition("=")[0] for line in lines) == ["--vrid", "-i", "-r", "include", "priority"]


def test_an_argument_and_a_variable_that_say_different_things_are_refused() -> None:
    with pytest.raises(SettingsError) as refusal:
        told("--vrid 5 eth0 7 192.0.2.1", KEEPALIVED_ROUTER_ID="6")
    assert refusal.value.problems == ("KEEPALIVED_ROUTER_ID='6': contradicts --vrid='5'; set only one of them",)


@pytest.mark.parametrize("word", ["line\nend", "b\x00ell", "ÿ", "-\u202e"])
def test_strange_characters_never_reach_a_message_as_they_are(word: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        FloatSettings.from_environment({}, arguments=read_arguments([f"--{word}", word, word, word]).arguments)
    assert all(line.isascii() and line.isprintable() for line in refusal.value.problems)


def test_the_help_names_every_argument_and_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read_arguments(["--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert [o.metavar for o in OPTIONS if not all(word in shown for word in (o.flags or (o.metavar,)))] == []
    assert [verb for verb in ("run", "status", "handover", "doctor") if verb not in shown] == []
