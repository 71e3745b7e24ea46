"""The doctor on a host with a real segment: a foreign keepalived, a firewall, a taken address, a missing capability."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from float.doctor.command import Patient, doctor
from shared.models import Transport, VrrpState
from shared.status import FloatStatus, LinkStatus, PeerStatus, RouterStatus, VipStatus
from tests.contract.float_world import eventually, other_host, own_network, run

pytestmark = pytest.mark.lab

NETWORKD = Path("/lib/systemd/systemd-networkd")
Report = dict[str, Any]
SETTINGS = {
    "KEEPALIVED_VIRTUAL_IPS": "192.0.2.100,2001:db8::100",
    "KEEPALIVED_ROUTER_ID": "77",
    "KEEPALIVED_VRRP_VERSION": "3",
    "DOCKER_NODE_HOSTNAME": "float",
}
MULTICAST = {**SETTINGS, "KEEPALIVED_UNICAST_PEERS": "multicast"}
WITH_PEER = {**SETTINGS, "KEEPALIVED_UNICAST_PEERS": "192.0.2.1"}
FOREIGN = """
global_defs {
    router_id foreign
    vrrp_version 3
}
vrrp_instance FOREIGN {
    state BACKUP
    interface far0
    virtual_router_id 77
    priority 50
    advert_int 0.1
    %(peers)s
    virtual_ipaddress {
        %(vip)s/32 dev far0
    }
}
"""


@pytest.fixture
def other() -> Iterator[Callable[..., str]]:
    """A host of the test's own, and what runs a program on another (192.0.2.1) at the far end of its eth0."""
    with own_network("doctor"), other_host() as there:
        there("ip", "address", "add", "192.0.2.1/24", "dev", "far0")
        there("ip", "address", "add", "2001:db8::1/64", "dev", "far0", "nodad")
        yield there


@pytest.fixture
def examine(other: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Any]:
    """What the doctor reports as data."""

    async def _examine(
        env: dict[str, str], *, words: tuple[str, ...] = (), status: FloatStatus | None = None
    ) -> Report:
        code = await doctor(Patient(env, words, status), folder=tmp_path, as_json=True)
        report: Report = json.loads(capsys.readouterr().out)
        assert report["exit_code"] == code
        return report

    return _examine


def of(report: Report, check: str) -> list[tuple[str, str]]:
    """Verdict and text of that check's findings."""
    return [(f["verdict"], f["text"]) for f in report["findings"] if f["check"] == check]


@contextlib.contextmanager
def foreign_router(folder: Path, *, vip: str, peers: str = "") -> Iterator[None]:
    """A real keepalived on the other host, MASTER of VRID 77 by the time this begins."""
    config = folder / "foreign.conf"
    config.write_text(FOREIGN % {"vip": vip, "peers": peers})
    namespace = next(n for n in run("ip", "netns", "list").split() if n.startswith("kftest-other-"))
    enter = ["ip", "netns", "exec", namespace]
    options = ["--dont-fork", "--log-console", "--no-syslog", "--vrrp", "--use-file", str(config)]
    pids = ["--pid", str(folder / "k.pid"), "--vrrp_pid", str(folder / "v.pid")]
    log = (folder / "foreign.log").open("w")
    with log, subprocess.Popen([*enter, "keepalived", *options, *pids], stderr=log, stdout=log) as process:
        try:
            assert eventually(lambda: f"{vip}/32" in run(*enter, "ip", "address", "show", "dev", "far0"), within=10)
            yield
        finally:
            process.terminate()


async def test_a_host_with_nothing_wrong_is_fine_but_for_this_machines_keepalived(
    examine: Callable[..., Any],
) -> None:
    report = await examine(WITH_PEER)
    wrong = [f for f in report["findings"] if f["verdict"] in ("warning", "failure", "unknown")]
    assert [f["check"] for f in wrong] in ([], ["keepalived"])  # Debian 12's is older than the image's
    assert of(report, "firewall") == [("ok", "protocol 112 reaches 192.0.2.1, where nothing speaks VRRP yet")]


async def test_a_taken_address_of_either_family_is_named_with_its_mac(
    examine: Callable[..., Any], other: Callable[..., str]
) -> None:
    other("ip", "address", "add", "192.0.2.100/32", "dev", "far0")
    other("ip", "address", "add", "2001:db8::100/128", "dev", "far0", "nodad")
    mac = json.loads(other("ip", "-json", "link", "show", "far0"))[0]["address"]
    report = await examine(SETTINGS)
    assert report["exit_code"] == 2
    assert of(report, "virtual-ip") == [
        ("failure", f"192.0.2.100 is taken: {mac} answers for it on eth0"),
        ("failure", f"2001:db8::100 is taken: {mac} answers for it on eth0"),
    ]


