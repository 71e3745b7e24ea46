"""The float's image without anchor and Swarm, by the commands of the documents of the images that it replaces."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lab.cluster import Lab
from tests.lab.shell import run, wait_until
from tests.swarm.alone import Town

pytestmark = pytest.mark.swarm

COOKBOOK = (
    "docker run -d --name keepalived --restart=always --cap-add=NET_ADMIN --net=host "
    "-e KEEPALIVED_UNICAST_PEERS=\"#PYTHON2BASH:['192.168.4.1', '192.168.4.2']\" "
    "-e KEEPALIVED_VIRTUAL_IPS=192.168.4.3 -e KEEPALIVED_PRIORITY={priority} IMAGE"
)
RANCHER = (
    "docker run -d --privileged --net host --name keepalived -e VIRTUAL_IP=10.11.12.99 -e CHECK_PORT=443 "
    "-e VIRTUAL_MASK=24 -e VRID=99 -e INTERFACE=eht0 IMAGE"
)
SOLNET = (
    "docker run -d --restart=on-failure --log-driver=syslog --net=host --privileged=true IMAGE "
    "--master eth0 100 203.0.113.0/24/eth0"
)
KILL_AGAIN_AND_AGAIN = "while :; do kill -9 $(cat /run/keepalived/keepalived.pid) 2>/dev/null; sleep 0.1; done"


@pytest.fixture
def town(bare_swarm: Lab) -> Iterator[Town]:
    """The hosts, and a broom."""
    town = Town(bare_swarm)
    yield town
    town.clear()


def test_the_cookbooks_two_nodes_elect_by_priority_over_unicast_and_fail_over(town: Town) -> None:
    lab, vip = town.lab, "192.168.4.3"
    for host, own, priority in (("h1", "192.168.4.1", 200), ("h2", "192.168.4.2", 100)):
        town.add_address(host, f"{own}/24")
        town.docker_run(host, COOKBOOK.format(priority=priority))

    assert lab.wait_holder(vip) == "h1"
    pcap = lab.plan.state / "cookbook.pcap"
    with lab.watch_addresses() as watch:
        with lab.capture("ip proto 112 and src 192.168.4.1", pcap):
            assert re.search(r"VI_1 +51 +MASTER", town.exec("h1", "keepalived", "status").stdout)
            wait_until(lambda: pcap.read_bytes()[24:] != b"", 5, "an advert")
        lab.host("h1").docker("stop", "keepalived")
        wait_until(lambda: lab.holders(vip) == ["h2"], 3, "the secondary to take over")
        lab.host("h1").docker("start", "keepalived")
        wait_until(lambda: town.status("h1", "keepalived").get("master_priority") == 100, 10, "the primary to listen")
        lab.host("h2").docker("kill", "keepalived")
        wait_until(lambda: lab.holders(vip) == ["h1"], 9, "the primary to take over, and the lease of the other to end")

    shown = run(["tcpdump", "-nn", "-r", pcap]).stdout
    assert " 192.168.4.1 > 192.168.4.2: " in shown
    assert "224.0.0.18" not in shown
    assert watch.overlaps(vip)[:-1] == []  # the last one is the lease of a container that was killed


def test_the_rancher_images_line_works_on_the_nic_that_it_misspells(town: Town) -> None:
    town.add_nic("h1", "eht0")
    town.add_address("h1", "10.11.12.1/24", "eht0")
    town.listen("h1", 443)

    town.docker_run("h1", RANCHER)

    assert town.lab.wait_holder("10.11.12.99") == "h1"
    shown = town.exec("h1", "keepalived", "status").stdout
    assert re.search(r"VI_1 +99 +MASTER", shown)
    assert re.search(r"10\.11\.12\.99/24 +VI_1 +eht0 +yes", shown)


def test_the_solnet_images_line_logs_to_syslog_and_ends_for_docker_to_start_it_anew(town: Town) -> None:
    heard = town.syslog("h1")

    container = town.docker_run("h1", SOLNET)

    assert town.lab.wait_holder("203.0.113.0") == "h1"
    assert "203.0.113.0/24 is the address of its network itself" in heard.read_text()
    town.exec("h1", container, "sh", "-c", KILL_AGAIN_AND_AGAIN)  # until the container ends
    inspect = ["inspect", "--format", "{{.RestartCount}} {{.State.Running}}", container]
    wait_until(lambda: town.lab.host("h1").docker(*inspect).stdout.strip() == "1 true", 10, "the restart")
    assert "keepalived ended 5 times in a row" in heard.read_text()


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        ("-e KEEPALIVED_VIRTUAL_IPS=192.0.2.1 IMAGE", 5, "start the container with --cap-add=NET_ADMIN"),
        (
            "--cap-drop=ALL --cap-add=NET_ADMIN -e KEEPALIVED_VIRTUAL_IPS=192.0.2.1 IMAGE",
            5,
            "start the container with --cap-add=NET_RAW",
        ),
        (
            "--cap-add=NET_ADMIN -e VIRTUAL_IP=192.0.2.1 -e INTERFACE=eht0 IMAGE",
            5,
            "INTERFACE='eht0': is not an interface of this host; it has eth0",
        ),
        (
            "--privileged -e KEEPALIVED_VIRTUAL_IPS=192.0.2.1 -e KEEPALIVED_PASSWORD=ninechars IMAGE",
            2,
            "KEEPALIVED_PASSWORD=(hidden): must be 1 to 8 printable ASCII characters",
        ),
        ("--privileged IMAGE --auth-pass ninechars eth0 9 192.0.2.1", 2, "--auth-pass=(hidden): must be 1 to 8 "),
        ("--privileged IMAGE eth0 9", 2, "the following arguments are required: include"),
        ("--privileged IMAGE", 2, "KEEPALIVED_VIRTUAL_IPS: is required"),
        ("IMAGE --help", 0, "ADDR/PREFIX/DEV"),
    ],
)
def test_what_cannot_work_ends_with_a_sentence_that_names_the_remedy(
    town: Town, flags: str, code: int, said: str
) -> None:
    ended = town.ended("h3", f"docker run --rm --net=host {flags}")

    assert (ended.code, said in ended.said) == (code, True), ended.said
    assert "ninechars" not in ended.said


def test_a_gateways_address_is_refused_and_nothing_is_touched(town: Town) -> None:
    gateway = town.lab.plan.gateway
    ended = town.ended(
        "h3", f"docker run --rm --net=host --cap-add=NET_ADMIN -e KEEPALIVED_VIRTUAL_IPS={gateway} IMAGE"
    )

    assert ended.code == 5, ended.said
    assert f"virtual IP {gateway}/32 is this node's default gateway" in ended.said
    assert town.lab.holders(str(gateway)) == []


def test_a_password_in_a_file_works_alone_and_shows_nowhere(town: Town) -> None:
    secret = town.lab.host("h1").state / "password"
    secret.write_text("s3cr3t\n")
    vip = town.address(160)
    container = town.docker_run(
        "h1",
        "docker run -d --net=host --cap-add=NET_ADMIN -v /run/lab/password:/run/secrets/vrrp:ro "
        f"-e KEEPALIVED_PASSWORD_FILE=/run/secrets/vrrp -e KEEPALIVED_VRID=60 -e KEEPALIVED_VIRTUAL_IPS={vip} IMAGE",
    )

    assert town.lab.wait_holder(vip) == "h1"
    conf = town.exec("h1", container, "cat", "/run/keepalived/keepalived.conf").stdout
    host = town.lab.host("h1")
    told = [
        town.exec("h1", container, "status", "--json").stdout,
        host.docker("logs", container).stderr,
        host.docker("inspect", container).stdout,
    ]
    assert "auth_pass s3cr3t" in conf
    assert [text for text in told if "s3cr3t" in text] == []


def test_ipv6_works_alone_and_beside_ipv4(town: Town) -> None:
    lab, flags = town.lab, "docker run -d --net=host --cap-add=NET_ADMIN"
    only, four, six = f"{lab.vip6.rpartition(':')[0]}:161", town.address(162), f"{lab.vip6.rpartition(':')[0]}:162"

    town.docker_run("h1", f"{flags} -e KEEPALIVED_VRID=61 -e KEEPALIVED_VIRTUAL_IPS={only} IMAGE")
    town.docker_run("h2", f"{flags} IMAGE --vrid 62 eth0 100 {four}/24/eth0 {six}/128/eth0")

    assert lab.wait_holder(only) == "h1"
    assert [lab.wait_holder(four), lab.wait_holder(six)] == ["h2", "h2"]


def test_a_handover_of_a_float_alone_lets_the_other_one_serve(town: Town) -> None:
    lab, vip = town.lab, town.address(163)
    line = f"docker run -d --net=host --cap-add=NET_ADMIN IMAGE --vrid 63 eth0 100 {vip}/24/eth0"
    first = town.docker_run("h1", line)
    lab.wait_holder(vip)
    second = town.docker_run("h2", line)
    wait_until(lambda: town.status("h2", second).get("master_priority") == 100, 10, "the second to listen")

    with lab.watch_addresses() as watch:
        assert town.exec("h1", first, "handover").returncode == 0
        wait_until(lambda: lab.holders(vip) == ["h2"], 3, "the second to serve")

    assert watch.overlaps(vip) == []
