"""Right settings become the values that they say, and everything else keeps its documented default."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.environment import Reading
from shared.models import Transport, VirtualIp
from shared.net_values import Peers
from shared.settings import AnchorSettings, BuoySettings, FloatSettings, LogFormat, LogLevel, Quorum, public_names
from shared.values import ScriptFile
from tests.docs.attribute_docstrings import attribute_docstrings

WELL = {"KEEPALIVED_VIRTUAL_IPS": "192.0.2.100", "DOCKER_NODE_HOSTNAME": "a"}


def anchor(**env: str) -> AnchorSettings:
    return AnchorSettings.from_environment({**WELL, **env})


def texts(virtual_ips: tuple[VirtualIp, ...]) -> list[str]:
    return [str(item) for item in virtual_ips]


DEFAULTS: dict[str, Any] = {
    "image": None,
    "float_name": "keepalived-float",
    "registry_auth_file": None,
    "virtual_ips_excluded": (),
    "interface": None,
    "router_id": 77,
    "router_name": None,
    "priority": 254,
    "vrrp_version": 3,
    "preempt": False,
    "advert_interval": 0.1,
    "unicast_peers": Peers.AUTO,
    "multicast_group": "224.0.0.18",
    "password": None,
    "check_port": None,
    "check_ip": None,
    "check_url": None,
    "check_script": None,
    "check_interval": 1.0,
    "check_timeout": 1.0,
    "check_rise": 2,
    "check_fall": 2,
    "notify": None,
    "conf_template": None,
    "command_line_arguments": (),
    "link_timeout": 3.0,
    "update_grace": 120.0,
    "orphan_after": 300.0,
    "spread": False,
    "service_vips": (),
    "quorum": Quorum.PREFER,
    "track_services": (),
    "log_level": LogLevel.INFO,
    "log_format": LogFormat.TEXT,
    "docker_host": "unix:///var/run/docker.sock",
    "task_id": None,
    "node_id": None,
    "service_name": None,
    "warnings": (),
}


def test_the_virtual_ips_alone_are_enough() -> None:
    settings = anchor()
    assert texts(settings.virtual_ips) == ["192.0.2.100/32"]
    assert {field: getattr(settings, field) for field in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("blank", ["", " ", "\t", "\n"])
def test_a_blank_value_counts_as_unset(blank: str) -> None:
    settings = anchor(**dict.fromkeys(public_names() - WELL.keys(), blank))
    assert {field: getattr(settings, field) for field in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        (
            "KEEPALIVED_IMAGE",
            "registry.example:5000/team/x-float:1.0",
            "image",
            "registry.example:5000/team/x-float:1.0",
        ),
        ("KEEPALIVED_IMAGE", "localhost/float@sha256:" + "0" * 64, "image", "localhost/float@sha256:" + "0" * 64),
        ("KEEPALIVED_FLOAT_NAME", "second-float", "float_name", "second-float"),
        ("KEEPALIVED_REGISTRY_AUTH_FILE", "/run/secrets/auth", "registry_auth_file", Path("/run/secrets/auth")),
        ("KEEPALIVED_INTERFACE", "bond0.100", "interface", "bond0.100"),
        ("KEEPALIVED_INTERFACE", " eth0\n", "interface", "eth0"),
        ("KEEPALIVED_ROUTER_ID", "255", "router_id", 255),
        ("KEEPALIVED_VRID", "51", "router_id", 51),
        ("KEEPALIVED_ROUTER_NAME", "node_1.example", "router_name", "node_1.example"),
        ("KEEPALIVED_PRIORITY", "50", "priority", 50),
        ("KEEPALIVED_VRRP_VERSION", "2", "vrrp_version", 2),
        ("KEEPALIVED_PREEMPT", "TRUE", "preempt", True),
        ("KEEPALIVED_PREEMPT", "0", "preempt", False),
        ("KEEPALIVED_STATE", "BACKUP", "preempt", False),
        ("KEEPALIVED_STATE", "MASTER", "preempt", True),
        ("KEEPALIVED_ADVERT_INTERVAL", "0.01", "advert_interval", 0.01),
        ("KEEPALIVED_ADVERT_INTERVAL", "40.95", "advert_interval", 40.95),
        ("KEEPALIVED_ADVERT_INTERVAL", "1", "advert_interval", 1.0),
        ("KEEPALIVED_MULTICAST_GROUP", "224.0.0.77", "multicast_group", "224.0.0.77"),
        ("KEEPALIVED_CHECK_PORT", "443", "check_port", 443),
        ("KEEPALIVED_CHECK_IP", "any", "check_ip", None),
        ("KEEPALIVED_CHECK_URL", "https://[::1]:8443/a?b=c%20d", "check_url", "https://[::1]:8443/a?b=c%20d"),
        ("KEEPALIVED_CHECK_SCRIPT", "/ka-data/check.sh", "check_script", ScriptFile(Path("/ka-data/check.sh"))),
        ("KEEPALIVED_CHECK_INTERVAL", "0.5", "check_interval", 0.5),
        ("KEEPALIVED_CHECK_TIMEOUT", "10", "check_timeout", 10.0),
        ("KEEPALIVED_CHECK_RISE", "1", "check_rise", 1),
        ("KEEPALIVED_CHECK_FALL", "3", "check_fall", 3),
        ("KEEPALIVED_NOTIFY", "/notify.sh", "notify", ScriptFile(Path("/notify.sh"))),
        ("KEEPALIVED_NOTIFY", "nobody:/n.sh", "notify", ScriptFile(Path("/n.sh"), "nobody")),
        ("KEEPALIVED_CHECK_SCRIPT", "1000:1000:/c.sh", "check_script", ScriptFile(Path("/c.sh"), "1000:1000")),
        ("KEEPALIVED_CONF_TEMPLATE", "/keepalived.conf.j2", "conf_template", Path("/keepalived.conf.j2")),
        (
            "KEEPALIVED_COMMAND_LINE_ARGUMENTS",
            "--log-detail  --dump-conf",
            "command_line_arguments",
            ("--log-detail", "--dump-conf"),
        ),
        ("KEEPALIVED_LINK_TIMEOUT", "0.5", "link_timeout", 0.5),
        ("KEEPALIVED_UPDATE_GRACE", "0", "update_grace", 0.0),
        ("KEEPALIVED_ORPHAN_AFTER", "86400", "orphan_after", 86400.0),
        ("KEEPALIVED_SPREAD", "yes", "spread", True),
        ("KEEPALIVED_SERVICE_VIPS", "192.0.2.0/24", "service_vips", (IPv4Network("192.0.2.0/24"),)),
        ("KEEPALIVED_QUORUM", "require", "quorum", Quorum.REQUIRE),
        ("KEEPALIVED_TRACK_SERVICES", "web, traefik_proxy", "track_services", ("web", "traefik_proxy")),
        ("KEEPALIVED_LOG_LEVEL", "DEBUG", "log_level", LogLevel.DEBUG),
        ("KEEPALIVED_LOG_FORMAT", "json", "log_format", LogFormat.JSON),
        ("DOCKER_HOST", "tcp://proxy:2375", "docker_host", "tcp://proxy:2375"),
        ("DOCKER_HOST", "unix:///run/docker.sock", "docker_host", "unix:///run/docker.sock"),
        ("DOCKER_TASK_ID", "k2j4h5", "task_id", "k2j4h5"),
        ("DOCKER_NODE_ID", "x9", "node_id", "x9"),
        ("DOCKER_SERVICE_NAME", "keepalived_keepalived-anchor", "service_name", "keepalived_keepalived-anchor"),
    ],
)
def test_a_right_setting_becomes_its_value(variable: str, text: str, field: str, value: object) -> None:
    assert getattr(anchor(**{variable: text}), field) == value


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("192.0.2.1", ["192.0.2.1/32"]),
        ("192.0.2.1/24@eth0,192.0.2.2", ["192.0.2.1/24@eth0", "192.0.2.2/32"]),
        ("192.0.2.1 192.0.2.2", ["192.0.2.1/32", "192.0.2.2/32"]),
        (" 192.0.2.1 , 192.0.2.2 ", ["192.0.2.1/32", "192.0.2.2/32"]),
        ("192.0.2.1/24/eth0", ["192.0.2.1/24@eth0"]),
        ("#PYTHON2BASH:['192.0.2.1', '192.0.2.2']", ["192.0.2.1/32", "192.0.2.2/32"]),
        ('#PYTHON2BASH:["192.0.2.1/24"]', ["192.0.2.1/24"]),
        ("192.0.2.1,FD00:0:0::A/64", ["192.0.2.1/32", "fd00::a/64"]),
    ],
)
def test_virtual_ips_are_read_in_every_spelling_of_the_ancestors(text: str, addresses: list[str]) -> None:
    assert texts(anchor(KEEPALIVED_VIRTUAL_IPS=text).virtual_ips) == addresses


def test_unicast_peers_are_the_swarms_managers_unless_said_otherwise() -> None:
    settings = anchor()
    assert settings.transport is Transport.UNICAST
    assert settings.peer_addresses is None


def test_unicast_peers_can_be_listed() -> None:
    settings = anchor(KEEPALIVED_UNICAST_PEERS="#PYTHON2BASH:['192.0.2.1', '192.0.2.2']")
    assert settings.transport is Transport.UNICAST
    assert settings.peer_addresses == (ip_address("192.0.2.1"), ip_address("192.0.2.2"))


def test_multicast_replaces_the_peers() -> None:
    settings = anchor(KEEPALIVED_UNICAST_PEERS="Multicast", KEEPALIVED_MULTICAST_GROUP="224.0.0.77")
    assert settings.transport is Transport.MULTICAST
    assert settings.peer_addresses is None
    assert settings.warnings == ()


def test_a_checked_address_may_be_the_loopback() -> None:
    settings = anchor(KEEPALIVED_CHECK_IP="127.0.0.1", KEEPALIVED_CHECK_PORT="80")
    assert settings.check_ip == ip_address("127.0.0.1")


@pytest.mark.parametrize("variable", ["KEEPALIVED_PASSWORD", "KEEPALIVED_AUTH_PASS"])
def test_a_password_means_vrrp_version_2_and_whole_second_adverts_said_in_one_warning(variable: str) -> None:
    settings = anchor(**{variable: "d0cker"})
    assert (settings.password, settings.vrrp_version, settings.advert_interval) == ("d0cker", 2, 1.0)
    (warning,) = settings.warnings
    assert "VRRPv2" in warning
    assert "d0cker" not in warning


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("variable", ["KEEPALIVED_PASSWORD_FILE", "KEEPALIVED_AUTH_PASS_FILE"])
def test_a_password_can_be_read_from_a_file(variable: str, end: str) -> None:
    opened: list[Path] = []

    def read_file(path: Path) -> str:
        opened.append(path)
        return "d0cker" + end

    settings = AnchorSettings.from_environment({**WELL, variable: "/run/secrets/pass"}, read_file=read_file)
    assert settings.password == "d0cker"
    assert opened == [Path("/run/secrets/pass")]


def test_a_real_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("d0cker\n")
    assert anchor(KEEPALIVED_PASSWORD_FILE=str(tmp_path / "pass")).password == "d0cker"


def test_no_secret_shows_in_the_settings_own_text() -> None:
    float_settings = FloatSettings.from_environment({**WELL, "KEEPALIVED_LINK_TOKEN": "t0ken"})
    assert "d0cker" not in repr(anchor(KEEPALIVED_PASSWORD="d0cker"))
    assert "t0ken" not in repr(float_settings)


def test_vrrp_version_2_without_a_password_sends_whole_second_adverts() -> None:
    settings = anchor(KEEPALIVED_VRRP_VERSION="2")
    assert (settings.advert_interval, settings.warnings) == (1.0, ())
    assert anchor(KEEPALIVED_VRRP_VERSION="2", KEEPALIVED_ADVERT_INTERVAL="60").advert_interval == 60.0


@pytest.mark.parametrize("address", ["192.0.2.0/24", "192.0.2.255/24", "fd00::/64"])
def test_a_virtual_ip_at_the_edge_of_its_subnet_is_a_warning_and_no_error(address: str) -> None:
    (warning,) = anchor(KEEPALIVED_VIRTUAL_IPS=address).warnings
    assert warning.startswith(f"virtual IP {address} is the ")


@pytest.mark.parametrize("address", ["192.0.2.0", "192.0.2.0/31", "192.0.2.1/31", "fd00::/128", "fd00::ffff/112"])
def test_a_subnet_without_edges_causes_no_warning(address: str) -> None:
    assert anchor(KEEPALIVED_VIRTUAL_IPS=address).warnings == ()


def test_a_multicast_group_without_multicast_is_a_warning() -> None:
    (warning,) = anchor(KEEPALIVED_MULTICAST_GROUP="224.0.0.77").warnings
    assert "has no effect" in warning


def test_a_name_and_its_alias_may_say_the_same() -> None:
    assert anchor(KEEPALIVED_ROUTER_ID="7", KEEPALIVED_VRID=" 7").router_id == 7


def test_other_programs_variables_are_left_alone() -> None:
    settings = anchor(PATH="/bin", PRIORITY="x", STATE="?", keepalived_priority="x", KEEPALIVED="x")
    assert settings == anchor()


@pytest.mark.parametrize("part", [AnchorSettings, FloatSettings, BuoySettings])
def test_every_part_accepts_the_names_of_all_settings(
    part: type[AnchorSettings] | type[FloatSettings] | type[BuoySettings],
) -> None:
    part.from_environment({**dict.fromkeys(public_names(), ""), **WELL})


def test_a_part_leaves_the_values_of_the_others_settings_to_them() -> None:
    assert anchor(KEEPALIVED_BUOY_PORT="none") == anchor()
    BuoySettings.from_environment({"DOCKER_NODE_HOSTNAME": "a", "KEEPALIVED_PRIORITY": "none"})


def test_the_nodes_name_is_the_hosts_own_where_nobody_says_it() -> None:
    settings = BuoySettings.from_environment({})
    assert (settings.node_hostname, settings.hostname) == (socket.gethostname(), socket.gethostname())


def test_a_hosts_own_name_that_cannot_serve_is_refused_with_the_remedy() -> None:
    assert BuoySettings(node_hostname="a}b").clashes(Reading()) == [
        "DOCKER_NODE_HOSTNAME='a}b': must be a host name: 1 to 64 letters, digits, '.', '-', '_', with a letter or "
        "digit at both ends; this is the host's own name, so set the variable to another"
    ]


def test_a_float_under_an_anchor_needs_only_its_token() -> None:
    settings = FloatSettings.from_environment({"DOCKER_NODE_HOSTNAME": "a", "KEEPALIVED_LINK_TOKEN": "-a_b"})
    assert settings.under_anchor
    assert settings.link_token == "-a_b"
    assert (settings.link_folder, settings.status_folder) == (
        Path("/run/keepalived-link"),
        Path("/run/keepalived-status"),
    )


@pytest.mark.parametrize("priority", ["1", "254"])
def test_a_float_alone_has_exactly_the_priority_that_it_is_given(priority: str) -> None:
    settings = FloatSettings.from_environment({**WELL, "KEEPALIVED_PRIORITY": priority})
    assert not settings.under_anchor
    assert settings.priority == int(priority)


def test_the_buoy_needs_no_setting() -> None:
    settings = BuoySettings.from_environment({"DOCKER_NODE_HOSTNAME": "a"})
    assert (settings.port, settings.allow, settings.history_limit, settings.cluster_interval) == (3000, (), 1000, 1.0)


def test_the_buoy_may_be_asked_only_from_listed_subnets() -> None:
    settings = BuoySettings.from_environment(
        {
            "DOCKER_NODE_HOSTNAME": "a",
            "KEEPALIVED_BUOY_ALLOW": "10.0.0.0/8 192.0.2.7,fd00::/64",
            "KEEPALIVED_BUOY_PORT": "80",
        }
    )
    assert [str(network) for network in settings.allow] == ["10.0.0.0/8", "192.0.2.7/32", "fd00::/64"]
    assert settings.port == 80


@pytest.mark.parametrize("part", [AnchorSettings, FloatSettings, BuoySettings])
def test_every_setting_is_explained(part: type[AnchorSettings] | type[FloatSettings] | type[BuoySettings]) -> None:
    unexplained = set(part.variables()) - set(attribute_docstrings(part))
    assert unexplained == set()


@pytest.mark.parametrize("part", [AnchorSettings, FloatSettings, BuoySettings])
def test_no_two_settings_of_a_part_share_a_name(
    part: type[AnchorSettings] | type[FloatSettings] | type[BuoySettings],
) -> None:
    names = [name for variable in part.variables().values() for name in variable.names]
    assert sorted(names) == sorted(set(names))


def test_every_secret_has_a_file_variant() -> None:
    assert {"KEEPALIVED_PASSWORD_FILE", "KEEPALIVED_AUTH_PASS_FILE"} <= public_names()


def test_settings_cannot_be_changed_after_reading() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(anchor(), "priority", 1)  # noqa: B010  # mypy refuses the plain assignment


def test_a_url_that_asks_a_virtual_ip_is_warned_of() -> None:
    (warning,) = anchor(KEEPALIVED_CHECK_URL="http://192.0.2.100:80/").warnings
    assert warning.startswith("KEEPALIVED_CHECK_URL=http://192.0.2.100:80/ asks a virtual IP")