async def test_a_foreign_router_with_our_vrid_is_named(examine: Callable[..., Any], tmp_path: Path) -> None:
    with foreign_router(tmp_path, vip="192.0.2.50"):
        report = await examine(MULTICAST)
    ((verdict, text),) = of(report, "vrid")
    assert (verdict, text.startswith("192.0.2.1 (")) == ("failure", True)
    assert "advertises VRID 77 for 192.0.2.50: VRRPv3, priority 50" in text


async def test_a_router_of_our_own_group_is_neither_stranger_nor_thief(
    examine: Callable[..., Any], tmp_path: Path
) -> None:
    with foreign_router(tmp_path, vip="192.0.2.100", peers="unicast_peer {\n 192.0.2.3\n }"):
        report = await examine(WITH_PEER)
    assert of(report, "vrid") == [("ok", "VRID 77 is advertised by 192.0.2.1, of this group, and by nobody else")]
    assert of(report, "firewall") == [("ok", "adverts of 192.0.2.1 arrive here")]
    assert "192.0.2.100 is held by a node of this group, 192.0.2.1" in of(report, "virtual-ip")[0][1]


async def test_a_router_takes_no_notice_of_our_question(
    examine: Callable[..., Any], tmp_path: Path, other: Callable[..., str]
) -> None:
    with foreign_router(tmp_path, vip="192.0.2.100", peers="unicast_peer {\n 192.0.2.9\n }"):
        before = (tmp_path / "foreign.log").read_text()
        report = await examine(WITH_PEER)
        assert "192.0.2.100/32" in other("ip", "address", "show", "dev", "far0")
        assert (tmp_path / "foreign.log").read_text() == before
    assert [verdict for verdict, _ in of(report, "firewall")] == ["note"]


async def test_adverts_that_the_own_firewall_drops_are_heard_below_it(
    examine: Callable[..., Any], tmp_path: Path
) -> None:
    run("iptables", "-I", "INPUT", "-p", "vrrp", "-j", "DROP")
    with foreign_router(tmp_path, vip="192.0.2.100", peers="unicast_peer {\n 192.0.2.3\n }"):
        report = await examine(WITH_PEER)
    ((verdict, text),) = of(report, "firewall")
    assert verdict == "failure"
    assert "adverts of 192.0.2.1 reached eth0, and the kernel gave none of them on" in text


async def test_a_firewall_that_forbids_sending_is_named(examine: Callable[..., Any]) -> None:
    run("iptables", "-I", "OUTPUT", "-p", "vrrp", "-j", "DROP")
    assert of(await examine(WITH_PEER), "firewall") == [("failure", "nothing of protocol 112 may be sent to 192.0.2.1")]


async def test_a_peer_that_rejects_is_named(examine: Callable[..., Any], other: Callable[..., str]) -> None:
    other("iptables", "-I", "INPUT", "-p", "vrrp", "-j", "REJECT")
    assert of(await examine(WITH_PEER), "firewall") == [("failure", "192.0.2.1 rejects protocol 112")]


async def test_ipv6_peers_are_asked_as_well(examine: Callable[..., Any], other: Callable[..., str]) -> None:
    env = {**SETTINGS, "KEEPALIVED_VIRTUAL_IPS": "2001:db8::100", "KEEPALIVED_UNICAST_PEERS": "2001:db8::1"}
    run("ip", "address", "del", "192.0.2.3/24", "dev", "eth0")
    assert of(await examine(env), "firewall") == [
        ("ok", "protocol 112 reaches 2001:db8::1, where nothing speaks VRRP yet"),
    ]
    other("ip6tables", "-I", "INPUT", "-p", "vrrp", "-j", "REJECT")
    assert of(await examine(env), "firewall") == [("failure", "2001:db8::1 rejects protocol 112")]


async def test_a_peer_that_is_not_there_is_unreachable(examine: Callable[..., Any]) -> None:
    report = await examine({**SETTINGS, "KEEPALIVED_UNICAST_PEERS": "192.0.2.9"})
    assert of(report, "firewall") == [("warning", "192.0.2.9 cannot be reached")]


