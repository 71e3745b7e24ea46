"""A virtual IP for any service: it comes and goes with the label, follows the tasks, and a clash harms nobody else."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.lab.cluster import Lab
from tests.lab.processes import marked_environment
from tests.lab.segment import BRIDGE
from tests.lab.shell import run, wait_until
from tests.swarm import user_services
from tests.swarm.audit import SLACK
from tests.swarm.moves import moved
from tests.swarm.rollout import roll_out
from tests.swarm.user_services import label, longest_silence, routers, service, tasks, told, wait_gone, wait_running

pytestmark = pytest.mark.swarm

ONE_A_NODE = ("--mode", "global")
PROMISED = 2.0
"""Seconds in which a virtual IP stands after its label, and is gone after it."""

OWN_VRID = 77
MANY = 40
MANY_SLACK = 6.0
"""Seconds more for so many at once, on three hosts that share two cores: several examinations and rounds of asking."""

FOREIGN_ROUTER = """
import socket, sys, time
sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
while True:
    sender.sendto(bytes([0x31, int(sys.argv[2]), 100, 1, 0, 100, 0, 0, 192, 0, 2, 1]), ("224.0.0.18", 0))
    time.sleep(0.5)
"""
"""Adverts as of RFC 9568, section 5.2."""


def test_a_label_brings_a_virtual_ip_and_takes_it_away_and_the_stacks_own_loses_no_advert(
    lab: Lab, tmp_path: Path
) -> None:
    address = user_services.vip(lab, 50)
    with service(lab, "web", *ONE_A_NODE) as web:
        with lab.watch_addresses() as watch, lab.capture("ip proto 112", tmp_path / "vrrp") as pcap:
            labelled = label(lab, web, "--label-add", f"keepalived.vip={address}")
            lab.wait_holder(address, timeout=10)
            came = watch.changes(address)[0].when
            wait_until(lambda: all("web" in routers(lab, host) for host in lab.hosts), 5, "all buoys to show it")
            named = [routers(lab, host)["web"] for host in lab.hosts]
            unlabelled = label(lab, web, "--label-rm", "keepalived.vip")
            gone = wait_gone(lab, address, timeout=10)

        assert came - labelled <= PROMISED + SLACK
        assert gone - unlabelled <= PROMISED + SLACK
        assert {router["vrid"] for router in named} == {50}
        assert moved(lab, watch) == []
        assert watch.overlaps(address) == []
        assert longest_silence(pcap, OWN_VRID) < 0.3


def test_the_virtual_ip_follows_the_task_when_it_is_killed_unhealthy_or_scaled_away(lab: Lab) -> None:
    address = user_services.vip(lab, 51)
    options = ("--replicas", "2", "--replicas-max-per-node", "1", "--label", f"keepalived.vip={address}")
    with service(lab, "api", *options, "--label", "keepalived.track=local", health=True) as api:
        wait_running(lab, api, 2)
        first = lab.wait_holder(address, timeout=20)
        assert first in tasks(lab, api)

        with lab.watch_addresses() as watch:
            lab.host(first).docker("exec", tasks(lab, api)[first], "rm", "/tmp/healthy")
            wait_until(lambda: lab.holders(address) not in ([], [first]), 10, "another holder", interval=0.02)
            second = lab.wait_holder(address, timeout=5)
            absences = watch.absences(address)
        assert sum(length for _, length in absences) < 0.3

        lab.host(second).docker("kill", tasks(lab, api)[second])
        wait_until(lambda: lab.holders(address) != [second], 10, f"{second} to give it up", interval=0.02)

        lab.ask_swarm("service", "scale", "--detach", f"{api}=0")
        wait_gone(lab, address, timeout=20)
        reasons = [str(routers(lab, host)["api"]["reason"]) for host in lab.hosts]
        assert all("service:api: no task of api" in reason for reason in reasons), reasons
        assert lab.http("h1", "/cluster")[0] == 200


def test_services_that_ask_for_what_is_taken_are_refused_alone_and_every_node_says_why(lab: Lab) -> None:
    taken, free, stranger, other = lab.vip, *(user_services.vip(lab, number) for number in (52, 53, 54))
    with _a_host_with(lab, stranger), _a_foreign_router(lab, 99), lab.watch_addresses() as watch:
        with (
            service(lab, "good", *ONE_A_NODE, "--label", f"keepalived.vip={free}"),
            service(lab, "late", *ONE_A_NODE, "--label", f"keepalived.vip={free}"),
            service(lab, "greedy", *ONE_A_NODE, "--label", f"keepalived.vip={taken}"),
            service(lab, "abroad", *ONE_A_NODE, "--label", "keepalived.vip=198.51.100.7"),
            service(lab, "rival", *ONE_A_NODE, "--label", f"keepalived.vip={stranger}"),
            service(lab, "foreign", *ONE_A_NODE, "--label", f"keepalived.vip={other}", "--label", "keepalived.vrid=99"),
            service(lab, "typo", *ONE_A_NODE, "--label", "keepalived.vip=10.0.0.300"),
        ):
            lab.wait_holder(free, timeout=15)
            expected = [
                f"Service late: label keepalived.vip={free} is refused: {free} belongs to service good",
                f"Service greedy: label keepalived.vip={taken} is refused: {taken} belongs to the stack itself",
                "Service abroad: label keepalived.vip=198.51.100.7 is refused: virtual IP 198.51.100.7/32: no subnet",
                f"Service rival: label keepalived.vip={stranger} is refused: {stranger} is in use",
                f"Service foreign: label keepalived.vip={other} is refused: VRID 99 is advertised by",
                "Service typo: label keepalived.vip=10.0.0.300 is refused",
            ]
            for host in lab.hosts:
                wait_until(partial(_all_told, lab, host, expected), 10, f"{host} to say all of {expected}")
                assert set(routers(lab, host)) == {"VI_1", "good"}
        assert watch.changes(stranger) == []
        assert moved(lab, watch) == []


def test_the_stacks_own_virtual_ip_stays_with_a_tracked_service(lab: Lab) -> None:
    with service(lab, "proxy", "--replicas", "2", "--replicas-max-per-node", "1") as proxy:
        wait_running(lab, proxy, 2)
        assert roll_out(lab, KEEPALIVED_TRACK_SERVICES="proxy") == []
        holder = lab.wait_holder()
        assert holder in tasks(lab, proxy)
        with lab.gap_client() as client:
            lab.host(holder).docker("stop", "--time", "2", tasks(lab, proxy)[holder])
            wait_until(lambda: lab.holders() not in ([], [holder]), 10, "another holder", interval=0.02)
            report = client.report()
        assert report.max_gap < 0.3, report.sentence()
        assert lab.wait_holder() in tasks(lab, proxy)


def test_many_services_that_come_at_once_have_their_virtual_routers_on_all_managers_and_move_nothing(
    lab: Lab, tmp_path: Path
) -> None:
    labels = {
        f"s{vrid}": {"keepalived.vip": f"172.31.0.{vrid}/32@eth0", "keepalived.vrid": str(vrid)}
        for vrid in range(101, 101 + MANY)
    }
    with (
        lab.watch_addresses() as watch,
        lab.capture(f"ip proto 112 and ip[21] = {OWN_VRID}", tmp_path / "vrrp") as pcap,
    ):
        with user_services.idle_services(lab, "many", labels) as created:
            wanted = {"VI_1", *(f"many_{name}" for name in labels)}
            for host in lab.hosts:
                wait_until(partial(_take_part, lab, host, wanted), 30, f"{host} to run {MANY} routers", interval=0.1)
            taken = time.monotonic() - created
        assert taken <= PROMISED + MANY_SLACK, f"{taken:.1f} s after the last label"
        assert moved(lab, watch) == []
    assert longest_silence(pcap, OWN_VRID) < 0.3


def test_the_virtual_ip_stays_with_the_service_through_an_update_and_a_drain(lab: Lab) -> None:
    address = user_services.vip(lab, 57)
    tracked = ("--label", f"keepalived.vip={address}", "--label", "keepalived.track=local")
    paced = ("--update-delay", "2s", "--update-order", "stop-first")
    with service(lab, "app", *ONE_A_NODE, *tracked, *paced) as app, lab.watch_addresses() as watch:
        wait_running(lab, app, 3)
        lab.wait_holder(address, timeout=20)
        ids = set(tasks(lab, app).values())
        with lab.gap_client(address) as client:
            lab.ask_swarm("service", "update", "--detach", "--no-resolve-image", "--force", app)
            wait_until(lambda: not ids & set(tasks(lab, app).values()), 60, "the update of all three", interval=0.2)
            wait_running(lab, app, 3)
            drained = lab.wait_holder(address)
            lab.drain(drained)
            wait_until(lambda: lab.holders(address) not in ([], [drained]), 30, "another holder", interval=0.02)
            report = client.report()
        assert report.max_gap < 0.3, report.sentence()
        assert sum(length for _, length in watch.absences(address)) < 0.5
        assert lab.wait_holder(address) in tasks(lab, app)


def test_a_service_chooses_its_interval_and_that_it_preempts_within_the_addresses_that_are_allowed(
    lab: Lab, tmp_path: Path
) -> None:
    allowed, address, outside = f"{user_services.vip(lab, 48)}/28", *(user_services.vip(lab, n) for n in (60, 120))
    chosen = ("--label", "keepalived.advert-interval=0.05", "--label", "keepalived.preempt=true")
    assert roll_out(lab, KEEPALIVED_SERVICE_VIPS=allowed) == []
    with (
        service(lab, "quick", *ONE_A_NODE, "--label", f"keepalived.vip={address}", *chosen),
        service(lab, "far", *ONE_A_NODE, "--label", f"keepalived.vip={outside}"),
    ):
        refused = f"{outside} is outside KEEPALIVED_SERVICE_VIPS={allowed}"
        for host in lab.hosts:
            wait_until(partial(told, lab, host, refused), 20, f"{host} to say {refused}")
        lab.wait_holder(address, timeout=20)
        assert lab.holders(outside) == []
        with lab.capture("ip proto 112 and ip[21] = 60", tmp_path / "vrrp") as pcap:
            time.sleep(3)
        best = lab.wait_holder(address)  # by now, whoever was ready first
        intervals = user_services.silences(pcap, 60)
        assert statistics.median(intervals) == pytest.approx(0.05, abs=0.01)

        lab.unplug(best)
        wait_until(lambda: lab.holders(address) not in ([], [best]), 10, "another holder", interval=0.02)
        others = lab.wait_holder()
        assert others != best
        lab.plug(best)
        wait_until(lambda: lab.holders(address) == [best], 20, f"{best} to have {address} back")
        assert lab.wait_holder() == others


def test_a_float_that_starts_anew_backs_an_ipv6_only_service_that_a_peer_holds(lab: Lab) -> None:
    with service(lab, "six", "--replicas", "0", "--label", "keepalived.vip=fd88::50") as six:
        holder = lab.wait_holder("fd88::50", timeout=20)
        other = next(host for host in lab.hosts if host != holder)
        wait_until(lambda: six in user_services.taking_part(lab, other), 10, f"{other} to run it")
        before = lab.float_container(other).id
        lab.kill_float(other)
        wait_until(lambda: _float_besides(lab, other, before), 30, "another float")
        wait_until(lambda: six in user_services.taking_part(lab, other), 20, f"{other} to run it again")
        assert lab.holders("fd88::50") == [holder]
        assert not told(lab, other, "Service six")


def _float_besides(lab: Lab, host: str, before: str) -> bool:
    return any(found.running and found.id != before for found in lab.floats(host))


def _take_part(lab: Lab, host: str, wanted: set[str]) -> bool:
    return wanted <= user_services.taking_part(lab, host)


def _all_told(lab: Lab, host: str, sentences: list[str]) -> bool:
    return all(told(lab, host, sentence) for sentence in sentences)


@contextmanager
def _a_foreign_router(lab: Lab, vrid: int) -> Iterator[None]:
    """Another VRRP router in the LAN, which advertises that VRID by multicast."""
    program = [sys.executable, "-c", FOREIGN_ROUTER, str(lab.plan.gateway), str(vrid)]
    with subprocess.Popen(
        ["ip", "netns", "exec", lab.plan.lan_namespace, *program], cwd="/", env=marked_environment(lab.plan.name)
    ) as router:
        try:
            yield
        finally:
            router.terminate()


@contextmanager
def _a_host_with(lab: Lab, address: str) -> Iterator[None]:
    """The LAN's own host has the address beside its own."""
    ip = ["ip", "-n", lab.plan.lan_namespace, "addr"]
    run([*ip, "add", f"{address}/32", "dev", BRIDGE])
    try:
        yield
    finally:
        run([*ip, "del", f"{address}/32", "dev", BRIDGE])
