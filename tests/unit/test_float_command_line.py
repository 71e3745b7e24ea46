"""What people type, and what they read."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from float.command_line import Command, ask_handover, parse_arguments, print_status
from float.status_table import describe
from shared.clock import boot_id
from shared.models import Condition, VrrpState
from shared.status import FloatStatus, ForeignClaim, ForeignRouter, LinkStatus, PeerStatus, RouterStatus, VipStatus
from shared.status_file import write_status

STATUS = FloatStatus(
    version="1.0",
    hostname="manager-1",
    container_id="c",
    boot_id=boot_id(),
    monotonic=time.monotonic(),
    written_at=1_700_000_000.0,
    started_at=1_700_000_000.0,
    keepalived="RUNNING",
    keepalived_version="2.3.3",
    link=LinkStatus(up=True, since=1_700_000_000.0),
    conditions=(
        Condition(name="link", ok=True, reason="the anchor answers"),
        Condition(name="check:port", ok=False, reason="nothing listens on 443"),
    ),
    virtual_routers=(
        RouterStatus(
            name="VI_1",
            vrid=77,
            state=VrrpState.MASTER,
            since=1_700_000_000.0,
            reason="no other node advertises",
            interface="eth0",
            priority_base=254,
            priority_effective=49,
            advert_interval=0.1,
            virtual_ips=(
                VipStatus(address="192.0.2.100/32", interface="eth0", present=True),
                VipStatus(address="192.0.2.101/32", interface="eth0", present=False),
            ),
            peers=(PeerStatus(address="192.0.2.2", hostname="manager-2", priority=229),),
        ),
    ),
)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], Command("run")),
        (["run"], Command("run")),
        (["handover"], Command("handover")),
        (["status"], Command("status")),
        (["status", "--json"], Command("status", as_json=True)),
    ],
)
def test_the_words_that_the_float_understands(arguments: list[str], command: Command) -> None:
    assert parse_arguments(arguments) == command


@pytest.mark.parametrize("arguments", [["run", "--json"], ["status", "now"], ["handover", "h2"]])
def test_a_wrong_command_line_ends_with_2_and_a_usage_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse_arguments(arguments)
    assert end.value.code == 2
    assert "usage: float" in capsys.readouterr().err


def test_the_status_is_a_table_for_people() -> None:
    assert describe(STATUS).splitlines() == [
        "manager-1: keepalived 2.3.3 RUNNING, link up",
        "",
        "ROUTER  VRID  STATE   SINCE (UTC)          PRIORITY           INTERFACE  WHY",
        "VI_1    77    MASTER  2023-11-14 22:13:20  49 (healthy: 254)  eth0       no other node advertises",
        "",
        "VIRTUAL IP      ROUTER  INTERFACE  HERE",
        "192.0.2.100/32  VI_1    eth0       yes",
        "192.0.2.101/32  VI_1    eth0       no",
        "",
        "PEER       ROUTER  NODE       PRIORITY",
        "192.0.2.2  VI_1    manager-2  229",
        "",
        "CONDITION   HOLDS  STRENGTH  REASON",
        "link        yes    prefer    the anchor answers",
        "check:port  NO     prefer    nothing listens on 443",
    ]


def test_a_router_that_a_condition_forbids_says_so_and_warnings_stand_last() -> None:
    router = STATUS.virtual_routers[0].model_copy(update={"state": VrrpState.FAULT, "allowed": False})
    told = describe(STATUS.model_copy(update={"virtual_routers": (router,), "warnings": ("doctor: NetworkManager",)}))
    assert "FAULT (forbidden)" in told
    assert told.splitlines()[-1] == "WARNING  doctor: NetworkManager"


def test_strangers_and_floods_are_warnings_too() -> None:
    foreign = ForeignRouter(address="192.0.2.66", version=2, priority=255)
    claim = ForeignClaim(virtual_ip="192.0.2.100", mac="02:00:00:00:00:66", interface="eth0")
    router = STATUS.virtual_routers[0].model_copy(update={"foreign_routers": (foreign,), "foreign_claims": (claim,)})
    told = describe(STATUS.model_copy(update={"virtual_routers": (router,), "flood": "more packets come"}))
    assert told.splitlines()[-3:] == [
        "WARNING  192.0.2.66 advertises VRID 77 (VRRPv2, priority 255); keepalived does not listen to it",
        "WARNING  02:00:00:00:00:66, which is no peer, claims 192.0.2.100 on eth0",
        "WARNING  more packets come",
    ]


def test_a_float_alone_has_no_link_to_lose() -> None:
    alone = STATUS.model_copy(update={"alone": True, "link": LinkStatus(up=False, since=0.0)})
    assert describe(alone).splitlines()[0] == "manager-1: keepalived 2.3.3 RUNNING, alone"


def test_a_lost_link_stands_out_in_the_table() -> None:
    alone = STATUS.model_copy(update={"link": LinkStatus(up=False, since=0.0)})
    assert describe(alone).splitlines()[0] == "manager-1: keepalived 2.3.3 RUNNING, link DOWN"


def test_a_fresh_status_is_printed_and_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_status(tmp_path, STATUS.model_copy(update={"monotonic": time.monotonic()}))
    assert print_status(as_json=False, folder=tmp_path) == 0
    assert "MASTER" in capsys.readouterr().out


def test_the_status_as_json_is_the_file_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fresh = STATUS.model_copy(update={"monotonic": time.monotonic()})
    write_status(tmp_path, fresh)
    assert print_status(as_json=True, folder=tmp_path) == 0
    assert json.loads(capsys.readouterr().out) == fresh.model_dump(mode="json")


@pytest.mark.parametrize(
    "update", [{"monotonic": time.monotonic() - 60.0}, {"boot_id": "another boot"}], ids=["old", "other boot"]
)
def test_a_stale_status_is_printed_and_bad(
    update: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_status(tmp_path, STATUS.model_copy(update={"monotonic": time.monotonic(), **update}))
    assert print_status(as_json=False, folder=tmp_path) == 1
    assert "MASTER" in capsys.readouterr().out


def test_a_float_that_never_reported_is_bad(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_status(as_json=False, folder=tmp_path) == 1
    assert capsys.readouterr().err == "no status yet\n"


@pytest.mark.parametrize("pid", ["", "none", "999999999"])
def test_a_handover_without_a_supervisor_fails(pid: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "supervisor.pid").write_text(pid)
    assert ask_handover(tmp_path / "supervisor.pid", tmp_path) == 1
    assert "the supervisor cannot be asked" in capsys.readouterr().err


def test_a_node_that_holds_nothing_is_not_asked_to_hand_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = 999_999_999  # asking it would fail
    (tmp_path / "supervisor.pid").write_text(str(nobody))
    backup = STATUS.virtual_routers[0].model_copy(update={"state": VrrpState.BACKUP})
    fresh = STATUS.model_copy(update={"monotonic": time.monotonic(), "virtual_routers": (backup,)})
    write_status(tmp_path, fresh)
    assert ask_handover(tmp_path / "supervisor.pid", tmp_path) == 0
    assert capsys.readouterr().out == "this node holds no virtual IP\n"


def test_the_doctor_takes_the_words_of_the_float_alone_and_asks_for_data_anywhere_among_them() -> None:
    assert parse_arguments(["doctor"]) == Command("doctor")
    wanted = Command("doctor", as_json=True, words=("eth0", "100", "192.0.2.100/32/eth0"))
    assert parse_arguments(["doctor", "eth0", "--json", "100", "192.0.2.100/32/eth0"]) == wanted