async def test_a_service_on_the_virtual_ip_and_another_vrrp_program_are_seen(
    examine: Callable[..., Any],
) -> None:
    run("sysctl", "-q", "-w", "net.ipv4.ip_nonlocal_bind=1")
    script = (
        "import socket, sys, time\n"
        "listener = socket.create_server(('192.0.2.100', 80))\n"
        "raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    # Of another PID namespace, as a container's processes are.
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "ready\n"
        run("sysctl", "-q", "-w", "net.ipv4.ip_nonlocal_bind=0")
        report = await examine(SETTINGS)
    assert of(report, "nonlocal-bind") == [
        ("warning", "a service binds 192.0.2.100 itself, and ip_nonlocal_bind is 0"),
    ]


@pytest.mark.skipif(
    not NETWORKD.exists(),
    reason="no systemd-networkd here: it comes with the host's own init system, which no test installs",
)
async def test_a_real_systemd_networkd_is_seen_from_another_mount_namespace(examine: Callable[..., Any]) -> None:
    program = f"mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/netif && exec {NETWORKD}"
    with subprocess.Popen(["unshare", "--mount", "sh", "-c", program], stderr=subprocess.DEVNULL) as networkd:
        try:
            assert eventually(lambda: "800" in run("sh", "-c", f"grep ' {networkd.pid} ' /proc/net/netlink || true"))
            report = await examine(SETTINGS)
        finally:
            networkd.terminate()
    assert of(report, "network-manager") == [("warning", "systemd-networkd runs on this host")]


@pytest.mark.parametrize(("port", "found"), [(68, "warning"), (6868, "ok")])
async def test_a_dhcp_client_is_seen_by_its_port(examine: Callable[..., Any], port: int, found: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("", port))
        report = await examine(SETTINGS)
    assert [verdict for verdict, _ in of(report, "network-manager")] == [found]


def test_a_container_whose_root_is_not_the_hosts_is_told_so() -> None:
    look = "from float.doctor.host_evidence import gather; print(gather('', ()).remapped)"
    words = [sys.executable, "-c", look]
    assert run(*words) == "False\n"
    assert run("unshare", "--user", "--map-root-user", *words) == "True\n"


async def test_nothing_of_the_host_is_changed(examine: Callable[..., Any]) -> None:
    assert eventually(lambda: "tentative" not in run("ip", "address"))

    def state() -> str:
        shown = [run("ip", *what) for what in (("address",), ("route",), ("-6", "route"), ("link",))]
        return "".join(shown) + run("sh", "-c", "cat /proc/net/igmp")

    before = state()
    await examine(WITH_PEER)
    assert state() == before


async def test_wrong_settings_are_told_beside_what_can_be_said_of_the_host(examine: Callable[..., Any]) -> None:
    report = await examine({"DOCKER_NODE_HOSTNAME": "float", "KEEPALIVED_ROUTER_ID": "256"})
    assert report["exit_code"] == 2
    assert [verdict for verdict, _ in of(report, "settings")] == ["failure", "failure"]
    assert [verdict for verdict, _ in of(report, "capabilities")] == ["ok"]
    assert [verdict for verdict, _ in of(report, "virtual-ip")] == ["unknown"]


async def test_an_interface_that_is_not_there_is_told(examine: Callable[..., Any]) -> None:
    report = await examine({**SETTINGS, "KEEPALIVED_INTERFACE": "eth7"})
    ((verdict, text),) = of(report, "interface")
    assert (verdict, "'eth7'" in text) == ("failure", True)
    assert [verdict for verdict, _ in of(report, "vrid")] == ["unknown"]


async def test_settings_on_the_command_line_are_taken_as_the_float_alone_takes_them(
    examine: Callable[..., Any],
) -> None:
    words = ("--vrid", "9", "eth0", "100", "192.0.2.100/32/eth0")
    report = await examine({"DOCKER_NODE_HOSTNAME": "float"}, words=words)
    assert "VRID 9 for 192.0.2.100 by VRRPv2" in of(report, "settings")[0][1]


async def test_a_float_under_an_anchor_that_runs_nothing_says_so(examine: Callable[..., Any]) -> None:
    env = {"DOCKER_NODE_HOSTNAME": "float", "KEEPALIVED_LINK_TOKEN": "a" * 64}
    assert [verdict for verdict, _ in of(await examine(env), "settings")] == ["failure"]


async def test_a_running_float_is_examined_with_the_spec_that_runs(examine: Callable[..., Any]) -> None:
    run("ip", "address", "add", "192.0.2.100/32", "dev", "eth0")
    report = await examine({"KEEPALIVED_LINK_TOKEN": "a" * 64}, status=STATUS)
    assert of(report, "virtual-ip") == [("ok", "192.0.2.100: held by this node, and nobody else answers for it")]
    assert of(report, "settings") == [("ok", "the spec that runs: VRID 78 for 192.0.2.100 by VRRPv3, unicast")]


STATUS = FloatStatus(
    version="1",
    hostname="float",
    container_id="c",
    boot_id="b",
    monotonic=0.0,
    written_at=0.0,
    started_at=0.0,
    keepalived="RUNNING",
    link=LinkStatus(up=True, since=0.0),
    virtual_routers=(
        RouterStatus(
            name="VI_1",
            vrid=78,
            state=VrrpState.MASTER,
            since=0.0,
            interface="eth0",
            priority_base=254,
            priority_effective=254,
            advert_interval=0.1,
            transport=Transport.UNICAST,
            virtual_ips=(VipStatus(address="192.0.2.100/32", interface="eth0", present=True),),
            peers=(PeerStatus(address="192.0.2.1"),),
        ),
    ),
)
