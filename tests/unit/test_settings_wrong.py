"""Every wrong setting is refused with one exact line: variable, value, rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.settings import AnchorSettings, BuoySettings, FloatSettings

Part = type[AnchorSettings] | type[FloatSettings] | type[BuoySettings]

WELL = {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.100", "DOCKER_NODE_HOSTNAME": "a"}

ASCII = "must be printable ASCII characters on one line"
PRIORITY = "must be a whole number from 50 to 254"
VRID = "must be a whole number from 1 to 255"
INTERVAL = "must be seconds, from 0.01 to 40.95 in steps of 0.01; with VRRPv2 whole seconds from 1 to 255"
HOSTNAME = "must be a host name: 1 to 64 letters, digits, '.', '-', '_', with a letter or digit at both ends"
INTERFACE = "must be the name of a network interface: 1 to 15 letters, digits, '.', '_', '-'"
PATH = "must be an absolute path of letters, digits and _ . , : @ % + = ~ - (no spaces, no arguments)"
PASSWORD = (
    "must be 1 to 8 printable ASCII characters (VRRPv2 carries no more) without spaces, quotes, braces, \\ # ! $_"
)
URL = "must be a URL like http://127.0.0.1:8080/health, without user and password, special characters as %XX"
DOCKER_HOST = "must be unix:///PATH, tcp://HOST:PORT, http://HOST:PORT or https://HOST:PORT"
IMAGE = "must be an image reference like registry.example:5000/team/keepalived-float:1.0"
FLAGS = "must be flags like --log-detail --dump-conf, without quotes or other special characters"
CONTAINER = "must be a container name: 2 to 63 letters, digits, '_', '.', '-', the first a letter or digit"
SERVICE = "must be the name of a Swarm service: 1 to 63 letters, digits, '-', '_'"
IDENTIFIER = "must be an identifier of Docker's, as its templates give it"
GROUP = "must be an IPv4 multicast address, 224.0.0.0 to 239.255.255.255"
CHECK_IP = "must be an IPv4 or IPv6 address of this node, or any"
PORT = "must be a whole number from 1 to 65535"
PYTHON2BASH = "must be a list like #PYTHON2BASH:['192.0.2.1','192.0.2.2']"

WRONG_FOR_ANCHOR = [
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.300", "'192.0.2.300' does not start with an IPv4 or IPv6 address"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1.", "'192.0.2.1.' does not start with an IPv4 or IPv6 address"),
    ("KEEPALIVED_VIRTUAL_IPS", "vip.example", "'vip.example' does not start with an IPv4 or IPv6 address"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1/33", "'192.0.2.1/33' has a prefix outside 1 to 32"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1/0", "'192.0.2.1/0' has a prefix outside 1 to 32"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1/", "'192.0.2.1/' has a prefix outside 1 to 32"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1/+24", "'192.0.2.1/+24' has a prefix outside 1 to 32"),
    ("KEEPALIVED_VIRTUAL_IPS", "fd00::1/129", "'fd00::1/129' has a prefix outside 1 to 128"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1/24/eth0/x", "'192.0.2.1/24/eth0/x' is not ADDR[/PREFIX][@DEV]"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1@", "'192.0.2.1@' is not ADDR[/PREFIX][@DEV]"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1@et{h", "'et{h' is not the name of a network interface"),
    (
        "KEEPALIVED_VIRTUAL_IPS",
        "192.0.2.1@a2345678901234567",
        "'a2345678901234567' is not the name of a network interface",
    ),
    ("KEEPALIVED_VIRTUAL_IPS", "127.0.0.1", "'127.0.0.1' is an address that no host can have"),
    ("KEEPALIVED_VIRTUAL_IPS", "224.0.0.18", "'224.0.0.18' is an address that no host can have"),
    ("KEEPALIVED_VIRTUAL_IPS", "::", "'::' is an address that no host can have"),
    ("KEEPALIVED_VIRTUAL_IPS", "fe80::1%eth0", "'fe80::1%eth0' has a zone; write ADDR@DEV"),
    ("KEEPALIVED_VIRTUAL_IPS", "0.1.2.3", "'0.1.2.3' is an address that no host can have"),
    ("KEEPALIVED_VIRTUAL_IPS", "255.255.255.255", "'255.255.255.255' is an address that no host can have"),
    ("KEEPALIVED_VIRTUAL_IPS", "::ffff:192.0.2.1", "'::ffff:192.0.2.1' is an address that no host can have"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1,192.0.2.1", "names 192.0.2.1/32 twice"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1/24 192.0.2.1@eth1", "names 192.0.2.1 twice"),
    ("KEEPALIVED_VIRTUAL_IPS", "fd00::a,FD00:0::A/64", "names fd00::a twice"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1,,192.0.2.2", "has an empty entry beside a comma"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1,", "has an empty entry beside a comma"),
    (
        "KEEPALIVED_VIRTUAL_IPS",
        "192.0.2.1;192.0.2.2",
        "'192.0.2.1;192.0.2.2' does not start with an IPv4 or IPv6 address",
    ),
    ("KEEPALIVED_VIRTUAL_IPS", "#PYTHON2BASH:", PYTHON2BASH),
    ("KEEPALIVED_VIRTUAL_IPS", "#PYTHON2BASH:[]", PYTHON2BASH),
    ("KEEPALIVED_VIRTUAL_IPS", "#PYTHON2BASH:[192.0.2.1]", PYTHON2BASH),
    ("KEEPALIVED_VIRTUAL_IPS", "#PYTHON2BASH:__import__('os')", PYTHON2BASH),
    (
        "KEEPALIVED_VIRTUAL_IPS_EXCLUDED",
        "192.0.2.100/24",
        "names 192.0.2.100, which KEEPALIVED_VIRTUAL_IPS has already",
    ),
    ("KEEPALIVED_VIRTUAL_IPS_EXCLUDED", "x", "'x' does not start with an IPv4 or IPv6 address"),
    ("KEEPALIVED_INTERFACE", "eth0 eth1", INTERFACE),
    ("KEEPALIVED_INTERFACE", "eth0;reboot", INTERFACE),
    ("KEEPALIVED_INTERFACE", "eth0}", INTERFACE),
    ("KEEPALIVED_INTERFACE", "..", INTERFACE),
    ("KEEPALIVED_INTERFACE", "an-interface-too-long", INTERFACE),
    ("KEEPALIVED_ROUTER_ID", "0", VRID),
    ("KEEPALIVED_ROUTER_ID", "256", VRID),
    ("KEEPALIVED_ROUTER_ID", "-1", VRID),
    ("KEEPALIVED_ROUTER_ID", "7.0", VRID),
    ("KEEPALIVED_ROUTER_ID", "077", VRID),
    ("KEEPALIVED_ROUTER_ID", "0x10", VRID),
    ("KEEPALIVED_ROUTER_ID", "1_0", VRID),
    ("KEEPALIVED_ROUTER_ID", "seventy", VRID),
    ("KEEPALIVED_VRID", "1000", VRID),
    ("KEEPALIVED_ROUTER_NAME", "a b", HOSTNAME),
    ("KEEPALIVED_ROUTER_NAME", "a}", HOSTNAME),
    ("KEEPALIVED_ROUTER_NAME", "a!", HOSTNAME),
    ("KEEPALIVED_ROUTER_NAME", "a#b", HOSTNAME),
    ("KEEPALIVED_ROUTER_NAME", '"a"', HOSTNAME),
    ("KEEPALIVED_ROUTER_NAME", "-a", HOSTNAME),
    ("KEEPALIVED_ROUTER_NAME", "a" * 65, HOSTNAME),
    ("KEEPALIVED_PRIORITY", "49", PRIORITY),
    ("KEEPALIVED_PRIORITY", "255", PRIORITY),
    ("KEEPALIVED_PRIORITY", "high", PRIORITY),
    ("KEEPALIVED_PRIORITY", "1e2", PRIORITY),
    ("KEEPALIVED_PRIORITY", "9" * 100, PRIORITY),
    ("KEEPALIVED_VRRP_VERSION", "1", "must be a whole number from 2 to 3"),
    ("KEEPALIVED_VRRP_VERSION", "v3", "must be a whole number from 2 to 3"),
    ("KEEPALIVED_STATE", "FAULT", "must be one of BACKUP, MASTER"),
    ("KEEPALIVED_PREEMPT", "maybe", "must be true or false"),
    ("KEEPALIVED_PREEMPT", "2", "must be true or false"),
    ("KEEPALIVED_SPREAD", "ja", "must be true or false"),
    ("KEEPALIVED_ADVERT_INTERVAL", "0", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "0.005", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "0.015", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "40.96", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "256", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "nan", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "inf", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "100ms", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "0,1", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "-0.1", INTERVAL),
    ("KEEPALIVED_ADVERT_INTERVAL", "60", f"{INTERVAL} (VRRPv3 is the default)"),
    ("KEEPALIVED_UNICAST_PEERS", "automatic", "must be auto, multicast, or a list of addresses"),
    ("KEEPALIVED_UNICAST_PEERS", "192.0.2.1,192.0.2", "'192.0.2' is not an IPv4 or IPv6 address"),
    ("KEEPALIVED_UNICAST_PEERS", "192.0.2.1/24", "'192.0.2.1/24' is not an IPv4 or IPv6 address"),
    ("KEEPALIVED_UNICAST_PEERS", "192.0.2.1 192.0.2.1", "names 192.0.2.1 twice"),
    ("KEEPALIVED_UNICAST_PEERS", "192.0.2.1 fd00::1", "mixes IPv4 and IPv6; adverts travel over one of them"),
    (
        "KEEPALIVED_UNICAST_PEERS",
        "224.0.0.18",
        "'224.0.0.18' is a multicast, loopback, broadcast or unspecified address",
    ),
    ("KEEPALIVED_UNICAST_PEERS", "fe80::1%eth0", "'fe80::1%eth0' has a zone; write the address alone"),
    ("KEEPALIVED_UNICAST_PEERS", "#PYTHON2BASH:['192.0.2.1'", PYTHON2BASH),
    ("KEEPALIVED_MULTICAST_GROUP", "192.0.2.1", GROUP),
    ("KEEPALIVED_MULTICAST_GROUP", "ff02::12", GROUP),
    ("KEEPALIVED_MULTICAST_GROUP", "all", GROUP),
    ("KEEPALIVED_CHECK_PORT", "0", PORT),
    ("KEEPALIVED_CHECK_PORT", "65536", PORT),
    ("KEEPALIVED_CHECK_PORT", "http", PORT),
    ("KEEPALIVED_CHECK_IP", "192.0.2.1", "needs KEEPALIVED_CHECK_PORT beside it"),
    ("KEEPALIVED_CHECK_IP", "all", CHECK_IP),
    ("KEEPALIVED_CHECK_IP", "0.0.0.0", CHECK_IP),
    ("KEEPALIVED_CHECK_IP", "fe80::1%eth0", CHECK_IP),
    ("KEEPALIVED_CHECK_URL", "localhost:8080/health", URL),
    ("KEEPALIVED_CHECK_URL", "ftp://localhost/", URL),
    ("KEEPALIVED_CHECK_URL", "http://", URL),
    ("KEEPALIVED_CHECK_URL", "http://host:99999/", URL),
    ("KEEPALIVED_CHECK_URL", "http://host/a b", URL),
    ("KEEPALIVED_CHECK_URL", "http://host/{x}", URL),
    ("KEEPALIVED_CHECK_URL", "http://[::1/", URL),
    ("KEEPALIVED_CHECK_SCRIPT", "check.sh", PATH),
    ("KEEPALIVED_CHECK_SCRIPT", "/check.sh --fast", PATH),
    ("KEEPALIVED_CHECK_SCRIPT", '/check.sh"', PATH),
    ("KEEPALIVED_CHECK_SCRIPT", "/", PATH),
    ("KEEPALIVED_CHECK_INTERVAL", "0", "must be seconds, from 0.1 to 3600"),
    ("KEEPALIVED_CHECK_TIMEOUT", "1s", "must be seconds, from 0.1 to 3600"),
    ("KEEPALIVED_CHECK_RISE", "0", "must be a whole number from 1 to 1000"),
    ("KEEPALIVED_CHECK_FALL", "1.5", "must be a whole number from 1 to 1000"),
    ("KEEPALIVED_NOTIFY", "/a{b}", PATH),
    ("KEEPALIVED_NOTIFY", "99999999999:/n.sh", "must name user and group, or give their numbers up to 4294967294"),
    ("KEEPALIVED_CONF_TEMPLATE", "template.j2", PATH),
    ("KEEPALIVED_REGISTRY_AUTH_FILE", "config.json", PATH),
    ("KEEPALIVED_COMMAND_LINE_ARGUMENTS", "log-detail", FLAGS),
    ("KEEPALIVED_COMMAND_LINE_ARGUMENTS", "--log-detail; reboot", FLAGS),
    ("KEEPALIVED_COMMAND_LINE_ARGUMENTS", "-D '-x'", FLAGS),
    ("KEEPALIVED_LINK_TIMEOUT", "0.2", "must be seconds, more than 0.2 and at most 60"),
    ("KEEPALIVED_LINK_TIMEOUT", "61", "must be seconds, more than 0.2 and at most 60"),
    ("KEEPALIVED_UPDATE_GRACE", "86401", "must be seconds, from 0 to 86400"),
    ("KEEPALIVED_ORPHAN_AFTER", "0", "must be seconds, from 1 to 86400"),
    ("KEEPALIVED_ORPHAN_AFTER", "never", "must be seconds, from 1 to 86400"),
    ("KEEPALIVED_SERVICE_VIPS", "192.0.2.7/24", "'192.0.2.7/24' has host bits set; the subnet is 192.0.2.0/24"),
    ("KEEPALIVED_SERVICE_VIPS", "192.0.2.0/240", "'192.0.2.0/240' is not a subnet like 192.0.2.0/24"),
    ("KEEPALIVED_SERVICE_VIPS", "fe80::%eth0/64", "'fe80::%eth0/64' is not a subnet like 192.0.2.0/24"),
    ("KEEPALIVED_QUORUM", "on", "must be one of ignore, prefer, require"),
    ("KEEPALIVED_TRACK_SERVICES", "web,web", "names web twice"),
    ("KEEPALIVED_TRACK_SERVICES", "web!", SERVICE),
    ("KEEPALIVED_LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
    ("KEEPALIVED_LOG_FORMAT", "xml", "must be one of text, json"),
    ("KEEPALIVED_IMAGE", "Keepalived Float", IMAGE),
    ("KEEPALIVED_IMAGE", "keepalived-float:", IMAGE),
    ("KEEPALIVED_IMAGE", "registry:5000/Keepalived-Float", IMAGE),
    ("KEEPALIVED_FLOAT_NAME", "/float", CONTAINER),
    ("KEEPALIVED_FLOAT_NAME", "f", CONTAINER),
    ("KEEPALIVED_FLOAT_NAME", "-float", CONTAINER),
    ("DOCKER_HOST", "/var/run/docker.sock", DOCKER_HOST),
    ("DOCKER_HOST", "tcp://proxy", DOCKER_HOST),
    ("DOCKER_HOST", "tcp://proxy:2375/{x}", DOCKER_HOST),
    ("DOCKER_HOST", "ssh://node", DOCKER_HOST),
    ("DOCKER_HOST", "unix://docker.sock", DOCKER_HOST),
    ("DOCKER_NODE_HOSTNAME", "{{.Node.Hostname}}", HOSTNAME),
    ("DOCKER_TASK_ID", "{{.Task.ID}}", IDENTIFIER),
    ("DOCKER_NODE_ID", "a/b", IDENTIFIER),
    ("DOCKER_SERVICE_NAME", "a b", IDENTIFIER),
]

CANNOT_BE_ON_ONE_LINE = [
    ("KEEPALIVED_INTERFACE", "eth0\n}\nvrrp_instance evil {", "'eth0\\n}\\nvrrp_instance evil {'"),
    ("KEEPALIVED_ROUTER_NAME", "a\rb", "'a\\rb'"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1\n192.0.2.2", "'192.0.2.1\\n192.0.2.2'"),
    ("KEEPALIVED_NOTIFY", "/a\x00b", "'/a\\x00b'"),
    ("KEEPALIVED_CHECK_SCRIPT", "/a\tb", "'/a\\tb'"),
    ("KEEPALIVED_IMAGE", "a\x1b[31mb", "'a\\x1b[31mb'"),
    ("KEEPALIVED_PRIORITY", "\u0662\u0660\u0660", "'\\u0662\\u0660\\u0660'"),
    ("KEEPALIVED_ROUTER_ID", "\uff17\uff17", "'\\uff17\\uff17'"),
    ("KEEPALIVED_VIRTUAL_IPS", "\uff1192.0.2.1", "'\\uff1192.0.2.1'"),
    ("KEEPALIVED_VIRTUAL_IPS", "192.0.2.1\u00a0192.0.2.2", "'192.0.2.1\\xa0192.0.2.2'"),
    ("KEEPALIVED_FLOAT_NAME", "fl\xf6at", "'fl\\xf6at'"),
    ("KEEPALIVED_CONF_TEMPLATE", "/\udcff", "'/\\udcff'"),
]

WRONG_PASSWORDS = ["ninechars", "a b", 'a"b', "a'b", "a{b", "a}b", "a#b", "a!b", "a\\b", "$_PWD", "x" * 5000]

WRONG_FOR_BUOY = [
    ("KEEPALIVED_BUOY_PORT", "0", PORT),
    ("KEEPALIVED_BUOY_PORT", "8082:3000", PORT),
    ("KEEPALIVED_BUOY_ALLOW", "everybody", "'everybody' is not a subnet like 192.0.2.0/24"),
    ("KEEPALIVED_BUOY_ALLOW", "10.0.0.1/8", "'10.0.0.1/8' has host bits set; the subnet is 10.0.0.0/8"),
    ("KEEPALIVED_HISTORY_LIMIT", "0", "must be a whole number from 1 to 10000"),
    ("KEEPALIVED_CLUSTER_INTERVAL", "0", "must be seconds, from 0.1 to 60"),
]


def problems_of(part: Part, env: dict[str, str], files: dict[str, str] | None = None) -> tuple[str, ...]:
    def read_file(path: Path) -> str:
        if str(path) in (files or {}):
            return (files or {})[str(path)]
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(SettingsError) as caught:
        part.from_environment({**WELL, **env}, read_file=read_file)
    return caught.value.problems


@pytest.mark.parametrize(("variable", "value", "rule"), WRONG_FOR_ANCHOR)
def test_a_wrong_setting_is_refused_with_its_value_and_the_rule(variable: str, value: str, rule: str) -> None:
    assert problems_of(AnchorSettings, {variable: value}) == (f"{variable}={value!r}: {rule}",)


@pytest.mark.parametrize(("variable", "value", "shown"), CANNOT_BE_ON_ONE_LINE)
def test_line_ends_control_characters_and_foreign_digits_are_refused_and_shown_escaped(
    variable: str, value: str, shown: str
) -> None:
    assert problems_of(AnchorSettings, {variable: value}) == (f"{variable}={shown}: {ASCII}",)


@pytest.mark.parametrize("password", WRONG_PASSWORDS)
def test_a_wrong_password_is_refused_without_being_shown(password: str) -> None:
    assert problems_of(AnchorSettings, {"KEEPALIVED_PASSWORD": password}) == (
        f"KEEPALIVED_PASSWORD=(hidden): {PASSWORD}",
    )


@pytest.mark.parametrize(("variable", "value", "rule"), WRONG_FOR_BUOY)
def test_a_wrong_setting_of_the_buoy_is_refused_by_the_buoy(variable: str, value: str, rule: str) -> None:
    assert problems_of(BuoySettings, {variable: value}) == (f"{variable}={value!r}: {rule}",)


@pytest.mark.parametrize("blank", ["", " ", "\t \n"])
@pytest.mark.parametrize("part", [AnchorSettings, FloatSettings])
def test_blank_virtual_ips_are_refused_with_an_example(part: Part, blank: str) -> None:
    assert problems_of(part, {"KEEPALIVED_VIRTUAL_IPS": blank}) == (
        "KEEPALIVED_VIRTUAL_IPS: is required; name one or more free addresses of the nodes' own subnet, "
        "for example KEEPALIVED_VIRTUAL_IPS=192.168.1.100/24",
    )


def test_all_problems_are_reported_at_once_one_line_each() -> None:
    env = {
        "KEEPALIVED_VIRTUAL_IPS": "",
        "KEEPALIVED_PRIORTY": "100",
        "KEEPALIVED_PRIORITY": "300",
        "KEEPALIVED_ROUTER_ID": "0",
        "KEEPALIVED_CHECK_IP": "192.0.2.1",
    }
    with pytest.raises(SettingsError) as caught:
        AnchorSettings.from_environment({**WELL, **env})
    names = [line.partition(":")[0].partition("=")[0] for line in str(caught.value).splitlines()]
    assert sorted(names) == sorted(env)


def test_settings_that_are_wrong_end_a_part_with_exit_code_2() -> None:
    assert SettingsError.exit_code == 2


def test_an_absurdly_long_value_is_shown_shortened() -> None:
    assert problems_of(AnchorSettings, {"KEEPALIVED_INTERFACE": "e" * 100_000}) == (
        f"KEEPALIVED_INTERFACE='{'e' * 120}'... (100000 characters): must not be longer than 20000 characters",
    )
    assert problems_of(AnchorSettings, {"KEEPALIVED_VIRTUAL_IPS": "1" * 5_000}) == (
        f"KEEPALIVED_VIRTUAL_IPS='{'1' * 120}'... (5000 characters): has an entry of more than 80 characters",
    )


def test_more_virtual_ips_than_an_advert_has_room_for_are_refused() -> None:
    many = " ".join(f"198.18.{number // 250}.{number % 250 + 1}" for number in range(256))
    (line,) = problems_of(AnchorSettings, {"KEEPALIVED_VIRTUAL_IPS": many})
    assert line.endswith(": has 256 entries; at most 255 are possible")


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("KEEPALIVED_VIRTUAL_IP", "KEEPALIVED_VIRTUAL_IPS"),
        ("KEEPALIVED_PRIO", "KEEPALIVED_PRIORITY"),
        ("KEEPALIVED_ADVERT_INT", "KEEPALIVED_ADVERT_INTERVAL"),
        ("KEEPALIVED_INTERFACES", "KEEPALIVED_INTERFACE"),
        ("KEEPALIVED_HISTORY_LIMITS", "KEEPALIVED_HISTORY_LIMIT"),
    ],
)
@pytest.mark.parametrize("part", [AnchorSettings, FloatSettings, BuoySettings])
def test_an_unknown_name_is_refused_by_every_part_with_the_nearest_known_one(
    part: Part, unknown: str, nearest: str
) -> None:
    assert problems_of(part, {unknown: "1"}) == (f"{unknown}='1': there is no such setting; the nearest is {nearest}",)


def test_an_unknown_name_is_refused_even_when_it_is_empty() -> None:
    assert problems_of(AnchorSettings, {"KEEPALIVED_IMGE": ""}) == (
        "KEEPALIVED_IMGE='': there is no such setting; the nearest is KEEPALIVED_IMAGE",
    )


@pytest.mark.parametrize("misspelt", ["KEEPALIVED_PASWORD", "KEEPALIVED_SECRET", "KEEPALIVED_AUTHPASS"])
def test_the_value_of_a_misspelt_secret_is_not_shown(misspelt: str) -> None:
    (line,) = problems_of(AnchorSettings, {misspelt: "hunter2"})
    assert line.startswith(f"{misspelt}=(hidden): there is no such setting")


def test_the_user_and_password_of_a_url_are_not_shown() -> None:
    (line,) = problems_of(AnchorSettings, {"KEEPALIVED_CHECK_URL": "http://me:hunter2@host/"})
    assert line == f"KEEPALIVED_CHECK_URL='http://(hidden)@host/': {URL}"


@pytest.mark.parametrize("part", [AnchorSettings, BuoySettings])
def test_the_token_that_an_anchor_gives_its_float_is_no_setting_of_the_other_parts(part: Part) -> None:
    (line,) = problems_of(part, {"KEEPALIVED_LINK_TOKEN": "abc"})
    assert line.startswith("KEEPALIVED_LINK_TOKEN=(hidden): there is no such setting; the nearest is ")


def test_a_name_and_its_alias_that_say_different_things_are_refused() -> None:
    assert problems_of(AnchorSettings, {"KEEPALIVED_ROUTER_ID": "7", "KEEPALIVED_VRID": "8"}) == (
        "KEEPALIVED_VRID='8': contradicts KEEPALIVED_ROUTER_ID='7'; set only one of them",
    )


def test_a_password_and_another_in_a_file_are_refused() -> None:
    env = {"KEEPALIVED_PASSWORD": "one", "KEEPALIVED_PASSWORD_FILE": "/run/secrets/p"}
    assert problems_of(AnchorSettings, env, {"/run/secrets/p": "two\n"}) == (
        "KEEPALIVED_PASSWORD_FILE='/run/secrets/p': contradicts KEEPALIVED_PASSWORD=(hidden); set only one of them",
    )


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("ninechars\n", f"the file's content {PASSWORD}"),
        ("one\ntwo\n", f"the file's content {ASCII}"),
    ],
)
@pytest.mark.parametrize("variable", ["KEEPALIVED_PASSWORD_FILE", "KEEPALIVED_AUTH_PASS_FILE"])
def test_a_secret_file_that_cannot_serve_is_named_with_the_reason(
    variable: str, content: str | None, rule: str
) -> None:
    files = {} if content is None else {"/run/secrets/p": content}
    assert problems_of(AnchorSettings, {variable: "/run/secrets/p"}, files) == (f"{variable}='/run/secrets/p': {rule}",)


def test_a_relative_path_to_a_secret_is_refused() -> None:
    assert problems_of(AnchorSettings, {"KEEPALIVED_PASSWORD_FILE": "p"}) == (f"KEEPALIVED_PASSWORD_FILE='p': {PATH}",)


def test_a_password_with_vrrp_version_3_is_refused() -> None:
    assert problems_of(AnchorSettings, {"KEEPALIVED_PASSWORD": "p", "KEEPALIVED_VRRP_VERSION": "3"}) == (
        "KEEPALIVED_VRRP_VERSION='3': VRRPv3 has no passwords; unset it, or KEEPALIVED_PASSWORD",
    )


@pytest.mark.parametrize(
    ("env", "cause"),
    [
        ({"KEEPALIVED_PASSWORD": "p"}, "KEEPALIVED_PASSWORD"),
        ({"KEEPALIVED_AUTH_PASS": "p"}, "KEEPALIVED_AUTH_PASS"),
        ({"KEEPALIVED_VRRP_VERSION": "2"}, "KEEPALIVED_VRRP_VERSION='2'"),
    ],
)
def test_vrrp_version_2_refuses_adverts_within_a_second(env: dict[str, str], cause: str) -> None:
    assert problems_of(AnchorSettings, {**env, "KEEPALIVED_ADVERT_INTERVAL": "0.1"}) == (
        f"KEEPALIVED_ADVERT_INTERVAL='0.1': {INTERVAL} (VRRPv2 because of {cause})",
    )


def test_vrrp_version_2_refuses_ipv6_alone() -> None:
    assert problems_of(AnchorSettings, {"KEEPALIVED_VIRTUAL_IPS": "fd00::1", "KEEPALIVED_VRRP_VERSION": "2"}) == (
        "KEEPALIVED_VIRTUAL_IPS='fd00::1': VRRPv2 needs an IPv4 address here "
        "(VRRPv2 because of KEEPALIVED_VRRP_VERSION='2')",
    )


def test_state_master_with_preemption_turned_off_is_refused() -> None:
    assert problems_of(AnchorSettings, {"KEEPALIVED_STATE": "MASTER", "KEEPALIVED_PREEMPT": "false"}) == (
        "KEEPALIVED_PREEMPT='false': contradicts KEEPALIVED_STATE='MASTER', which turns preemption on; unset one",
    )


def test_a_wrong_setting_causes_no_second_line_about_what_depends_on_it() -> None:
    env = {"KEEPALIVED_CHECK_IP": "192.0.2.1", "KEEPALIVED_CHECK_PORT": "http"}
    assert problems_of(AnchorSettings, env) == (f"KEEPALIVED_CHECK_PORT='http': {PORT}",)
    env = {"KEEPALIVED_ADVERT_INTERVAL": "60", "KEEPALIVED_PASSWORD": "ninechars"}
    assert problems_of(AnchorSettings, env) == (f"KEEPALIVED_PASSWORD=(hidden): {PASSWORD}",)


@pytest.mark.parametrize("value", ["0", "255"])
def test_a_float_alone_takes_every_priority_but_the_address_owners(value: str) -> None:
    assert problems_of(FloatSettings, {"KEEPALIVED_PRIORITY": value}) == (
        f"KEEPALIVED_PRIORITY='{value}': must be a whole number from 1 to 254",
    )
