"""What the audits make of addresses, rosters, captures and processes."""

from __future__ import annotations

import json
import struct
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.campaign import addresses, engines, leaks, parts, roster, tally, wire
from tests.campaign.campaign import longest_overlap
from tests.campaign.leaks import Usage
from tests.campaign.roster import Instance, Manager
from tests.lab.address_watch import Change

VIP, OWN = "10.90.0.100", ("10.90.0.11", "fd88::11")
MANAGERS = [
    Manager("h1", "2026-01-01T10:00:02Z", "10.90.0.11"),
    Manager("h2", "2026-01-01T10:00:01Z", "10.90.0.12"),
    Manager("h3", "2026-01-01T10:00:03Z", "10.90.0.13"),
]
CONF = """\
vrrp_instance vip {
    state BACKUP
    nopreempt
    priority 229
    unicast_src_ip 10.90.0.11
    unicast_peer {
        10.90.0.12 min_ttl 255 max_ttl 255
        10.90.0.13 min_ttl 255 max_ttl 255
    }
}
"""


def shown(*entries: tuple[str, str, int]) -> str:
    links = [{"ifname": nic, "addr_info": [{"local": ip, "valid_life_time": left}]} for nic, ip, left in entries]
    return json.dumps(links)


def found(*entries: tuple[str, str, int]) -> list[str]:
    return addresses.troubles("h1", addresses.parse(shown(*entries)), own=OWN, vips=[VIP], nic="eth0")


def test_own_addresses_and_a_leased_vip_are_right() -> None:
    own = [("eth0", address, addresses.FOREVER) for address in (*OWN, "fe80::1")]

    assert found(*own, ("eth0", VIP, 3), ("docker0", "172.17.0.1", addresses.FOREVER)) == []


def test_an_address_left_behind_is_told() -> None:
    assert found(("eth0", "10.90.0.101", 2)) == ["h1: 10.90.0.101 was left on eth0"]


def test_a_vip_without_a_lease_is_told() -> None:
    assert found(("eth0", VIP, addresses.FOREVER)) == [f"h1: {VIP} has no lease (valid for ever s)"]


def test_the_roster_steps_down_in_the_order_of_joining() -> None:
    assert {name: instance.priority for name, instance in roster.expected(MANAGERS).items()} == {
        "h2": 254,
        "h1": 229,
        "h3": 204,
    }


def test_a_keepalived_conf_as_the_roster_says_is_right() -> None:
    assert roster.troubles(roster.expected(MANAGERS), {"h1": CONF}) == []


def test_a_missing_peer_is_told() -> None:
    lacking = CONF.replace("        10.90.0.13 min_ttl 255 max_ttl 255\n", "")

    assert roster.troubles(roster.expected(MANAGERS), {"h1": lacking}) == [
        "h1: keepalived.conf says priority 229, peers 10.90.0.12, nopreempt, "
        "the roster priority 229, peers 10.90.0.12 10.90.0.13, nopreempt"
    ]


def test_a_conf_that_preempts_still_is_told() -> None:
    assert roster.parse(CONF.replace("    nopreempt\n", "")) == Instance(
        229, frozenset({"10.90.0.12", "10.90.0.13"}), nopreempt=False
    )


def packet(when: float, source: bytes, priority: int, vrid: int = 77) -> bytes:
    ip = bytes([0x45, 0, 0, 28, 0, 0, 0, 0, 255, 112, 0, 0]) + source + bytes([10, 90, 0, 12])
    frame = bytes(12) + b"\x08\x00" + ip + bytes([0x31, vrid, priority, 1, 0, 10, 0, 0])
    return struct.pack("<IIII", int(when), 0, len(frame), len(frame)) + frame


HEADER = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
H1, H2 = bytes([10, 90, 0, 11]), bytes([10, 90, 0, 12])


def test_adverts_are_read_from_a_capture_that_still_grows() -> None:
    capture = HEADER + packet(1, H1, 254) + packet(2, H2, 0) + packet(3, H1, 254)[:-3]

    assert list(wire.adverts(capture)) == [wire.Advert(1, "10.90.0.11", 77, 254), wire.Advert(2, "10.90.0.12", 77, 0)]


def test_a_second_advertiser_is_told_and_an_old_one_is_not() -> None:
    seen = list(wire.adverts(HEADER + packet(1, H2, 229) + packet(5, H1, 254) + packet(6, H2, 229)))

    assert wire.troubles(seen[:2], since=4, vrid=77, holder="10.90.0.11") == []
    assert wire.troubles(seen, since=4, vrid=77, holder="10.90.0.11") == [
        "adverts of 10.90.0.11, 10.90.0.12 are on the wire, and 10.90.0.11 has the VIP"
    ]


def test_silence_is_told() -> None:
    assert wire.troubles([], since=0, vrid=77, holder="10.90.0.11") == [
        "adverts of nobody are on the wire, and 10.90.0.11 has the VIP"
    ]


