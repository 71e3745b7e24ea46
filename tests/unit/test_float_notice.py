"""keepalived's notify lines, as its 2.2.7 and 2.3.3 write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from float.notice import Notice, parse_line
from shared.models import VrrpState


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("MASTER", VrrpState.MASTER),
        ("BACKUP", VrrpState.BACKUP),
        ("FAULT", VrrpState.FAULT),
        ("STOP", VrrpState.INIT),
    ],
)
def test_each_state_has_its_word(word: str, state: VrrpState) -> None:
    assert parse_line(f'INSTANCE "VI_1" {word} 254') == Notice("VI_1", state, 254)


def test_the_end_of_the_line_does_not_matter() -> None:
    assert parse_line('INSTANCE "VI_1" MASTER 254\n') == Notice("VI_1", VrrpState.MASTER, 254)


@pytest.mark.parametrize("name", ["web", "web.1-a_b", "x" * 64])
def test_every_name_that_a_router_can_have_is_read(name: str) -> None:
    assert parse_line(f'INSTANCE "{name}" BACKUP 50') == Notice(name, VrrpState.BACKUP, 50)


@pytest.mark.parametrize(
    "line",
    [
        "",
        'INSTANCE "VI_1" DELETED 254',
        'GROUP "G" MASTER 0',
        'INSTANCE "V" MASTER_RX_LOWER_PRI 200',
        'INSTANCE "V" MASTER_PRIORITY 200',
        'INSTANCE "V" BACKUP_PRIORITY 200',
        'INSTANCE "V" MASTER',
        'INSTANCE "V MASTER 200',
        'NSTANCE "V" MASTER 200',
    ],
)
def test_what_is_no_change_of_state_is_ignored(line: str) -> None:
    assert parse_line(line) is None


@given(st.text())
def test_no_line_can_stop_the_float(line: str) -> None:
    notice = parse_line(line)
    assert notice is None or notice.state in VrrpState
