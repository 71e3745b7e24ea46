"""Which addresses of the host are ours to remove: recorded ones, and the spec's own with keepalived's mark."""

from __future__ import annotations

from pathlib import Path

import pytest

from float.guard import Watched
from float.ownership import OwnershipRecord, left_behind
from tests.unit.float_samples import address, host, ips

SPEC = ips("192.0.2.100")
NOTHING = ips()


def test_a_recorded_address_is_left_behind_whatever_its_prefix_and_device() -> None:
    stray, wide = address("192.0.2.50/32", "eth1"), address("192.0.2.50/24")
    assert left_behind(host(stray, wide), spec=SPEC, recorded=ips("192.0.2.50")) == (stray, wide)


def test_a_marked_address_of_the_spec_is_left_behind_even_without_a_record() -> None:
    vip = address("192.0.2.100/32", marked=True)
    assert left_behind(host(vip), spec=SPEC, recorded=NOTHING) == (vip,)


def test_an_unmarked_address_without_a_record_is_never_ours() -> None:
    assert left_behind(host(address("192.0.2.100/32")), spec=SPEC, recorded=NOTHING) == ()


def test_the_vip_of_another_keepalived_on_this_host_is_never_ours() -> None:
    assert left_behind(host(address("192.0.2.9/32", marked=True)), spec=SPEC, recorded=NOTHING) == ()


def test_the_hosts_own_addresses_are_never_ours() -> None:
    assert left_behind(host(), spec=SPEC, recorded=SPEC) == ()


def test_a_record_survives_the_float(tmp_path: Path) -> None:
    OwnershipRecord(tmp_path / "owned.json", "boot").replace(ips("192.0.2.100", "2001:db8::100"))
    assert OwnershipRecord(tmp_path / "owned.json", "boot").addresses == ips("192.0.2.100", "2001:db8::100")


def test_a_record_does_not_survive_a_boot_since_no_address_does(tmp_path: Path) -> None:
    OwnershipRecord(tmp_path / "owned.json", "boot").replace(SPEC)
    assert OwnershipRecord(tmp_path / "owned.json", "next boot").addresses == NOTHING


def test_a_record_is_replaced_whole(tmp_path: Path) -> None:
    record = OwnershipRecord(tmp_path / "owned.json", "boot")
    record.replace(SPEC)
    record.replace(ips("192.0.2.101"))
    assert OwnershipRecord(tmp_path / "owned.json", "boot").addresses == ips("192.0.2.101")


def test_an_unchanged_record_is_not_written_again(tmp_path: Path) -> None:
    record = OwnershipRecord(tmp_path / "owned.json", "boot")
    record.replace(SPEC)
    (tmp_path / "owned.json").unlink()
    record.replace(SPEC)
    assert not (tmp_path / "owned.json").exists()


def test_a_record_that_cannot_be_written_raises_and_claims_nothing(tmp_path: Path) -> None:
    record = OwnershipRecord(tmp_path / "gone" / "owned.json", "boot")
    with pytest.raises(OSError, match="No such file"):
        record.replace(SPEC)
    assert record.addresses == NOTHING


def test_a_missing_record_is_nothing_to_talk_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert OwnershipRecord(tmp_path / "owned.json", "boot").addresses == NOTHING
    assert caplog.messages == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"boot_id": "boot"}',
        '{"boot_id": "boot", "addresses": ["x"]}',
        "\udcff",
        "[" * 100_000,
    ],
)
def test_a_broken_record_is_begun_anew_and_said(text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "owned.json").write_bytes(text.encode(errors="surrogateescape"))
    assert OwnershipRecord(tmp_path / "owned.json", "boot").addresses == NOTHING
    assert "begun anew" in caplog.text


def test_the_routers_of_a_record_survive_the_float(tmp_path: Path) -> None:
    routers = (Watched(77, SPEC, "eth0", None, ips("192.0.2.2")), Watched(78, ips("2001:db8::100"), "eth1", "ff02::12"))
    OwnershipRecord(tmp_path / "owned.json", "boot").replace(SPEC, routers)
    assert OwnershipRecord(tmp_path / "owned.json", "boot").watched == routers


def test_a_record_of_an_older_release_names_no_routers(tmp_path: Path) -> None:
    (tmp_path / "owned.json").write_text('{"boot_id": "boot", "addresses": ["192.0.2.100"]}')
    record = OwnershipRecord(tmp_path / "owned.json", "boot")
    assert (record.addresses, record.watched) == (SPEC, ())


def test_a_record_that_cannot_be_written_holds_for_this_float_is_said_once_and_catches_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "full"
    record = OwnershipRecord(folder / "owned.json", "boot")
    record.remember(SPEC)
    record.catch_up()
    assert record.addresses == SPEC
    assert len(caplog.messages) == 1
    folder.mkdir()
    record.catch_up()
    assert OwnershipRecord(folder / "owned.json", "boot").addresses == SPEC