def test_one_more_process_than_at_first_leaked() -> None:
    before, now = Counter({("float", "keepalived"): 2}), Counter({("float", "keepalived"): 3})

    assert leaks.count_troubles("h1", before, before) == []
    assert leaks.count_troubles("h1", before, now) == ["h1: the float has 3 processes keepalived, it had 2"]


def test_memory_may_breathe_but_not_grow() -> None:
    before = {"float": Usage(20 << 20, 20)}

    assert leaks.usage_troubles("h1", before, {"float": Usage(25 << 20, 25)}) == []
    assert leaks.usage_troubles("h1", before, {"float": Usage(40 << 20, 60)}) == [
        "h1: the float takes 40 MiB, it took 20 MiB",
        "h1: the float has 60 open files, it had 20",
    ]


def test_one_float_one_task_of_each_service_and_the_swarms_history_are_right() -> None:
    history = [(f"old-{number}", "exited", "buoy") for number in range(leaks.HISTORY)]

    assert leaks.container_troubles("h1", [("float", "running", ""), ("new", "running", "buoy"), *history]) == []


def test_a_container_that_nobody_removes_is_told() -> None:
    history = [(f"old-{number}", "exited", "buoy") for number in range(leaks.HISTORY + 1)]

    assert leaks.container_troubles("h1", [("old", "exited", "")]) == ["h1: the container old was left behind"]
    assert leaks.container_troubles("h1", history) == ["h1: 7 ended containers of buoy are kept"]
    assert leaks.container_troubles("h1", [("a", "running", "buoy"), ("b", "running", "buoy")]) == [
        "h1: 2 containers of buoy run"
    ]


def test_a_namespace_more_than_at_first_leaked() -> None:
    assert leaks.namespace_troubles("h1", {"net": 3, "shim": 3}, {"net": 3, "shim": 2}) == []
    assert leaks.namespace_troubles("h1", {"net": 3}, {"net": 4}) == [
        "h1: 4 of the kind net are in use, at first 3",
    ]


def test_two_holders_count_from_the_moment_at_which_they_can_hear_each_other() -> None:
    moves = [(0, "h1", True), (2, "h2", True), (9, "h1", False)]
    changes = [Change(when, host, VIP, present=present) for when, host, present in moves]

    assert longest_overlap(changes, since=0, until=10) == 7
    assert longest_overlap(changes, since=8.75, until=10) == 0.25
    assert longest_overlap(changes, since=9.5, until=10) == 0


def test_a_health_probe_is_no_leak() -> None:
    def process(command: str) -> parts.Process:
        return parts.Process(1, 0, command, "S", "float", 0.0, 0, 0, 0.0, Path("/"))

    assert parts.census([process("tini"), process("healthcheck"), process("sleep")]) == {("float", "tini"): 1}


def test_only_an_engine_that_keeps_what_a_dead_task_had_is_stuck() -> None:
    lines = [
        "h1|Running 2 minutes ago|",
        "h1|Failed 3 minutes ago|Bind for 0.0.0.0:8082 failed: port is already allocated",
        "h2|Failed 1 second ago|Bind for 0.0.0.0:8082 failed: port is already allocated",
        "h3|Failed 1 second ago|task: non-zero exit (1)",
        "h4|Rejected 1 second ago|subnet sandbox join failed: error creating vxlan interface: file exists",
    ]

    assert engines.stuck(lines) == ["h2", "h4"]


def a_task(began: str, *, state: str = "running", desired: str = "running") -> dict[str, Any]:
    return {"DesiredState": desired, "Status": {"State": state, "Timestamp": f"2026-11-28T{began}.061064474Z"}}


def test_only_an_update_whose_tasks_all_run_and_stay_is_stalled() -> None:
    now = datetime(2026, 11, 28, 12, 5, tzinfo=UTC)
    updating = {"UpdateStatus": {"State": "updating"}}
    one, other = a_task("12:01:00"), a_task("12:03:50")
    ended = a_task("12:04:59", state="shutdown", desired="shutdown")
    assert engines.is_stalled(updating, [one, other, ended], nodes=2, now=now)
    assert not engines.is_stalled(updating, [one, a_task("12:04:10")], nodes=2, now=now)
    assert not engines.is_stalled(updating, [one], nodes=2, now=now)
    assert not engines.is_stalled(updating, [one, a_task("12:01:00", state="preparing")], nodes=2, now=now)
    assert not engines.is_stalled({"UpdateStatus": {"State": "completed"}}, [one, other], nodes=2, now=now)
    assert not engines.is_stalled({}, [one, other], nodes=2, now=now)


def test_logs_are_told_by_the_rounds_at_first_and_at_last() -> None:
    rounds = [Counter(float=1024 * kib, anchor=512) for kib in (1, 9, 9, 3)]
    assert tally.logs(rounds).endswith("anchor 0.5 to 0.5 KiB, float 1.0 to 3.0 KiB")


def test_usage_is_told_with_memory_and_files() -> None:
    told = tally.usage({"float": Usage(20 << 20, 15)}, {"float": Usage(21 << 20, 15)})
    assert told.endswith("float 20.0 to 21.0 MiB and 15 to 15 files")
